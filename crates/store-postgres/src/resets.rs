//! Mailed password resets.

use crate::clock::now;
use crate::credentials::{end_everything_of, lock_user_by_email};
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::orders;
use crate::reset_rows::{RESET_COLUMNS, ResetRow, reset};
use crate::rows::{USER_COLUMNS, user};
use crate::writer::{Intention, Write};
use app::fault::Fault;
use app::outbox::{MailSubject, OutboxRow};
use app::ports::store::{AccountChange, BeginReset, PendingReset, RedeemReset, ResetStore, StoredReset};
use async_trait::async_trait;
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::email_address::EmailAddress;
use domain::event::EventKind;
use domain::ids::{OutboxId, ResetId, UserId};
use domain::namespace::NamespaceName;
use domain::refresh_token::MacKeyId;
use domain::reset_token::LIVE_RESETS_MAX;
use domain::session::RevokeReason;
use domain::time::UnixMillis;
use std::time::Duration;

#[async_trait]
impl ResetStore for PostgresStore {
    async fn begin_reset(
        &self,
        order: OutboxId,
        mac_key: MacKeyId,
        valid_for: Duration,
    ) -> Result<BeginReset, Fault> {
        Ok(self.writers.transact(&Begin { order, mac_key, valid_for }).await?)
    }

    async fn find_reset(&self, namespace: &NamespaceName, id: ResetId) -> Result<Option<StoredReset>, Fault> {
        let sql = format!(
            "SELECT {now}, {RESET_COLUMNS} FROM resets r WHERE r.id = $2 AND r.namespace = $3",
            now = now!()
        );
        let values = (self.clock.parameter(), id.uuid(), namespace.as_str());
        let row = self.readers.query_opt(&sql, &[&values.0, &values.1, &values.2]).await?;
        let Some(row) = row else { return Ok(None) };
        let now = UnixMillis::from_millis(row.try_get(0).map_err(Failure::from)?);
        let ResetRow { pending, is_void, .. } = reset(&row, 1)?;
        Ok(Some(StoredReset { pending, is_void, now }))
    }

    async fn redeem_reset(&self, redeem: RedeemReset) -> Result<AccountChange, Fault> {
        Ok(self.writers.transact(&redeem).await?)
    }
}

struct Begin {
    order: OutboxId,
    mac_key: MacKeyId,
    valid_for: Duration,
}

impl Intention for Begin {
    type Outcome = BeginReset;

    async fn run(&self, write: &Write<'_>) -> Result<BeginReset, Failure> {
        let Some(row) = orders::find(write, self.order).await? else { return Ok(BeginReset::Nothing) };
        let MailSubject::ForgotPassword { email, .. } = &row.order.subject else {
            return Ok(BeginReset::Nothing);
        };
        // The user's lock makes two workers count an account's live resets one after the other.
        let account = lock_user_by_email(write, &row.order.namespace, email).await?;
        // An account that was deleted since took its orders with it, and nothing may name its address again.
        if orders::find(write, self.order).await?.is_none() {
            return Ok(BeginReset::Nothing);
        }
        let account = account.filter(|user| user.status == AccountStatus::Active);
        let sql = format!("SELECT {RESET_COLUMNS} FROM resets r WHERE r.order_id = $1 FOR UPDATE");
        match write.query_opt(&sql, &[&self.order.uuid()]).await? {
            Some(known) => self.resume(write, reset(&known, 0)?, account.as_ref()).await,
            None => self.insert(write, &row, email, account.as_ref()).await,
        }
    }
}

impl Begin {
    /// A further attempt of the same order.
    async fn resume(
        &self,
        write: &Write<'_>,
        known: ResetRow,
        account: Option<&User>,
    ) -> Result<BeginReset, Failure> {
        let is_obsolete = known.is_void
            || account.is_none_or(|user| {
                user.id != known.pending.user || user.credential_epoch != known.pending.epoch
            });
        if is_obsolete {
            return Ok(BeginReset::Nothing);
        }
        let same_link = known.may_have_left && known.pending.expires_at > write.now;
        // A link whose time was over does not count as live; renewed, it would be one too many.
        if !same_link && others_live(write, known.pending.user, known.pending.id).await? >= LIVE_RESETS_MAX {
            return Ok(BeginReset::Nothing);
        }
        let expires_at = if same_link { known.pending.expires_at } else { write.now.plus(self.valid_for) };
        // A new expiry is a new link, and that one has not left yet.
        let sql =
            "UPDATE resets SET expires_at = $2, is_attempted = true, may_have_left = may_have_left AND $3
                    WHERE id = $1";
        write.execute(sql, &[&known.pending.id.uuid(), &expires_at.as_millis(), &same_link]).await?;
        Ok(BeginReset::Send(PendingReset { expires_at, ..known.pending }))
    }

