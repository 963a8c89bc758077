//! The rows of the outbox, inside a transaction.

use crate::failure::Failure;
use crate::rows::{OUTBOX_COLUMNS, outbox_row};
use crate::writer::Write;
use app::outbox::{MailOrder, OutboxRow};
use domain::email_address::EmailAddress;
use domain::ids::{OutboxId, SessionId, UserId};
use domain::redirect::RedirectTarget;

/// Writes one order, due at once.
pub(crate) async fn insert(write: &Write<'_>, order: &MailOrder) -> Result<OutboxId, Failure> {
    let id = OutboxId::new(write.uuid());
    let subject = &order.subject;
    let (email, redirect) = subject.address().unzip();
    let sql =
        "INSERT INTO outbox (id, namespace, locale, kind, user_id, email, redirect_to, padding, session_id,
                                   state, attempts, created_at, next_attempt_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', 0, $10, $10)";
    write
        .execute(
            sql,
            &[
                &id.uuid(),
                &order.namespace.as_str(),
                &order.locale.tag(),
                &subject.kind(),
                &subject.user().map(UserId::uuid),
                &email.map(EmailAddress::as_str),
                &redirect.map(RedirectTarget::as_str),
                &write.noise(subject.padding()),
                &subject.session().map(SessionId::uuid),
                &write.at(),
            ],
        )
        .await?;
    Ok(id)
}

/// One order.
pub(crate) async fn find(write: &Write<'_>, id: OutboxId) -> Result<Option<OutboxRow>, Failure> {
    let sql = format!("SELECT {OUTBOX_COLUMNS} FROM outbox o WHERE o.id = $1");
    let row = write.query_opt(&sql, &[&id.uuid()]).await?;
    row.map(|row| outbox_row(&row, 0)).transpose()
}
