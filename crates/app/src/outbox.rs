//! Mails that are owed. An order goes into the outbox in the same write as the change that causes it; the
//! worker turns it into a mail later, as often as it takes.

pub use crate::mail_subject::{MailSubject, Notice, SignInNotice};
use domain::ids::OutboxId;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use std::time::Duration;

/// A mail that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOrder {
    /// The namespace it belongs to.
    pub namespace: NamespaceName,
    /// The language to write it in.
    pub locale: Locale,
    /// What it is about.
    pub subject: MailSubject,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Waiting for its next attempt.
    Pending,
    /// Accepted by the mail server, or found to be owed to nobody.
    Sent,
    /// Given up; only an operator's `outbox retry` moves it.
    Dead,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Sent, Self::Dead];

    /// The stored and printed name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    /// The state of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A row of the outbox, as the command line shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// The order.
    pub order: MailOrder,
    /// Where it stands.
    pub state: MailState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When it was written.
    pub created_at: UnixMillis,
    /// When it is due next.
    pub next_attempt_at: UnixMillis,
    /// What went wrong last, without any address or token.
    pub last_error: Option<String>,
}

/// When a failed delivery is tried again and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The wait after the first failure; it doubles with each further one.
    pub base: Duration,
    /// The longest wait.
    pub cap: Duration,
    /// How many attempts there are in all.
    pub attempts_max: u32,
}

impl RetryPolicy {
    /// The wait after `attempts` failed attempts; `None` when it is time to give up.
    pub fn wait_after(&self, attempts: u32) -> Option<Duration> {
        if attempts >= self.attempts_max {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(20);
        Some(self.base.saturating_mul(1 << doublings).min(self.cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_end_at_the_last_attempt() {
        let policy =
            RetryPolicy { base: Duration::from_secs(5), cap: Duration::from_secs(30), attempts_max: 5 };
        let waits: Vec<_> = (1..=5).map(|n| policy.wait_after(n).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(5), Some(10), Some(20), Some(30), None]);
    }
}
