//! The outbox.

use crate::clock::now;
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::orders;
use crate::reset_rows::close_attempt;
use crate::rows::{OUTBOX_COLUMNS, outbox_row};
use crate::writer::{Intention, Write};
use app::audit::AuditContext;
use app::fault::Fault;
use app::outbox::{MailOrder, MailSubject, OutboxRow};
use app::ports::store::{ClaimedMail, MailLease, MailResult, OutboxStore};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::OutboxId;
use domain::time::{UnixMillis, millis};
use std::time::Duration;
use tokio_postgres::Row;

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn order_mail(&self, order: MailOrder, audit: AuditContext) -> Result<OutboxId, Fault> {
        Ok(self.writers.transact(&OrderMail { order, audit }).await?)
    }

    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<ClaimedMail>, Fault> {
        // One statement. A row that another worker is claiming is skipped, not waited for; what is due is found once, so
        // that no plan claims more than the limit.
        let sql = format!(
            "WITH due AS MATERIALIZED (
               SELECT id, next_attempt_at AS since FROM outbox
                WHERE state = 'pending' AND next_attempt_at <= {now}
                ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
             UPDATE outbox AS o SET attempts = o.attempts + 1, next_attempt_at = least({now}, {max} - $3) + $3
               FROM due WHERE o.id = due.id
              RETURNING due.since, {OUTBOX_COLUMNS}",
            max = i64::MAX,
            now = now!(),
        );
        let values = (self.clock.parameter(), i64::from(limit), millis(lease));
        let rows = self.writers.once(&sql, &[&values.0, &values.1, &values.2]).await?;
        let mut claimed = rows.iter().map(claimed).collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by_key(|(since, mail)| (*since, mail.id));
        Ok(claimed.into_iter().map(|(_, mail)| mail).collect())
    }

    async fn finish_mail(&self, lease: MailLease, result: MailResult) -> Result<bool, Fault> {
        Ok(self.writers.transact(&FinishMail { lease, result }).await?)
    }

    async fn next_mail_due(&self) -> Result<Option<Duration>, Fault> {
        let sql = concat!("SELECT min(next_attempt_at), ", now!(), " FROM outbox WHERE state = 'pending'");
        let row = self.readers.query_one(sql, &[&self.clock.parameter()]).await?;
        let next: Option<i64> = row.try_get(0).map_err(Failure::from)?;
        let now = UnixMillis::from_millis(row.try_get(1).map_err(Failure::from)?);
        Ok(next.map(|at| UnixMillis::from_millis(at).since(now)))
    }

    async fn list_mail(&self, with_sent: bool, limit: u32) -> Result<Vec<OutboxRow>, Fault> {
        let sql = format!(
            "SELECT {OUTBOX_COLUMNS} FROM outbox o WHERE $1 OR o.state <> 'sent' ORDER BY o.id LIMIT $2"
        );
        let rows = self.writers.once(&sql, &[&with_sent, &i64::from(limit)]).await?;
        Ok(rows.iter().map(|row| outbox_row(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn retry_mail(&self, only: Option<OutboxId>) -> Result<u32, Fault> {
        let sql = concat!(
            "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = ",
            now!(),
            " WHERE state = 'dead' AND ($2 IS NULL OR id = $2) RETURNING id"
        );
        let only = only.map(OutboxId::uuid);
        let rows = self.writers.once(sql, &[&self.clock.parameter(), &only]).await?;
        Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }
}

/// Since when it has been due, and what is due.
fn claimed(row: &Row) -> Result<(i64, ClaimedMail), Failure> {
    let OutboxRow { id, order, attempts, next_attempt_at: until, .. } = outbox_row(row, 1)?;
    Ok((row.try_get(0)?, ClaimedMail { id, order, attempts, until }))
}

/// Writes one order.
pub(crate) struct OrderMail {
    pub(crate) order: MailOrder,
    pub(crate) audit: AuditContext,
}

impl Intention for OrderMail {
    type Outcome = OutboxId;

    async fn run(&self, write: &Write<'_>) -> Result<OutboxId, Failure> {
        let id = orders::insert(write, &self.order).await?;
        let asked = match &self.order.subject {
            MailSubject::ForgotPassword { .. } => Some(EventKind::ForgotPassword),
            MailSubject::VerifyEmail { .. } => Some(EventKind::ResendVerification),
            _ => None,
        };
        if let Some(event) = asked {
            let about = About { namespace: Some(&self.order.namespace), ..About::default() };
            record(write, event, about, &self.audit).await?;
        }
        Ok(id)
    }
}

struct FinishMail {
    lease: MailLease,
    result: MailResult,
}

impl Intention for FinishMail {
    type Outcome = bool;

    async fn run(&self, write: &Write<'_>) -> Result<bool, Failure> {
        let (state, at, reason, may_have_reached_data) = match &self.result {
            MailResult::Sent => ("sent", write.now, None, true),
            MailResult::Retry { wait, may_have_reached_data, reason } => {
                ("pending", write.now.plus(*wait), Some(reason.as_str()), *may_have_reached_data)
            }
            MailResult::Dead { reason } => ("dead", write.now, Some(reason.as_str()), true),
        };
        let sql = "UPDATE outbox SET state = $2, next_attempt_at = $3, last_error = $4
                    WHERE id = $1 AND state = 'pending' AND attempts = $5 AND next_attempt_at = $6";
        let MailLease { order, attempts, until } = self.lease;
        let attempt = (i64::from(attempts), until.as_millis());
        let values = (order.uuid(), at.as_millis());
        let finished =
            write.execute(sql, &[&values.0, &state, &values.1, &reason, &attempt.0, &attempt.1]).await?;
        if finished > 0 {
            close_attempt(write, order, may_have_reached_data).await?;
        }
        Ok(finished > 0)
    }
}
