//! What keeps the store well: readiness, purge, backup.

use crate::events::{About, record};
use crate::failure::fault;
use crate::ids::first_id_at;
use crate::open::SqliteStore;
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::store::{Purged, Retention, StoreUpkeep};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::time::UnixMillis;
use rusqlite::{Connection, OpenFlags, Result, params};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;

#[async_trait]
impl StoreUpkeep for SqliteStore {
    async fn now(&self) -> Result<UnixMillis, Fault> {
        Ok(self.clock.now())
    }

    async fn check(&self) -> Result<(), Fault> {
        self.writer
            .submit(|write| {
                // Never the same value twice, so that it really is a write.
                write
                    .connection
                    .prepare_cached("UPDATE pulse SET at = max(at + 1, ?1) WHERE id = 1")?
                    .execute([write.now.as_millis()])
                    .map(|_| ())
            })
            .await
    }

    async fn purge(&self, retention: Retention, batch: u32) -> Result<Purged, Fault> {
        let now = self.clock.now();
        let cutoffs = Cutoffs {
            sessions: now.minus(retention.sessions).as_millis(),
            mail: now.minus(retention.mail).as_millis(),
            audit: now.minus(retention.audit),
            now: now.as_millis(),
        };
        // Sessions and resets have no index on their end, which would cost every rotation a second write. A
        // reader finds what is over; the writer removes it by key.
        let over = self.readers.read_many(move |connection| find_over(connection, cutoffs, batch)).await?;
        if over.is_empty() {
            return Ok(Purged::default());
        }
        self.writer.submit(move |write| remove(write, &over, cutoffs)).await
    }

    async fn backup(&self, target: &Path) -> Result<(), Fault> {
        let (source, target) = (self.path.clone(), target.to_owned());
        tokio::task::spawn_blocking(move || copy(&source, &target)).await.map_err(Fault::internal)?
    }

    async fn void_after_restore(&self, audit: AuditContext) -> Result<(), Fault> {
        self.writer.submit(move |write| void_after_restore(write, &audit)).await
    }
}

#[derive(Clone, Copy)]
struct Cutoffs {
    sessions: i64,
    mail: i64,
    audit: UnixMillis,
    now: i64,
}

#[derive(Default)]
struct Over {
    sessions: Vec<[u8; 16]>,
    resets: Vec<[u8; 16]>,
    mail: Vec<[u8; 16]>,
    events: Vec<[u8; 16]>,
    once: Vec<[u8; 32]>,
}

impl Over {
    const fn is_empty(&self) -> bool {
        self.sessions.is_empty()
            && self.resets.is_empty()
            && self.mail.is_empty()
            && self.events.is_empty()
            && self.once.is_empty()
    }
}

const SESSION_IS_OVER: &str = "(revoked_at <= ?1 OR idle_deadline <= ?1 OR absolute_deadline <= ?1)";
/// A reset stays while its order may be attempted again: it says which link went out, or that none may.
const RESET_IS_OVER: &str = "(expires_at <= ?1 AND NOT EXISTS
    (SELECT 1 FROM outbox WHERE outbox.id = resets.order_id AND outbox.state <> 'sent'))";
const MAIL_IS_OVER: &str = "(state = 'sent' AND next_attempt_at <= ?1)";

fn find_over(connection: &Connection, cutoffs: Cutoffs, batch: u32) -> Result<Over> {
    let find = |table: &str, condition: &str, cutoff: i64| -> Result<Vec<[u8; 16]>> {
        let sql = format!("SELECT id FROM {table} WHERE {condition} LIMIT ?2");
        connection.prepare_cached(&sql)?.query_map(params![cutoff, batch], |row| row.get(0))?.collect()
    };
    // Ids of events begin with their moment, so the key alone says which are old. What is sealed goes another way.
    let oldest_kept = first_id_at(cutoffs.audit);
    let events = connection
        .prepare_cached(
            "SELECT id FROM events INDEXED BY events_unsealed WHERE seq IS NULL AND id < ?1 LIMIT ?2",
        )?
        .query_map(params![Uuid::as_bytes(&oldest_kept), batch], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let once = connection
        .prepare_cached("SELECT key FROM idempotency WHERE expires_at <= ?1 LIMIT ?2")?
        .query_map(params![cutoffs.now, batch], |row| row.get(0))?
        .collect::<Result<_>>()?;
    Ok(Over {
        sessions: find("sessions", SESSION_IS_OVER, cutoffs.sessions)?,
        resets: find("resets", RESET_IS_OVER, cutoffs.sessions)?,
        mail: find("outbox", MAIL_IS_OVER, cutoffs.mail)?,
        events,
        once,
    })
}

/// Each condition is checked again: a reset may have been renewed since it was found.
fn remove(write: &Write<'_>, over: &Over, cutoffs: Cutoffs) -> Result<Purged> {
    let remove = |table: &str, condition: &str, cutoff: i64, ids: &[[u8; 16]]| -> Result<u64> {
        let sql = format!("DELETE FROM {table} WHERE id = ?2 AND {condition}");
        let mut delete = write.connection.prepare_cached(&sql)?;
        let mut removed = 0;
        for id in ids {
            removed += delete.execute(params![cutoff, id])? as u64;
        }
        Ok(removed)
    };
    let sessions = remove("sessions", SESSION_IS_OVER, cutoffs.sessions, &over.sessions)?;
    let resets = remove("resets", RESET_IS_OVER, cutoffs.sessions, &over.resets)?;
    let mut forget =
        write.connection.prepare_cached("DELETE FROM idempotency WHERE key = ?1 AND expires_at <= ?2")?;
    let mut once = 0;
    for key in &over.once {
        once += forget.execute(params![key, cutoffs.now])? as u64;
    }
    Ok(Purged {
        once,
        sessions: sessions + resets,
        mail: remove("outbox", MAIL_IS_OVER, cutoffs.mail, &over.mail)?,
        audit: remove("events", "at <= ?1 AND seq IS NULL", cutoffs.audit.as_millis(), &over.events)?,
    })
}

/// A copy of one moment, made inside one read transaction, so the writer goes on beside it.
fn copy(source: &Path, target: &Path) -> Result<(), Fault> {
    let name = target.to_str().ok_or_else(|| Fault::internal("a backup's path has to be UTF-8"))?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(target).map_err(Fault::internal)?;
    let copied =
        vacuum_into(source, name).map_err(fault).and_then(|()| sync(target).map_err(Fault::unavailable));
    if copied.is_err() {
        // Half a copy must not be taken for a whole one.
        let _ = std::fs::remove_file(target);
    }
    copied
}

fn vacuum_into(source: &Path, target: &str) -> Result<()> {
    let connection = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute("VACUUM INTO ?1", [target]).map(|_| ())
}

fn sync(target: &Path) -> std::io::Result<()> {
    File::open(target)?.sync_all()?;
    let folder = target.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))?.sync_all()
}

fn void_after_restore(write: &Write<'_>, audit: &AuditContext) -> Result<()> {
    let now = write.now.as_millis();
    let all = write.connection;
    all.execute(
        "UPDATE sessions SET revoked_at = ?1, revoke_reason = 'restored' WHERE revoked_at IS NULL",
        [now],
    )?;
    all.execute("UPDATE users SET credential_epoch = credential_epoch + 1", [])?;
    all.execute("UPDATE resets SET void_at = ?1 WHERE void_at IS NULL", [now])?;
    record(write, EventKind::DatabaseRestored, About::default(), audit)
}
