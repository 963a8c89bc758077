//! What every change of a credential ends.

use crate::tables::resets::void_all_of;
use crate::tables::sessions::revoke_all_of;
use crate::writer::Write;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::session::RevokeReason;
use rusqlite::Result;

/// Ends all sessions and voids all mailed resets of a user.
pub(crate) fn end_everything_of(
    write: &Write<'_>,
    namespace: &NamespaceName,
    user: UserId,
    reason: RevokeReason,
) -> Result<()> {
    revoke_all_of(write, namespace, user, reason)?;
    void_all_of(write, user)
}
