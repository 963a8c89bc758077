//! A user as every use case sees one.

use crate::email_address::EmailAddress;
use crate::ids::UserId;
use crate::namespace::NamespaceName;
use crate::time::UnixMillis;

/// Whether an account may be used. Looked at only after the password is right: the state of an account is
/// nobody else's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// May sign in.
    Active,
    /// Switched off by an operator.
    Disabled,
}

impl AccountStatus {
    /// The stored and printed name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.name() == name)
    }
}

/// How often this account's credential changed. A write that depends on a password that was read carries
/// the epoch it read, and does nothing when it has risen since. Password change, reset, disable and
/// delete raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialEpoch(pub u32);

/// A user of one namespace, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id; the `sub` claim.
    pub id: UserId,
    /// The namespace the account lives in.
    pub namespace: NamespaceName,
    /// The address that signs in.
    pub email: EmailAddress,
    /// Whether somebody proved to read this mailbox.
    pub email_verified: bool,
    /// Whether the account may be used.
    pub status: AccountStatus,
    /// How often the credential changed.
    pub credential_epoch: CredentialEpoch,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// When anything but the last sign-in changed.
    pub updated_at: UnixMillis,
    /// When the user last signed in with a password.
    pub last_sign_in_at: Option<UnixMillis>,
}
