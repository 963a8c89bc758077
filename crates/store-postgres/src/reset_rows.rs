//! The rows of mailed resets, inside a transaction.

use crate::failure::Failure;
use crate::rows::Cells;
use crate::writer::Write;
use app::ports::store::PendingReset;
use domain::account::CredentialEpoch;
use domain::ids::{OutboxId, ResetId, UserId};
use domain::refresh_token::MacKeyId;
use tokio_postgres::Row;

/// The columns that [`reset`] reads, in its order.
pub(crate) const RESET_COLUMNS: &str =
    "r.id, r.user_id, r.email, r.credential_epoch, r.mac_key, r.expires_at,
    (r.is_attempted OR r.may_have_left), (r.void_at IS NOT NULL)";

/// A reset as it is stored.
pub(crate) struct ResetRow {
    /// What the mail needs.
    pub(crate) pending: PendingReset,
    /// A resend must carry the same link.
    pub(crate) may_have_left: bool,
    /// It was used or voided.
    pub(crate) is_void: bool,
}

/// A reset, from the cell at `at` on.
pub(crate) fn reset(row: &Row, at: usize) -> Result<ResetRow, Failure> {
    let mut cells = Cells::new(row, at);
    Ok(ResetRow {
        pending: PendingReset {
            id: ResetId::new(cells.cell()?),
            user: cells.user_id()?,
            email: cells.email()?,
            epoch: CredentialEpoch(cells.count()?),
            mac_key: MacKeyId(cells.count()?),
            expires_at: cells.moment()?,
        },
        may_have_left: cells.cell()?,
        is_void: cells.cell()?,
    })
}

/// Voids every live reset of a user whose row is locked.
pub(crate) async fn void_all_of(write: &Write<'_>, user: UserId) -> Result<(), Failure> {
    let sql = "UPDATE resets SET void_at = $2 WHERE user_id = $1 AND void_at IS NULL";
    write.execute(sql, &[&user.uuid(), &write.at()]).await.map(|_| ())
}

/// Records that the attempt of an order is over, and whether its text may have reached the mail server.
pub(crate) async fn close_attempt(
    write: &Write<'_>,
    order: OutboxId,
    may_have_reached_data: bool,
) -> Result<(), Failure> {
    let sql =
        "UPDATE resets SET is_attempted = false, may_have_left = may_have_left OR $2 WHERE order_id = $1";
    write.execute(sql, &[&order.uuid(), &may_have_reached_data]).await.map(|_| ())
}
