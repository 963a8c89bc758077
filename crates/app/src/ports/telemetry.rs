//! What is counted. No label ever says whether an account exists.

use super::limiter::Limit;

/// Something that happened often enough to be a number rather than an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// A refresh rotated its slot.
    RefreshRotated,
    /// A predecessor got its successor again.
    RefreshRegranted,
    /// A bearer credential got new access.
    RefreshExtended,
    /// A refresh was refused.
    RefreshRefused,
    /// A spent token ended a session.
    RefreshReused,
    /// A mail was accepted by the mail server.
    MailSent,
    /// A delivery failed and will be tried again.
    MailRetried,
    /// A delivery was given up.
    MailDead,
    /// The hashing queue was full.
    HashQueueFull,
    /// A limit refused somebody.
    Limited(Limit),
    /// Somebody signed in from a device that had done so before.
    KnownDevice,
}

/// Counts signals.
pub trait Telemetry: Send + Sync {
    /// Counts one.
    fn count(&self, signal: Signal);
}
