//! The outbox.

use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{OUTBOX_COLUMNS, outbox_row};
use crate::tables::outbox::insert;
use crate::tables::resets::close_attempt;
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::outbox::{MailOrder, MailSubject, OutboxRow};
use app::ports::store::{ClaimedMail, MailLease, MailResult, OutboxStore};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::OutboxId;
use domain::time::UnixMillis;
use rusqlite::{Result, params};
use std::time::Duration;

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn order_mail(&self, mail: MailOrder, audit: AuditContext) -> Result<OutboxId, Fault> {
        self.writer.submit(move |write| order(write, &mail, &audit)).await
    }

    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedMail>, Fault> {
        self.writer.submit(move |write| claim(write, limit, lease)).await
    }

    async fn finish_mail(&self, lease: MailLease, result: MailResult) -> Result<bool, Fault> {
        self.writer.submit(move |write| finish(write, lease, &result)).await
    }

    async fn next_mail_due(&self) -> Result<Option<Duration>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| {
            let next: Option<i64> = connection
                .prepare_cached("SELECT min(next_attempt_at) FROM outbox WHERE state = 'pending'")?
                .query_row([], |row| row.get(0))?;
            Ok(next.map(|at| UnixMillis::from_millis(at).since(now)))
        })
    }

    async fn list_mail(&self, with_sent: bool, limit: u32) -> Result<Vec<OutboxRow>, Fault> {
        self.readers
            .read_many(move |connection| {
                let sql = format!(
                    "SELECT {OUTBOX_COLUMNS} FROM outbox WHERE ?1 OR state <> 'sent' ORDER BY id LIMIT ?2"
                );
                connection.prepare_cached(&sql)?.query_map(params![with_sent, limit], outbox_row)?.collect()
            })
            .await
    }

    async fn retry_mail(&self, only: Option<OutboxId>) -> Result<u32, Fault> {
        self.writer
            .submit(move |write| {
                let count = write
                    .connection
                    .prepare_cached(
                        "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = ?2
                          WHERE state = 'dead' AND (?1 IS NULL OR id = ?1)",
                    )?
                    .execute(params![only.map(|id| *id.uuid().as_bytes()), write.now.as_millis()])?;
                Ok(u32::try_from(count).unwrap_or(u32::MAX))
            })
            .await
    }
}

/// Writes one order, inside a write.
pub(crate) fn order(write: &Write<'_>, order: &MailOrder, audit: &AuditContext) -> Result<OutboxId> {
    let id = insert(write, order)?;
    let asked = match &order.subject {
        MailSubject::ForgotPassword { .. } => Some(EventKind::ForgotPassword),
        MailSubject::VerifyEmail { .. } => Some(EventKind::ResendVerification),
        _ => None,
    };
    if let Some(event) = asked {
        let about = About { namespace: Some(&order.namespace), ..About::default() };
        record(write, event, about, audit)?;
    }
    Ok(id)
}

fn claim(write: &Write<'_>, limit: u32, lease: Duration) -> Result<Vec<ClaimedMail>> {
    let select = format!(
        "SELECT {OUTBOX_COLUMNS} FROM outbox WHERE state = 'pending' AND next_attempt_at <= ?1
          ORDER BY next_attempt_at, id LIMIT ?2"
    );
    let due: Vec<OutboxRow> = write
        .connection
        .prepare_cached(&select)?
        .query_map(params![write.now.as_millis(), limit], outbox_row)?
        .collect::<Result<_>>()?;
    let mut lease_it = write
        .connection
        .prepare_cached("UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ?2 WHERE id = ?1")?;
    let until = write.now.plus(lease);
    due.into_iter()
        .map(|row| {
            lease_it.execute(params![row.id.uuid().as_bytes(), until.as_millis()])?;
            Ok(ClaimedMail { id: row.id, order: row.order, attempts: row.attempts + 1, until })
        })
        .collect()
}

fn finish(write: &Write<'_>, lease: MailLease, result: &MailResult) -> Result<bool> {
    let (state, at, reason, may_have_reached_data) = match result {
        MailResult::Sent => ("sent", write.now, None, true),
        MailResult::Retry { wait, may_have_reached_data, reason } => {
            ("pending", write.now.plus(*wait), Some(reason), *may_have_reached_data)
        }
        MailResult::Dead { reason } => ("dead", write.now, Some(reason), true),
    };
    let finished = write
        .connection
        .prepare_cached(
            "UPDATE outbox SET state = ?2, next_attempt_at = ?3, last_error = ?4
              WHERE id = ?1 AND state = 'pending' AND attempts = ?5 AND next_attempt_at = ?6",
        )?
        .execute(params![
            lease.order.uuid().as_bytes(),
            state,
            at.as_millis(),
            reason,
            lease.attempts,
            lease.until.as_millis()
        ])?;
    if finished > 0 {
        close_attempt(write, lease.order, may_have_reached_data)?;
    }
    Ok(finished > 0)
}
