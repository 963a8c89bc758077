//! The row of a user: found, locked, and what every change of its credential ends.

use crate::failure::Failure;
use crate::reset_rows::void_all_of;
use crate::rows::{USER_COLUMNS, user};
use crate::session_rows::revoke_all_of;
use crate::writer::Write;
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::session::RevokeReason;

/// A user by id, locked: from here to the commit nobody else changes the account or opens a session for it.
pub(crate) async fn lock_user(
    write: &Write<'_>,
    namespace: &NamespaceName,
    id: UserId,
) -> Result<Option<User>, Failure> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users u WHERE u.namespace = $1 AND u.id = $2 FOR UPDATE");
    let row = write.query_opt(&sql, &[&namespace.as_str(), &id.uuid()]).await?;
    row.map(|row| user(&row, 0)).transpose()
}

/// A user by address, locked.
pub(crate) async fn lock_user_by_email(
    write: &Write<'_>,
    namespace: &NamespaceName,
    email: &EmailAddress,
) -> Result<Option<User>, Failure> {
    let sql =
        format!("SELECT {USER_COLUMNS} FROM users u WHERE u.namespace = $1 AND u.email = $2 FOR UPDATE");
    let row = write.query_opt(&sql, &[&namespace.as_str(), &email.as_str()]).await?;
    row.map(|row| user(&row, 0)).transpose()
}

/// Ends all sessions and voids all mailed resets of a user whose row is locked.
pub(crate) async fn end_everything_of(
    write: &Write<'_>,
    namespace: &NamespaceName,
    user: UserId,
    reason: RevokeReason,
) -> Result<(), Failure> {
    revoke_all_of(write, namespace, user, reason).await?;
    void_all_of(write, user).await
}
