//! Mail orders, row by row.

use crate::rows::{OUTBOX_COLUMNS, outbox_row};
use crate::writer::Write;
use app::outbox::{MailOrder, OutboxRow};
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::redirect::RedirectTarget;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

/// Writes one order, due at once.
pub(crate) fn insert(write: &Write<'_>, order: &MailOrder) -> Result<OutboxId> {
    let id = OutboxId::new(write.uuid());
    let subject = &order.subject;
    let (email, redirect) = subject.address().unzip();
    let padding = i64::try_from(subject.padding()).unwrap_or(0);
    write
        .connection
        .prepare_cached(
            "INSERT INTO outbox (id, namespace, locale, kind, user_id, email, redirect_to, padding, session_id, state, attempts, created_at, next_attempt_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, zeroblob(?8), ?9, 'pending', 0, ?10, ?10)",
        )?
        .execute(params![
            id.uuid().as_bytes(),
            order.namespace.as_str(),
            order.locale.tag(),
            subject.kind(),
            subject.user().map(|user| *user.uuid().as_bytes()),
            email.map(EmailAddress::as_str),
            redirect.map(RedirectTarget::as_str),
            padding,
            subject.session().map(|session| *session.uuid().as_bytes()),
            write.now.as_millis()
        ])?;
    Ok(id)
}

/// One order.
pub(crate) fn find(connection: &Connection, id: OutboxId) -> Result<Option<OutboxRow>> {
    let sql = format!("SELECT {OUTBOX_COLUMNS} FROM outbox WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id.uuid().as_bytes()], outbox_row).optional()
}
