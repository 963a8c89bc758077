//! Writes that happen once.
//!
//! The record goes in last. Of two transactions that do the same at once, the later one finds it in its way (the key waits
//! for the earlier one's end), is undone, and runs again: then the record is there before anything is done.

use crate::clock::now;
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::outbox::OrderMail;
use crate::rows::Cells;
use crate::writer::{Intention, Write};
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
use tokio_postgres::Row;

#[async_trait]
impl OnceStore for PostgresStore {
    async fn find_once(&self, key: [u8; 32]) -> Result<Option<OnceRecord>, Fault> {
        let sql = concat!(
            "SELECT body, answer, subject_id, epoch FROM idempotency WHERE key = $2 AND expires_at > ",
            now!()
        );
        let row = self.readers.query_opt(sql, &[&self.clock.parameter(), &key.as_slice()]).await?;
        Ok(row.map(|row| record(&row)).transpose()?)
    }

    async fn sign_up_once(&self, new: NewAccount, once: Once) -> Result<OnceOutcome<SignUpOutcome>, Fault> {
        let in_secret = new.mails.is_some().then_some(new.id);
        let answer = move |outcome: &SignUpOutcome| Some(OnceAnswer::of_sign_up(outcome, in_secret));
        Ok(self.writers.transact(&Happen { effect: new, once, answer }).await?)
    }

    async fn order_mail_once(
        &self,
        order: MailOrder,
        once: Once,
        audit: AuditContext,
    ) -> Result<OnceOutcome<OutboxId>, Fault> {
        let answer = |_: &OutboxId| Some(OnceAnswer::MailOrdered);
        Ok(self.writers.transact(&Happen { effect: OrderMail { order, audit }, once, answer }).await?)
    }

    async fn set_password_once(
        &self,
        change: SetPassword,
        once: Once,
        session: SessionId,
    ) -> Result<OnceOutcome<AccountChange>, Fault> {
        let answer = |outcome: &AccountChange| OnceAnswer::of_password_change(outcome, session);
        Ok(self.writers.transact(&Happen { effect: change, once, answer }).await?)
    }
}

fn record(row: &Row) -> Result<OnceRecord, Failure> {
    let mut cells = Cells::new(row, 0);
    let body = cells.bytes()?;
    let name: &str = cells.cell()?;
    let unknown = cells.unreadable();
    let id = cells.cell()?;
    let epoch: Option<i64> = cells.cell()?;
    let epoch = epoch.map(u32::try_from).transpose().map_err(|_| cells.unreadable())?;
    let answer = OnceAnswer::from_stored(name, id, epoch.map(CredentialEpoch)).ok_or(unknown)?;
    Ok(OnceRecord { body, answer })
}

/// An effect with its record.
struct Happen<E, A> {
    effect: E,
    once: Once,
    answer: A,
}

impl<E, A> Intention for Happen<E, A>
where
    E: Intention,
    A: Fn(&E::Outcome) -> Option<OnceAnswer> + Sync,
{
    type Outcome = OnceOutcome<E::Outcome>;

    async fn run(&self, write: &Write<'_>) -> Result<Self::Outcome, Failure> {
        if let Some(before) = find(write, &self.once).await? {
            return Ok(OnceOutcome::Before(before));
        }
        let outcome = self.effect.run(write).await?;
        let Some(answer) = (self.answer)(&outcome) else {
            // It may be refused because the same one, which it waited for, has happened.
            return Ok(find(write, &self.once).await?.map_or(OnceOutcome::Now(outcome), OnceOutcome::Before));
        };
        insert(write, &self.once, answer).await?;
        Ok(OnceOutcome::Now(outcome))
    }
}

async fn find(write: &Write<'_>, once: &Once) -> Result<Option<OnceRecord>, Failure> {
    let sql = "SELECT body, answer, subject_id, epoch FROM idempotency WHERE key = $1 AND expires_at > $2";
    let row = write.query_opt(sql, &[&once.key.as_slice(), &write.at()]).await?;
    row.map(|row| record(&row)).transpose()
}

async fn insert(write: &Write<'_>, once: &Once, answer: OnceAnswer) -> Result<(), Failure> {
    let sql = "INSERT INTO idempotency AS i (key, body, answer, subject_id, epoch, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (key) DO UPDATE SET body = excluded.body, answer = excluded.answer,
                 subject_id = excluded.subject_id, epoch = excluded.epoch, expires_at = excluded.expires_at
               WHERE i.expires_at <= $7";
    let (name, id, epoch) = answer.stored();
    let epoch = epoch.map(|epoch| i64::from(epoch.0));
    let expires_at = write.now.plus(once.keep_for).as_millis();
    let written = write
        .execute(
            sql,
            &[&once.key.as_slice(), &once.body.as_slice(), &name, &id, &epoch, &expires_at, &write.at()],
        )
        .await?;
    if written > 0 { Ok(()) } else { Err(Failure::Overtaken) }
}