    /// The first attempt. Without somebody to send to, the same row is written, void from the start.
    async fn insert(
        &self,
        write: &Write<'_>,
        order: &OutboxRow,
        email: &EmailAddress,
        account: Option<&User>,
    ) -> Result<BeginReset, Failure> {
        let stranger = UserId::new(write.uuid());
        let (user, epoch) =
            account.map_or((stranger, CredentialEpoch(0)), |user| (user.id, user.credential_epoch));
        let id = ResetId::new(write.uuid());
        let is_live = others_live(write, user, id).await? < LIVE_RESETS_MAX && account.is_some();
        let expires_at = write.now.plus(self.valid_for);
        let sql = "INSERT INTO resets (id, order_id, namespace, user_id, email, credential_epoch, mac_key, expires_at,
                                       is_attempted, may_have_left, void_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, true, false, $9) ON CONFLICT (order_id) DO NOTHING";
        let written = write
            .execute(
                sql,
                &[
                    &id.uuid(),
                    &order.id.uuid(),
                    &order.order.namespace.as_str(),
                    &user.uuid(),
                    &email.as_str(),
                    &i64::from(epoch.0),
                    &i64::from(self.mac_key.0),
                    &expires_at.as_millis(),
                    &(!is_live).then_some(write.at()),
                ],
            )
            .await?;
        if written == 0 {
            // Another worker, whose lease must have ended, was faster with the same order.
            return Err(Failure::Overtaken);
        }
        if !is_live {
            return Ok(BeginReset::Nothing);
        }
        let mac_key = self.mac_key;
        Ok(BeginReset::Send(PendingReset { id, user, email: email.clone(), epoch, mac_key, expires_at }))
    }
}

/// How many resets of a user live beside this one.
async fn others_live(write: &Write<'_>, user: UserId, reset: ResetId) -> Result<usize, Failure> {
    let sql = "SELECT count(*) FROM resets
                WHERE user_id = $1 AND void_at IS NULL AND expires_at > $2 AND id <> $3";
    let row = write.query_opt(sql, &[&user.uuid(), &write.at(), &reset.uuid()]).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

impl Intention for RedeemReset {
    type Outcome = AccountChange;

    async fn run(&self, write: &Write<'_>) -> Result<AccountChange, Failure> {
        let sql = format!("SELECT {RESET_COLUMNS} FROM resets r WHERE r.id = $1 AND r.namespace = $2");
        let row = write.query_opt(&sql, &[&self.reset.uuid(), &self.namespace.as_str()]).await?;
        let Some(row) = row else { return Ok(AccountChange::Refused) };
        let row = reset(&row, 0)?;
        let is_live = !row.is_void
            && row.pending.expires_at > write.now
            && row.pending.user == self.user
            && row.pending.epoch == self.expected_epoch;
        if !is_live {
            return Ok(AccountChange::Refused);
        }
        // Whatever voided the reset in the meantime has raised the epoch, and so this finds no row.
        let sql = format!(
            "UPDATE users AS u SET password = $4, email_verified = true, credential_epoch = credential_epoch + 1,
                                   updated_at = $5
              WHERE namespace = $1 AND id = $2 AND credential_epoch = $3 AND status = 'active'
              RETURNING {USER_COLUMNS}"
        );
        let epoch = i64::from(self.expected_epoch.0);
        let changed = write
            .query_opt(
                &sql,
                &[&self.namespace.as_str(), &self.user.uuid(), &epoch, &self.password.0, &write.at()],
            )
            .await?;
        let Some(row) = changed else { return Ok(AccountChange::Refused) };
        let user = user(&row, 0)?;
        end_everything_of(write, &self.namespace, user.id, RevokeReason::PasswordReset).await?;
        orders::insert(write, &self.notice).await?;
        let about = About { namespace: Some(&self.namespace), user: Some(user.id), ..About::default() };
        record(write, EventKind::PasswordReset, about, &self.audit).await?;
        Ok(AccountChange::Done(user))
    }
}
