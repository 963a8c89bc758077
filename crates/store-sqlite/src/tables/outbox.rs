//! Mail orders, row by row.

use crate::rows::{FORGOT_PASSWORD, OUTBOX_COLUMNS, outbox_row};
use crate::writer::Write;
use app::outbox::{MailOrder, MailSubject, OutboxRow};
use domain::email_address::EMAIL_MAX;
use domain::ids::OutboxId;
use domain::redirect::REDIRECT_MAX;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// Writes one order, due at once.
pub(crate) fn insert(write: &Write<'_>, order: &MailOrder) -> Result<OutboxId> {
    let id = OutboxId::new(write.uuid());
    let (kind, user, email, redirect, padding) = match &order.subject {
        MailSubject::ForgotPassword { email, redirect } => {
            let (email, redirect) = (email.as_str(), redirect.as_str());
            // One size for every address: the growth of the database must not tell who was asked for.
            let padding = (EMAIL_MAX + REDIRECT_MAX).saturating_sub(email.len() + redirect.len());
            (FORGOT_PASSWORD, None, Some(email), Some(redirect), i64::try_from(padding).unwrap_or(0))
        }
        MailSubject::Notice { user, notice } => (notice.name(), Some(*user.uuid().as_bytes()), None, None, 0),
    };
    write
        .connection
        .prepare_cached(
            "INSERT INTO outbox (id, namespace, locale, kind, user_id, email, redirect_to, padding, state, attempts, created_at, next_attempt_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, zeroblob(?8), 'pending', 0, ?9, ?9)",
        )?
        .execute(params![
            id.uuid().as_bytes(),
            order.namespace.as_str(),
            order.locale.tag(),
            kind,
            user,
            email,
            redirect,
            padding,
            write.now.as_millis()
        ])?;
    Ok(id)
}

/// One order.
pub(crate) fn find(connection: &Connection, id: OutboxId) -> Result<Option<OutboxRow>> {
    let sql = format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id.uuid().as_bytes()], outbox_row).optional()
}
