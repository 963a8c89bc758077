//! A signed-in user looks at their sessions and ends one of them.

use crate::authenticate::Caller;
use crate::fault::Fault;
use crate::ports::store::{EndSession, EndSessionOutcome};
use crate::service::{Origin, Service};
use domain::ids::SessionId;
use domain::session::{RevokeReason, Session};

/// The caller's live sessions, the latest proof first.
///
/// # Errors
/// When the store fails.
pub async fn list_sessions(service: &Service, caller: &Caller) -> Result<Vec<Session>, Fault> {
    service.store.list_sessions(&caller.user.namespace, caller.user.id).await
}

/// Ends one of the caller's sessions, perhaps the one that asks. Nothing is said of other people's sessions:
/// they are simply not found.
///
/// # Errors
/// When the store fails.
pub async fn end_session(
    service: &Service,
    caller: &Caller,
    session: SessionId,
    origin: &Origin,
) -> Result<EndSessionOutcome, Fault> {
    let is_own = session == caller.session.id;
    let end = EndSession {
        namespace: caller.user.namespace.clone(),
        session,
        user: Some(caller.user.id),
        salt: None,
        reason: if is_own { RevokeReason::SignOut } else { RevokeReason::EndedElsewhere },
        audit: origin.audit(),
    };
    service.store.end_session(end).await
}
