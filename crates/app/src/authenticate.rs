//! Who calls: an access token, checked for signature, expiry and a living session.
//!
//! The generation in the token is ignored on purpose: a rotation in one tab must not break another.

use crate::credentials::HeaderText;
use crate::fault::Fault;
use crate::service::{Namespace, Service};
use domain::account::User;
use domain::session::{Ended, Session};

/// A signed-in caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// The session the access token belongs to.
    pub session: Session,
}

/// Why a caller is not let in.
#[derive(Debug)]
pub enum AuthenticateError {
    /// No access token.
    Missing,
    /// Not one of this namespace's access tokens.
    NotGenuine,
    /// An access token whose time is over.
    Expired,
    /// Its session does not live.
    Ended(Ended),
    /// A dependency failed.
    Fault(Fault),
}

/// Finds out who calls.
///
/// # Errors
/// Why the caller is not let in.
pub async fn authenticate(
    service: &Service,
    namespace: &Namespace,
    header: &HeaderText,
) -> Result<Caller, AuthenticateError> {
    let claims = match header {
        HeaderText::Absent => return Err(AuthenticateError::Missing),
        HeaderText::Other => None,
        HeaderText::Bearer(text) => service.access_tokens.read(&namespace.name, text.expose()),
    };
    let claims = claims.ok_or(AuthenticateError::NotGenuine)?;
    if !claims.is_unexpired(service.clock.now()) {
        return Err(AuthenticateError::Expired);
    }
    let view = service
        .store
        .find_session(&namespace.name, claims.session)
        .await
        .map_err(AuthenticateError::Fault)?
        // A row is purged only after the session's end.
        .ok_or(AuthenticateError::Ended(Ended::Expired))?;
    if let Some(ended) = view.session.ended(view.now) {
        return Err(AuthenticateError::Ended(ended));
    }
    match view.user {
        Some(user) if user.id == claims.user => Ok(Caller { user, session: view.session }),
        _ => Err(AuthenticateError::NotGenuine),
    }
}
