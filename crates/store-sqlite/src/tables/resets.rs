//! Mailed resets, row by row.

use crate::rows::{get, moment, parsed, uuid};
use crate::writer::Write;
use app::ports::store::PendingReset;
use domain::account::CredentialEpoch;
use domain::email_address::EmailAddress;
use domain::ids::{OutboxId, ResetId, UserId};
use domain::refresh_token::MacKeyId;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

/// A reset and where it stands.
pub(crate) struct ResetRow {
    pub(crate) pending: PendingReset,
    /// A resend must carry the same link.
    pub(crate) may_have_left: bool,
    pub(crate) is_void: bool,
}

/// The reset that meets a condition.
pub(crate) fn find_by(
    connection: &Connection,
    condition: &str,
    key: impl rusqlite::Params,
) -> Result<Option<ResetRow>> {
    let sql = format!(
        "SELECT id, user_id, email, credential_epoch, mac_key, expires_at, void_at IS NOT NULL AS is_void,
                is_attempted OR may_have_left AS may_have_left FROM resets WHERE {condition}"
    );
    connection.prepare_cached(&sql)?.query_row(key, reset).optional()
}

fn reset(row: &Row<'_>) -> Result<ResetRow> {
    Ok(ResetRow {
        pending: PendingReset {
            id: ResetId::new(uuid(row, "id")?),
            user: UserId::new(uuid(row, "user_id")?),
            email: parsed(row, "email", |text| EmailAddress::parse(text).ok())?,
            epoch: CredentialEpoch(get(row, "credential_epoch")?),
            mac_key: MacKeyId(get(row, "mac_key")?),
            expires_at: moment(row, "expires_at")?,
        },
        may_have_left: get(row, "may_have_left")?,
        is_void: get(row, "is_void")?,
    })
}

/// Voids every live reset of a user.
pub(crate) fn void_all_of(write: &Write<'_>, user: UserId) -> Result<()> {
    write
        .connection
        .prepare_cached("UPDATE resets SET void_at = ?2 WHERE user_id = ?1 AND void_at IS NULL")?
        .execute(params![user.uuid().as_bytes(), write.now.as_millis()])?;
    Ok(())
}

/// Records that the attempt of an order is over, and whether its text may have reached the mail server.
pub(crate) fn close_attempt(write: &Write<'_>, order: OutboxId, may_have_reached_data: bool) -> Result<()> {
    write
        .connection
        .prepare_cached(
            "UPDATE resets SET is_attempted = 0, may_have_left = may_have_left OR ?2 WHERE order_id = ?1",
        )?
        .execute(params![order.uuid().as_bytes(), may_have_reached_data])?;
    Ok(())
}
