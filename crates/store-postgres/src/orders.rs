//! The rows of the outbox, inside a transaction.

use crate::failure::Failure;
use crate::rows::{FORGOT_PASSWORD, OUTBOX_COLUMNS, outbox_row};
use crate::writer::Write;
use app::outbox::{MailOrder, MailSubject, OutboxRow};
use domain::email_address::EMAIL_MAX;
use domain::ids::{OutboxId, UserId};
use domain::redirect::REDIRECT_MAX;

/// Writes one order, due at once.
pub(crate) async fn insert(write: &Write<'_>, order: &MailOrder) -> Result<OutboxId, Failure> {
    let id = OutboxId::new(write.uuid());
    let (kind, user, email, redirect, padding) = match &order.subject {
        MailSubject::ForgotPassword { email, redirect } => {
            let (email, redirect) = (email.as_str(), redirect.as_str());
            // One size for every address: the growth of the database must not tell who was asked for.
            let padding = (EMAIL_MAX + REDIRECT_MAX).saturating_sub(email.len() + redirect.len());
            (FORGOT_PASSWORD, None, Some(email), Some(redirect), padding)
        }
        MailSubject::Notice { user, notice } => (notice.name(), Some(*user), None, None, 0),
    };
    let sql = "INSERT INTO outbox (id, namespace, locale, kind, user_id, email, redirect_to, padding, state, attempts,
                                   created_at, next_attempt_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, $9, $9)";
    write
        .execute(
            sql,
            &[
                &id.uuid(),
                &order.namespace.as_str(),
                &order.locale.tag(),
                &kind,
                &user.map(UserId::uuid),
                &email,
                &redirect,
                &write.noise(padding),
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
