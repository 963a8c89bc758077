//! Proofs of mailboxes: the newest one stands in the account's row.

use crate::clock::now;
use crate::credentials::{lock_user, lock_user_by_email};
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::orders;
use crate::rows::{USER_COLUMNS, USER_WIDTH, user};
use crate::writer::{Intention, Write};
use app::fault::Fault;
use app::outbox::MailSubject;
use app::ports::store::{
    AccountChange, PendingVerification, StoredVerification, VerificationStore, VerifyEmail,
};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::{OutboxId, UserId, VerificationId};
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use tokio_postgres::Row;
use uuid::Uuid;

#[async_trait]
impl VerificationStore for PostgresStore {
    async fn begin_verification(&self, order: OutboxId) -> Result<Option<PendingVerification>, Fault> {
        Ok(self.writers.transact(&Begin(order)).await?)
    }

    async fn find_verification(
        &self,
        namespace: &NamespaceName,
        id: UserId,
    ) -> Result<Option<StoredVerification>, Fault> {
        let sql = format!(
            "SELECT {USER_COLUMNS}, u.verification_id, {now} FROM users u WHERE u.namespace = $2 AND u.id = $3",
            now = now!()
        );
        let values = (self.clock.parameter(), namespace.as_str(), id.uuid());
        let row = self.readers.query_opt(&sql, &[&values.0, &values.1, &values.2]).await?;
        Ok(row.map(|row| stored(&row)).transpose()?)
    }

    async fn verify_email(&self, verify: VerifyEmail) -> Result<AccountChange, Fault> {
        Ok(self.writers.transact(&verify).await?)
    }
}

fn stored(row: &Row) -> Result<StoredVerification, Failure> {
    let newest: Option<Uuid> = row.try_get(USER_WIDTH)?;
    let now = UnixMillis::from_millis(row.try_get(USER_WIDTH + 1)?);
    Ok(StoredVerification { user: user(row, 0)?, newest: newest.map(VerificationId::new), now })
}

struct Begin(OutboxId);

impl Intention for Begin {
    type Outcome = Option<PendingVerification>;

    async fn run(&self, write: &Write<'_>) -> Result<Self::Outcome, Failure> {
        let Some(row) = orders::find(write, self.0).await? else { return Ok(None) };
        let MailSubject::VerifyEmail { email, .. } = &row.order.subject else { return Ok(None) };
        let Some(account) = lock_user_by_email(write, &row.order.namespace, email).await? else {
            return Ok(None);
        };
        // Ids of orders grow with time, so the greater one is the newer one.
        let sql = format!(
            "UPDATE users AS u SET verification_id = $3
              WHERE namespace = $1 AND id = $2 AND status = 'active' AND NOT email_verified
                AND (verification_id IS NULL OR verification_id <= $3)
              RETURNING {USER_COLUMNS}"
        );
        let values = (row.order.namespace.as_str(), account.id.uuid(), self.0.uuid());
        let found = write.query_opt(&sql, &[&values.0, &values.1, &values.2]).await?;
        let Some(row) = found else { return Ok(None) };
        let id = VerificationId::new(self.0.uuid());
        Ok(Some(PendingVerification { id, user: user(&row, 0)?, now: write.now }))
    }
}

impl Intention for VerifyEmail {
    type Outcome = AccountChange;

    async fn run(&self, write: &Write<'_>) -> Result<AccountChange, Failure> {
        let Some(current) = lock_user(write, &self.namespace, self.user).await? else {
            return Ok(AccountChange::Refused);
        };
        if self.proof.is_some_and(|proof| proof.expires_at <= write.now) {
            return Ok(AccountChange::Refused);
        }
        if current.email_verified && self.proof.is_none() {
            return Ok(AccountChange::Done(current));
        }
        let sql = format!(
            "UPDATE users AS u SET email_verified = true, verification_id = NULL, updated_at = $3
              WHERE namespace = $1 AND id = $2 AND NOT email_verified
                AND ($4 IS NULL OR (verification_id = $4 AND credential_epoch = $5 AND status = 'active'))
              RETURNING {USER_COLUMNS}"
        );
        let verification = self.proof.map(|proof| proof.verification.uuid());
        let epoch = self.proof.map(|proof| i64::from(proof.epoch.0));
        let values = (self.namespace.as_str(), self.user.uuid());
        let changed =
            write.query_opt(&sql, &[&values.0, &values.1, &write.at(), &verification, &epoch]).await?;
        let Some(row) = changed else { return Ok(AccountChange::Refused) };
        let about = About { namespace: Some(&self.namespace), user: Some(self.user), ..About::default() };
        record(write, EventKind::EmailVerified, about, &self.audit).await?;
        Ok(AccountChange::Done(user(&row, 0)?))
    }
}
