//! Identifiers. Each is its own type, so that a session cannot be passed where a user is meant.

use std::fmt;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that was just made or read back.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A user: UUIDv7, never used again after the account is gone.
    UserId
}
id! {
    /// A session, UUIDv7; the `sid` claim of its access tokens.
    SessionId
}
id! {
    /// One mailed password reset.
    ResetId
}
id! {
    /// One mail in the outbox; also the stable part of its Message-ID.
    OutboxId
}
id! {
    /// One proof of a mailbox that is asked for: the mail order that asks.
    VerificationId
}
id! {
    /// One row of the audit log.
    EventId
}
id! {
    /// An API key of an application; the same for each of its secrets.
    ApiKeyId
}
