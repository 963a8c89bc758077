//! The rows of sessions, inside a transaction.

use crate::failure::Failure;
use crate::rows::{SESSION_COLUMNS, session};
use crate::writer::Write;
use domain::ids::{SessionId, UserId};
use domain::namespace::NamespaceName;
use domain::session::{RevokeReason, Session};

/// A session, locked.
pub(crate) async fn lock(
    write: &Write<'_>,
    namespace: &NamespaceName,
    id: SessionId,
) -> Result<Option<Session>, Failure> {
    let sql =
        format!("SELECT {SESSION_COLUMNS} FROM sessions s WHERE s.id = $1 AND s.namespace = $2 FOR UPDATE");
    let row = write.query_opt(&sql, &[&id.uuid(), &namespace.as_str()]).await?;
    row.map(|row| session(&row, 0)).transpose()
}

/// Writes a session that begins.
pub(crate) async fn insert(write: &Write<'_>, session: &Session) -> Result<(), Failure> {
    let sql = "INSERT INTO sessions (id, namespace, user_id, salt, mac_key, credential_epoch,
             body_generation, body_rotated_at, body_previous_rotated_at,
             cookie_generation, cookie_rotated_at, cookie_previous_rotated_at,
             created_at, last_proof_at, idle_deadline, absolute_deadline, user_agent, address)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7, 0, $7, $7, $7, $7, $8, $9, $10, $11)";
    write
        .execute(
            sql,
            &[
                &session.id.uuid(),
                &session.namespace.as_str(),
                &session.user.uuid(),
                &session.salt.0.as_slice(),
                &i64::from(session.mac_key.0),
                &i64::from(session.credential_epoch.0),
                &session.created_at.as_millis(),
                &session.idle_deadline.as_millis(),
                &session.absolute_deadline.as_millis(),
                &session.client.user_agent,
                &session.client.address,
            ],
        )
        .await
        .map(|_| ())
}

/// Ends one session that has not ended; whether it had not.
pub(crate) async fn revoke(write: &Write<'_>, id: SessionId, reason: RevokeReason) -> Result<bool, Failure> {
    let sql = "UPDATE sessions SET revoked_at = $2, revoke_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    Ok(write.execute(sql, &[&id.uuid(), &write.at(), &reason.name()]).await? > 0)
}

/// Ends every session of a user, those too whose time is over: a clock that is put back must not revive what grew
/// from an old credential.
pub(crate) async fn revoke_all_of(
    write: &Write<'_>,
    namespace: &NamespaceName,
    user: UserId,
    reason: RevokeReason,
) -> Result<(), Failure> {
    let sql = "UPDATE sessions SET revoked_at = $3, revoke_reason = $4
                WHERE user_id = $1 AND namespace = $2 AND revoked_at IS NULL";
    write.execute(sql, &[&user.uuid(), &namespace.as_str(), &write.at(), &reason.name()]).await.map(|_| ())
}
