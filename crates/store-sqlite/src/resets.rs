//! Mailed password resets.

use crate::credential_change::end_everything_of;
use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{USER_COLUMNS, user};
use crate::tables::outbox;
use crate::tables::resets::{ResetRow, find_by};
use crate::tables::users::find_user_by_email;
use crate::writer::Write;
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
use rusqlite::{OptionalExtension as _, Result, params};
use std::time::Duration;

#[async_trait]
impl ResetStore for SqliteStore {
    async fn begin_reset(
        &self,
        order: OutboxId,
        mac_key: MacKeyId,
        valid_for: Duration,
    ) -> Result<BeginReset, Fault> {
        self.writer.submit(move |write| begin_reset(write, order, mac_key, valid_for)).await
    }

    async fn find_reset(&self, namespace: &NamespaceName, id: ResetId) -> Result<Option<StoredReset>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| {
            let row = find_by(
                connection,
                "id = ?1 AND namespace = ?2",
                params![id.uuid().as_bytes(), namespace.as_str()],
            )?;
            Ok(row.map(|row| StoredReset { pending: row.pending, is_void: row.is_void, now }))
        })
    }

    async fn redeem_reset(&self, redeem: RedeemReset) -> Result<AccountChange, Fault> {
        self.writer.submit(move |write| redeem_reset(write, &redeem)).await
    }
}

fn begin_reset(
    write: &Write<'_>,
    order: OutboxId,
    mac_key: MacKeyId,
    valid_for: Duration,
) -> Result<BeginReset> {
    let Some(row) = outbox::find(write.connection, order)? else { return Ok(BeginReset::Nothing) };
    let MailSubject::ForgotPassword { email, .. } = &row.order.subject else {
        return Ok(BeginReset::Nothing);
    };
    let namespace = &row.order.namespace;
    let account = find_user_by_email(write.connection, namespace, email)?;
    let account = account.filter(|user| user.status == AccountStatus::Active);
    let expires_at = write.now.plus(valid_for);
    match find_by(write.connection, "order_id = ?1", [order.uuid().as_bytes()])? {
        Some(known) => resume(write, known, account.as_ref(), expires_at),
        None => insert(write, &row, email, account.as_ref(), mac_key, expires_at),
    }
}

/// A further attempt of the same order.
fn resume(
    write: &Write<'_>,
    known: ResetRow,
    account: Option<&User>,
    expires_at: UnixMillis,
) -> Result<BeginReset> {
    let is_obsolete = known.is_void
        || account
            .is_none_or(|user| user.id != known.pending.user || user.credential_epoch != known.pending.epoch);
    if is_obsolete {
        return Ok(BeginReset::Nothing);
    }
    let same_link = known.may_have_left && known.pending.expires_at > write.now;
    // A link whose time was over does not count as live; renewed, it would be one too many.
    if !same_link && others_live(write, known.pending.user, known.pending.id)? >= LIVE_RESETS_MAX {
        return Ok(BeginReset::Nothing);
    }
    let expires_at = if same_link { known.pending.expires_at } else { expires_at };
    // A new expiry is a new link, and that one has not left yet.
    write
        .connection
        .prepare_cached("UPDATE resets SET expires_at = ?2, is_attempted = 1, may_have_left = may_have_left AND ?3 WHERE id = ?1")?
        .execute(params![known.pending.id.uuid().as_bytes(), expires_at.as_millis(), same_link])?;
    Ok(BeginReset::Send(PendingReset { expires_at, ..known.pending }))
}

/// The first attempt. Without somebody to send to, the same row is written, void from the start.
fn insert(
    write: &Write<'_>,
    order: &OutboxRow,
    email: &EmailAddress,
    account: Option<&User>,
    mac_key: MacKeyId,
    expires_at: UnixMillis,
) -> Result<BeginReset> {
    let stranger = UserId::new(write.uuid());
    let (user, epoch) =
        account.map_or((stranger, CredentialEpoch(0)), |user| (user.id, user.credential_epoch));
    let id = ResetId::new(write.uuid());
    let is_live = others_live(write, user, id)? < LIVE_RESETS_MAX && account.is_some();
    write
        .connection
        .prepare_cached(
            "INSERT INTO resets (id, order_id, namespace, user_id, email, credential_epoch, mac_key, expires_at, is_attempted, may_have_left, void_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 0, ?9)",
        )?
        .execute(params![
            id.uuid().as_bytes(),
            order.id.uuid().as_bytes(),
            order.order.namespace.as_str(),
            user.uuid().as_bytes(),
            email.as_str(),
            epoch.0,
            mac_key.0,
            expires_at.as_millis(),
            (!is_live).then_some(write.now.as_millis()),
        ])?;
    if !is_live {
        return Ok(BeginReset::Nothing);
    }
    Ok(BeginReset::Send(PendingReset { id, user, email: email.clone(), epoch, mac_key, expires_at }))
}

/// How many resets of a user live beside this one.
fn others_live(write: &Write<'_>, user: UserId, reset: ResetId) -> Result<usize> {
    let count: u32 = write
        .connection
        .prepare_cached(
            "SELECT count(*) FROM resets
              WHERE user_id = ?1 AND void_at IS NULL AND expires_at > ?2 AND id <> ?3",
        )?
        .query_row(
            params![user.uuid().as_bytes(), write.now.as_millis(), reset.uuid().as_bytes()],
            |row| row.get(0),
        )?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn redeem_reset(write: &Write<'_>, redeem: &RedeemReset) -> Result<AccountChange> {
    let reset = redeem.reset.uuid();
    let key = params![reset.as_bytes(), redeem.namespace.as_str()];
    let Some(row) = find_by(write.connection, "id = ?1 AND namespace = ?2", key)? else {
        return Ok(AccountChange::Refused);
    };
    let is_live = !row.is_void
        && row.pending.expires_at > write.now
        && row.pending.user == redeem.user
        && row.pending.epoch == redeem.expected_epoch;
    if !is_live {
        return Ok(AccountChange::Refused);
    }
    let sql = format!(
        "UPDATE users SET password = ?4, email_verified = 1, credential_epoch = credential_epoch + 1, updated_at = ?5
          WHERE namespace = ?1 AND id = ?2 AND credential_epoch = ?3 AND status = 'active'
          RETURNING {USER_COLUMNS}"
    );
    let changed = write
        .connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                redeem.namespace.as_str(),
                redeem.user.uuid().as_bytes(),
                redeem.expected_epoch.0,
                redeem.password.0,
                write.now.as_millis()
            ],
            user,
        )
        .optional()?;
    let Some(user) = changed else { return Ok(AccountChange::Refused) };
    end_everything_of(write, &redeem.namespace, user.id, RevokeReason::PasswordReset)?;
    outbox::insert(write, &redeem.notice)?;
    let about = About { namespace: Some(&redeem.namespace), user: Some(user.id), ..About::default() };
    record(write, EventKind::PasswordReset, about, &redeem.audit)?;
    Ok(AccountChange::Done(user))
}
