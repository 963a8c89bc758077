//! The outbox: mails that are owed, leased to a worker one attempt at a time.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::outbox::{MailOrder, OutboxRow};
use async_trait::async_trait;
use domain::ids::OutboxId;
use domain::time::UnixMillis;
use std::time::Duration;

/// A mail that this worker may deliver until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMail {
    /// The order's id.
    pub id: OutboxId,
    /// The order.
    pub order: MailOrder,
    /// How many attempts were begun, this one included.
    pub attempts: u32,
    /// When the lease ends.
    pub until: UnixMillis,
}

impl ClaimedMail {
    /// What proves that a result belongs to this attempt.
    pub const fn lease(&self) -> MailLease {
        MailLease { order: self.id, attempts: self.attempts, until: self.until }
    }
}

/// One attempt at one order. A worker that was away for longer than its lease (a machine that slept, a virtual one that was moved) is
/// told by this from the one that has taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailLease {
    /// The order.
    pub order: OutboxId,
    /// Which attempt it is. An operator's retry begins to count anew.
    pub attempts: u32,
    /// When the lease ends. No two attempts with one number end at once.
    pub until: UnixMillis,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailResult {
    /// Delivered, or owed to nobody.
    Sent,
    /// To be tried again.
    Retry {
        /// How long to wait.
        wait: Duration,
        /// Whether the text may have reached the mail server.
        may_have_reached_data: bool,
        /// What went wrong, without addresses and tokens.
        reason: String,
    },
    /// Given up.
    Dead {
        /// What went wrong.
        reason: String,
    },
}

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Writes one order, with event `forgot_password` if that is what it is about.
    async fn order_mail(&self, order: MailOrder, audit: AuditContext) -> Result<OutboxId, Fault>;
    /// Leases up to `limit` due orders, those that have been due for longest first, for `lease`; counts the attempt. A lease
    /// that ends without `finish_mail` makes the order due again.
    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedMail>, Fault>;
    /// Records what became of an attempt. Of an attempt whose order another one has taken up, or that is over, nothing is recorded.
    /// Whether it was.
    async fn finish_mail(&self, lease: MailLease, result: MailResult) -> Result<bool, Fault>;
    /// How long until the next order is due, zero if one is; `None` if nothing waits.
    async fn next_mail_due(&self) -> Result<Option<Duration>, Fault>;
    /// Orders that are not sent (or all), oldest first.
    async fn list_mail(&self, with_sent: bool, limit: u32) -> Result<Vec<OutboxRow>, Fault>;
    /// Makes dead orders due again with a fresh count; all of them, or one. How many.
    async fn retry_mail(&self, only: Option<OutboxId>) -> Result<u32, Fault>;
}
