//! `session list|end`

use super::user::{find, in_namespace};
use crate::cli::Session;
use crate::output::{line, session_json, session_line};
use app::audit::AuditContext;
use app::ports::store::{EndSession, EndSessionOutcome, EndSessions};
use app::service::Service;
use domain::ids::SessionId;
use domain::session::RevokeReason;

/// Runs the command.
///
/// # Errors
/// When there is no such account or session, or the store fails.
pub async fn run(service: &Service, command: &Session) -> anyhow::Result<()> {
    match command {
        Session::List(account) => {
            let user = find(service, account).await?;
            for session in service.store.list_sessions(&user.namespace, user.id).await? {
                line(&if account.json { session_json(&session).to_string() } else { session_line(&session) });
            }
        }
        Session::End { account, session: Some(id) } => {
            let user = find(service, account).await?;
            let end = EndSession {
                namespace: user.namespace,
                session: SessionId::new(*id),
                user: Some(user.id),
                salt: None,
                reason: RevokeReason::Operator,
                audit: AuditContext::operator(),
            };
            match service.store.end_session(end).await? {
                EndSessionOutcome::Ended => line("The session has ended."),
                EndSessionOutcome::AlreadyEnded => line("The session had ended before."),
                EndSessionOutcome::NotFound => anyhow::bail!("this account has no session {id}"),
            }
        }
        Session::End { account, session: None } => {
            let namespace = in_namespace(service, &account.namespace)?.name.clone();
            let user = find(service, account).await?.id;
            let audit = AuditContext::operator();
            let end = EndSessions { namespace, user, except: None, reason: RevokeReason::Operator, audit };
            let ended = service.store.end_sessions(end).await?;
            line(&format!("{ended} sessions have ended."));
        }
    }
    Ok(())
}
