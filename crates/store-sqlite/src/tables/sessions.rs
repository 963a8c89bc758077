//! Sessions, row by row.

use crate::rows::{SESSION_COLUMNS, session};
use crate::writer::Write;
use domain::ids::{SessionId, UserId};
use domain::namespace::NamespaceName;
use domain::session::{RevokeReason, Session};
use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// Lives at `?3`.
pub(crate) const LIVE: &str = "revoked_at IS NULL AND idle_deadline > ?3 AND absolute_deadline > ?3";

/// A session by id.
pub(crate) fn find(
    connection: &Connection,
    namespace: &NamespaceName,
    id: SessionId,
) -> Result<Option<Session>> {
    let sql = format!("SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?1 AND namespace = ?2");
    let mut select = connection.prepare_cached(&sql)?;
    select.query_row(params![id.uuid().as_bytes(), namespace.as_str()], session).optional()
}

/// Writes a session that begins.
pub(crate) fn insert(write: &Write<'_>, session: &Session) -> Result<()> {
    let sql = format!(
        "INSERT INTO sessions ({SESSION_COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7, 0, ?7, ?7, ?7, ?7, ?8, ?9, NULL, NULL, ?10, ?11)"
    );
    write.connection.prepare_cached(&sql)?.execute(params![
        session.id.uuid().as_bytes(),
        session.namespace.as_str(),
        session.user.uuid().as_bytes(),
        session.salt.0,
        session.mac_key.0,
        session.credential_epoch.0,
        session.created_at.as_millis(),
        session.idle_deadline.as_millis(),
        session.absolute_deadline.as_millis(),
        session.client.user_agent,
        session.client.address,
    ])?;
    Ok(())
}

/// Ends one session, unless it has ended before.
pub(crate) fn revoke(write: &Write<'_>, id: SessionId, reason: RevokeReason) -> Result<()> {
    write
        .connection
        .prepare_cached(
            "UPDATE sessions SET revoked_at = ?2, revoke_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL",
        )?
        .execute(params![id.uuid().as_bytes(), write.now.as_millis(), reason.name()])?;
    Ok(())
}

/// Ends every session of a user, those too whose time is over: a clock that is put back must not revive what
/// grew from an old credential.
pub(crate) fn revoke_all_of(
    write: &Write<'_>,
    namespace: &NamespaceName,
    user: UserId,
    reason: RevokeReason,
) -> Result<()> {
    write
        .connection
        .prepare_cached(
            "UPDATE sessions SET revoked_at = ?3, revoke_reason = ?4
              WHERE user_id = ?1 AND namespace = ?2 AND revoked_at IS NULL",
        )?
        .execute(params![user.uuid().as_bytes(), namespace.as_str(), write.now.as_millis(), reason.name()])?;
    Ok(())
}
