//! What keeps a store well: time, readiness, purge, backup.

use crate::audit::AuditContext;
use crate::fault::Fault;
use async_trait::async_trait;
use domain::time::UnixMillis;
use std::path::Path;
use std::time::Duration;

/// How long things are kept after they are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Sessions after their end, and resets after their expiry.
    pub sessions: Duration,
    /// Sent mail orders. (Dead ones stay until somebody looks at them.)
    pub mail: Duration,
    /// Audit events.
    pub audit: Duration,
}

/// What one purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Sessions and resets.
    pub sessions: u64,
    /// Mail orders.
    pub mail: u64,
    /// Audit events that nobody had sealed.
    pub audit: u64,
    /// Records of calls that happened once. They say themselves how long they are kept.
    pub once: u64,
}

/// What keeps a store well.
#[async_trait]
pub trait StoreUpkeep: Send + Sync {
    /// The store's now.
    async fn now(&self) -> Result<UnixMillis, Fault>;
    /// Whether the store can write at this moment: makes a durable write that changes nothing anybody sees.
    async fn check(&self) -> Result<(), Fault>;
    /// Removes up to `batch` rows of each kind that are over for longer than `retention`. A reset stays as long as its order
    /// may be attempted again; events that are sealed stay for [`super::AuditStore::cut_chain`].
    async fn purge(&self, retention: Retention, batch: u32) -> Result<Purged, Fault>;
    /// Writes a consistent copy of the running database to a file that does not exist yet.
    async fn backup(&self, target: &Path) -> Result<(), Fault>;
    /// Makes a database that was put back safe to use: ends every session (`Restored`), raises every epoch and voids every
    /// reset, event `database_restored`. A restored database must not revive what was revoked.
    async fn void_after_restore(&self, audit: AuditContext) -> Result<(), Fault>;
}
