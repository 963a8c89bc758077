//! What keeps the store well: readiness, purge, backup.

use crate::clock::now;
use crate::events::{About, record};
use crate::failure::Failure;
use crate::ids::first_id_at;
use crate::open::PostgresStore;
use crate::writer::{Intention, Write};
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::store::{Purged, Retention, StoreUpkeep};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::time::UnixMillis;
use std::path::Path;

#[async_trait]
impl StoreUpkeep for PostgresStore {
    async fn now(&self) -> Result<UnixMillis, Fault> {
        Ok(self.read_clock().await?)
    }

    async fn check(&self) -> Result<(), Fault> {
        Ok(self.write_pulse().await?)
    }

    async fn purge(&self, retention: Retention, batch: u32) -> Result<Purged, Fault> {
        let now = self.read_clock().await?;
        let sessions = now.minus(retention.sessions).as_millis();
        // Sessions have no index on their end, which would cost every rotation a second write.
        let ended = self
            .remove(
                "sessions",
                "revoked_at <= $1 OR idle_deadline <= $1 OR absolute_deadline <= $1",
                sessions,
                batch,
            )
            .await?;
        let resets = self.remove("resets", RESET_IS_OVER, sessions, batch).await?;
        let mail = now.minus(retention.mail).as_millis();
        let mail = self.remove("outbox", "state = 'sent' AND next_attempt_at <= $1", mail, batch).await?;
        let audit = self.remove_events(now.minus(retention.audit), batch).await?;
        // A budget that is whole again is the same as one that was never used.
        self.remove_limits(batch).await?;
        let once = self.remove_once(now, batch).await?;
        Ok(Purged { sessions: ended + resets, mail, audit, once })
    }

    async fn backup(&self, target: &Path) -> Result<(), Fault> {
        Ok(self.write_dump(target).await?)
    }

    async fn void_after_restore(&self, audit: AuditContext) -> Result<(), Fault> {
        Ok(self.writers.transact(&VoidAfterRestore { audit }).await?)
    }
}

/// A reset stays while its order may be attempted again: it says which link went out, or that none may.
const RESET_IS_OVER: &str = "expires_at <= $1 AND NOT EXISTS
    (SELECT 1 FROM outbox WHERE outbox.id = resets.order_id AND outbox.state <> 'sent')";

impl PostgresStore {
    /// Removes up to `batch` rows that are over. Two nodes may purge at once; each skips what the other has.
    async fn remove(&self, table: &str, over: &str, cutoff: i64, batch: u32) -> Result<u64, Failure> {
        let sql = format!(
            "DELETE FROM {table} WHERE id = ANY (ARRAY(
               SELECT id FROM {table} WHERE {over} LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING id"
        );
        Ok(self.writers.once(&sql, &[&cutoff, &i64::from(batch)]).await?.len() as u64)
    }

    /// Ids of events begin with their moment, so the key alone says which are old. What is sealed goes another way; the
    /// sealer may have it by the time the row is locked, so that is looked at again.
    async fn remove_events(&self, before: UnixMillis, batch: u32) -> Result<u64, Failure> {
        let first_kept = first_id_at(UnixMillis::from_millis(before.as_millis().saturating_add(1)));
        let sql = "DELETE FROM events WHERE seq IS NULL AND id = ANY (ARRAY(
                     SELECT id FROM events WHERE id < $1 AND at <= $3 AND seq IS NULL ORDER BY id LIMIT $2
                        FOR UPDATE SKIP LOCKED)) RETURNING id";
        let removed = self.writers.once(sql, &[&first_kept, &i64::from(batch), &before.as_millis()]).await?;
        Ok(removed.len() as u64)
    }

    async fn remove_once(&self, now: UnixMillis, batch: u32) -> Result<u64, Failure> {
        let sql = "DELETE FROM idempotency WHERE expires_at <= $1 AND key = ANY (ARRAY(
                     SELECT key FROM idempotency WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
                   RETURNING 1";
        Ok(self.writers.once(sql, &[&now.as_millis(), &i64::from(batch)]).await?.len() as u64)
    }

    async fn remove_limits(&self, batch: u32) -> Result<(), Failure> {
        // The condition is looked at again when the row is locked: it may have been charged since.
        let sql = concat!(
            "DELETE FROM limits WHERE whole_at <= ",
            now!(),
            " AND key = ANY (ARRAY(SELECT key FROM limits WHERE whole_at <= ",
            now!(),
            " LIMIT $2))"
        );
        self.writers.once(sql, &[&self.clock.parameter(), &i64::from(batch)]).await.map(|_| ())
    }
}

struct VoidAfterRestore {
    audit: AuditContext,
}

impl Intention for VoidAfterRestore {
    type Outcome = ();
    const IS_LONG: bool = true;

    async fn run(&self, write: &Write<'_>) -> Result<(), Failure> {
        write.execute("UPDATE users SET credential_epoch = credential_epoch + 1", &[]).await?;
        let end = "UPDATE sessions SET revoked_at = $1, revoke_reason = 'restored' WHERE revoked_at IS NULL";
        write.execute(end, &[&write.at()]).await?;
        write.execute("UPDATE resets SET void_at = $1 WHERE void_at IS NULL", &[&write.at()]).await?;
        record(write, EventKind::DatabaseRestored, About::default(), &self.audit).await
    }
}
