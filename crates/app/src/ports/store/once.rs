//! Writes that happen once, however often they are asked for: each takes its record along in the same write, so that no
//! crash leaves one without the other.

use super::accounts::{AccountChange, NewAccount, SetPassword, SignUpOutcome};
use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::outbox::MailOrder;
use async_trait::async_trait;
use domain::account::CredentialEpoch;
use domain::ids::{OutboxId, SessionId, UserId};
use std::time::Duration;
use uuid::Uuid;

/// What a write is known by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// What stands for the client's key, and where it counts.
    pub key: [u8; 32],
    /// What stands for the body that it came with.
    pub body: [u8; 32],
    /// How long it is remembered.
    pub keep_for: Duration,
}

/// What was answered, without anything secret: tokens are derived again from their row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceAnswer {
    /// This account was made.
    SignedUp(UserId),
    /// The address was taken.
    EmailTaken,
    /// A mail was ordered.
    MailOrdered,
    /// The password was changed.
    PasswordChanged {
        /// The session that was to be opened next; it may not be there yet.
        session: SessionId,
        /// The epoch it has to begin with.
        epoch: CredentialEpoch,
    },
}

impl OnceAnswer {
    /// As it is stored: a name, an id, an epoch.
    pub const fn stored(self) -> (&'static str, Option<Uuid>, Option<CredentialEpoch>) {
        match self {
            Self::SignedUp(user) => ("signed_up", Some(user.uuid()), None),
            Self::EmailTaken => ("email_taken", None, None),
            Self::MailOrdered => ("mail_ordered", None, None),
            Self::PasswordChanged { session, epoch } => {
                ("password_changed", Some(session.uuid()), Some(epoch))
            }
        }
    }

    /// From what is stored; `None` if it is not one of ours.
    pub fn from_stored(name: &str, id: Option<Uuid>, epoch: Option<CredentialEpoch>) -> Option<Self> {
        Some(match name {
            "signed_up" => Self::SignedUp(UserId::new(id?)),
            "email_taken" => Self::EmailTaken,
            "mail_ordered" => Self::MailOrdered,
            "password_changed" => Self::PasswordChanged { session: SessionId::new(id?), epoch: epoch? },
            _ => return None,
        })
    }

    /// What a sign-up leaves behind. Where nobody is told that an address is taken, the id that was made up for the answer
    /// is `in_secret`, and the same is answered again.
    pub const fn of_sign_up(outcome: &SignUpOutcome, in_secret: Option<UserId>) -> Self {
        match (outcome, in_secret) {
            (SignUpOutcome::Created(user), _) => Self::SignedUp(user.id),
            (SignUpOutcome::EmailTaken, Some(id)) => Self::SignedUp(id),
            (SignUpOutcome::EmailTaken, None) => Self::EmailTaken,
        }
    }

    /// What a password change leaves behind, if it was one.
    pub const fn of_password_change(outcome: &AccountChange, session: SessionId) -> Option<Self> {
        match outcome {
            AccountChange::Done(user) => {
                Some(Self::PasswordChanged { session, epoch: user.credential_epoch })
            }
            AccountChange::Refused => None,
        }
    }
}

/// A write that has happened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OnceRecord {
    /// What stands for the body.
    pub body: [u8; 32],
    /// What was answered.
    pub answer: OnceAnswer,
}

/// What became of asking for a write.
#[derive(Clone, PartialEq, Eq)]
pub enum OnceOutcome<T> {
    /// It happened now.
    Now(T),
    /// It had happened before; nothing changed.
    Before(OnceRecord),
}

/// Writes that happen once. A record whose time is over counts as none. An outcome that changed nothing and may be
/// another the next time leaves no record.
#[async_trait]
pub trait OnceStore: Send + Sync {
    /// What happened under this key, if its time is not over.
    async fn find_once(&self, key: [u8; 32]) -> Result<Option<OnceRecord>, Fault>;
    /// `sign_up`. A taken address is remembered too.
    async fn sign_up_once(&self, new: NewAccount, once: Once) -> Result<OnceOutcome<SignUpOutcome>, Fault>;
    /// `order_mail`.
    async fn order_mail_once(
        &self,
        order: MailOrder,
        once: Once,
        audit: AuditContext,
    ) -> Result<OnceOutcome<OutboxId>, Fault>;
    /// `set_password`, with the session that is to be opened next. A refusal is not remembered.
    async fn set_password_once(
        &self,
        change: SetPassword,
        once: Once,
        session: SessionId,
    ) -> Result<OnceOutcome<AccountChange>, Fault>;
}
