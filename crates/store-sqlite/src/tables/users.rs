//! Users, by id and by address.

use crate::rows::{USER_COLUMNS, user};
use domain::account::User;
use domain::email_address::EmailAddress;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// A user by id.
pub(crate) fn find_user(
    connection: &Connection,
    namespace: &NamespaceName,
    id: UserId,
) -> Result<Option<User>> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE namespace = ?1 AND id = ?2");
    let mut select = connection.prepare_cached(&sql)?;
    select.query_row(params![namespace.as_str(), id.uuid().as_bytes()], user).optional()
}

/// A user by address.
pub(crate) fn find_user_by_email(
    connection: &Connection,
    namespace: &NamespaceName,
    email: &EmailAddress,
) -> Result<Option<User>> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE namespace = ?1 AND email = ?2");
    connection.prepare_cached(&sql)?.query_row(params![namespace.as_str(), email.as_str()], user).optional()
}
