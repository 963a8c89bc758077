//! Writes that happen once. There is one writer, so what is not there when a write begins is not there when it ends.

use crate::accounts::{set_password, sign_up};
use crate::open::SqliteStore;
use crate::outbox::order;
use crate::rows::{get, some_uuid, unreadable};
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::outbox::MailOrder;
use app::ports::store::{
    AccountChange, NewAccount, Once, OnceAnswer, OnceOutcome, OnceRecord, OnceStore, SetPassword,
    SignUpOutcome,
};
use async_trait::async_trait;
use domain::account::CredentialEpoch;
use domain::ids::{OutboxId, SessionId};
use domain::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

#[async_trait]
impl OnceStore for SqliteStore {
    async fn find_once(&self, key: [u8; 32]) -> Result<Option<OnceRecord>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| find(connection, &key, now))
    }

    async fn sign_up_once(&self, new: NewAccount, once: Once) -> Result<OnceOutcome<SignUpOutcome>, Fault> {
        let in_secret = new.mails.is_some().then_some(new.id);
        let answer = move |outcome: &SignUpOutcome| Some(OnceAnswer::of_sign_up(outcome, in_secret));
        self.writer.submit(move |write| happen(write, &once, |write| sign_up(write, &new), answer)).await
    }

    async fn order_mail_once(
        &self,
        mail: MailOrder,
        once: Once,
        audit: AuditContext,
    ) -> Result<OnceOutcome<OutboxId>, Fault> {
        let answer = |_: &OutboxId| Some(OnceAnswer::MailOrdered);
        self.writer
            .submit(move |write| happen(write, &once, |write| order(write, &mail, &audit), answer))
            .await
    }

    async fn set_password_once(
        &self,
        change: SetPassword,
        once: Once,
        session: SessionId,
    ) -> Result<OnceOutcome<AccountChange>, Fault> {
        let answer = move |outcome: &AccountChange| OnceAnswer::of_password_change(outcome, session);
        self.writer
            .submit(move |write| happen(write, &once, |write| set_password(write, &change), answer))
            .await
    }
}

fn find(connection: &Connection, key: &[u8; 32], now: UnixMillis) -> Result<Option<OnceRecord>> {
    connection
        .prepare_cached(
            "SELECT body, answer, subject_id, epoch FROM idempotency WHERE key = ?1 AND expires_at > ?2",
        )?
        .query_row(params![key, now.as_millis()], record)
        .optional()
}

fn record(row: &Row<'_>) -> Result<OnceRecord> {
    let (name, id): (String, _) = (get(row, "answer")?, some_uuid(row, "subject_id")?);
    let epoch = get::<Option<_>>(row, "epoch")?.map(CredentialEpoch);
    let answer = OnceAnswer::from_stored(&name, id, epoch).ok_or_else(|| unreadable("answer"))?;
    Ok(OnceRecord { body: get(row, "body")?, answer })
}

/// Carries the effect out, unless it was before, and writes down what it came to.
fn happen<T>(
    write: &Write<'_>,
    once: &Once,
    effect: impl FnOnce(&Write<'_>) -> Result<T>,
    answer: impl FnOnce(&T) -> Option<OnceAnswer>,
) -> Result<OnceOutcome<T>> {
    if let Some(before) = find(write.connection, &once.key, write.now)? {
        return Ok(OnceOutcome::Before(before));
    }
    let outcome = effect(write)?;
    if let Some(answer) = answer(&outcome) {
        let (name, id, epoch) = answer.stored();
        // What is in the way has had its time and was not purged yet.
        write
            .connection
            .prepare_cached(
                "INSERT OR REPLACE INTO idempotency (key, body, answer, subject_id, epoch, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                once.key,
                once.body,
                name,
                id.map(|id| *id.as_bytes()),
                epoch.map(|epoch| epoch.0),
                write.now.plus(once.keep_for).as_millis()
            ])?;
    }
    Ok(OnceOutcome::Now(outcome))
}
