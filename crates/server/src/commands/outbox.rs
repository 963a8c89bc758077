//! `outbox list|retry`

use crate::cli::{Outbox, OutboxState};
use crate::output::{line, mail_json, mail_line};
use app::outbox::MailState;
use app::service::Service;
use domain::ids::OutboxId;

/// Runs the command.
///
/// # Errors
/// When there is no such dead mail, or the store fails.
pub async fn run(service: &Service, command: &Outbox) -> anyhow::Result<()> {
    match command {
        Outbox::List { state, all, limit, json } => {
            let wanted = state.map(|state| match state {
                OutboxState::Pending => MailState::Pending,
                OutboxState::Dead => MailState::Dead,
            });
            // The filter comes before the limit: a hundred waiting mails must not hide a dead one.
            let read_max = if wanted.is_some() { u32::MAX } else { *limit };
            let rows = service.store.list_mail(*all, read_max).await?;
            let shown = rows.iter().filter(|row| wanted.is_none_or(|wanted| wanted == row.state));
            for row in shown.take(usize::try_from(*limit)?) {
                line(&if *json { mail_json(row).to_string() } else { mail_line(row) });
            }
        }
        Outbox::Retry { id } => {
            let count = service.store.retry_mail(id.map(OutboxId::new)).await?;
            anyhow::ensure!(count > 0 || id.is_none(), "there is no dead mail of that id");
            line(&format!("{count} mails are due again."));
        }
    }
    Ok(())
}
