//! Proofs of mailboxes: the newest one stands in the account's row.

use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{USER_COLUMNS, some_uuid, user};
use crate::tables::{outbox, users};
use crate::writer::Write;
use app::fault::Fault;
use app::outbox::MailSubject;
use app::ports::store::{
    AccountChange, PendingVerification, StoredVerification, VerificationStore, VerifyEmail,
};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::{OutboxId, UserId, VerificationId};
use domain::namespace::NamespaceName;
use rusqlite::{OptionalExtension as _, Result, params};

#[async_trait]
impl VerificationStore for SqliteStore {
    async fn begin_verification(&self, order: OutboxId) -> Result<Option<PendingVerification>, Fault> {
        self.writer.submit(move |write| begin(write, order)).await
    }

    async fn find_verification(
        &self,
        namespace: &NamespaceName,
        id: UserId,
    ) -> Result<Option<StoredVerification>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| {
            let sql =
                format!("SELECT {USER_COLUMNS}, verification_id FROM users WHERE namespace = ?1 AND id = ?2");
            connection
                .prepare_cached(&sql)?
                .query_row(params![namespace.as_str(), id.uuid().as_bytes()], |row| {
                    let newest = some_uuid(row, "verification_id")?.map(VerificationId::new);
                    Ok(StoredVerification { user: user(row)?, newest, now })
                })
                .optional()
        })
    }

    async fn verify_email(&self, verify: VerifyEmail) -> Result<AccountChange, Fault> {
        self.writer.submit(move |write| verify_email(write, &verify)).await
    }
}

fn begin(write: &Write<'_>, order: OutboxId) -> Result<Option<PendingVerification>> {
    let Some(row) = outbox::find(write.connection, order)? else { return Ok(None) };
    let MailSubject::VerifyEmail { email, .. } = &row.order.subject else { return Ok(None) };
    // Ids of orders grow with time, so the greater one is the newer one.
    let sql = format!(
        "UPDATE users SET verification_id = ?3
          WHERE namespace = ?1 AND email = ?2 AND status = 'active' AND email_verified = 0
            AND (verification_id IS NULL OR verification_id <= ?3)
          RETURNING {USER_COLUMNS}"
    );
    let order = order.uuid();
    let key = params![row.order.namespace.as_str(), email.as_str(), order.as_bytes()];
    let found = write.connection.prepare_cached(&sql)?.query_row(key, user).optional()?;
    let id = VerificationId::new(order);
    Ok(found.map(|user| PendingVerification { id, user, now: write.now }))
}

fn verify_email(write: &Write<'_>, verify: &VerifyEmail) -> Result<AccountChange> {
    let (namespace, id) = (&verify.namespace, verify.user);
    let Some(current) = users::find_user(write.connection, namespace, id)? else {
        return Ok(AccountChange::Refused);
    };
    if verify.proof.is_some_and(|proof| proof.expires_at <= write.now) {
        return Ok(AccountChange::Refused);
    }
    if current.email_verified && verify.proof.is_none() {
        return Ok(AccountChange::Done(current));
    }
    let sql = format!(
        "UPDATE users SET email_verified = 1, verification_id = NULL, updated_at = ?3
          WHERE namespace = ?1 AND id = ?2 AND email_verified = 0
            AND (?4 IS NULL OR (verification_id = ?4 AND credential_epoch = ?5 AND status = 'active'))
          RETURNING {USER_COLUMNS}"
    );
    let changed = write
        .connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                namespace.as_str(),
                id.uuid().as_bytes(),
                write.now.as_millis(),
                verify.proof.map(|proof| *proof.verification.uuid().as_bytes()),
                verify.proof.map(|proof| proof.epoch.0),
            ],
            user,
        )
        .optional()?;
    let Some(user) = changed else { return Ok(AccountChange::Refused) };
    let about = About { namespace: Some(namespace), user: Some(id), ..About::default() };
    record(write, EventKind::EmailVerified, about, &verify.audit)?;
    Ok(AccountChange::Done(user))
}
