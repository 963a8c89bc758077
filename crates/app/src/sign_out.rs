//! Sign out: end this session, the others, or all. Committed before the answer.
//!
//! A client that wants out is let out: any genuine full token, however old, ends its session without an
//! alarm, and an access token may do so for a day after it expired. Ending *other* sessions takes a
//! credential that still opens something.

use crate::credentials::{self, PresentedTexts};
use crate::fault::Fault;
use crate::ports::store::{EndSession, EndSessions};
use crate::refresh::{Refusal, session_of};
use crate::service::{Namespace, Origin, Service};
use domain::access_token::EXPIRED_SIGN_OUT_WINDOW;
use domain::credential::{Choice, NoChoice, choose};
use domain::ids::{SessionId, UserId};
use domain::refresh_token::TokenClass;
use domain::session::{Ended, Presented, RevokeReason, Salt, Verdict, classify};
use domain::time::UnixMillis;

/// Which sessions end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignOutScope {
    /// This one.
    #[default]
    Local,
    /// All but this one.
    Others,
    /// All.
    Global,
}

/// Why nothing ended.
#[derive(Debug)]
pub enum SignOutError {
    /// No credential counts.
    NoCredential(NoChoice),
    /// A genuine credential counts, and is refused.
    Refused(Refusal),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for SignOutError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What a sign-out leaves for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Whether the browser's cookie is worthless now.
    pub clear_cookie: bool,
}

/// Signs out.
///
/// # Errors
/// Why nothing ended.
pub async fn sign_out(
    service: &Service,
    namespace: &Namespace,
    texts: &PresentedTexts,
    scope: SignOutScope,
    origin: &Origin,
) -> Result<SignedOut, SignOutError> {
    let read = credentials::read(service, namespace, texts);
    let cookie_session = session_of(&read.cookie);
    let choice = choose(read).map_err(SignOutError::NoCredential)?;
    let session = match scope {
        SignOutScope::Local => end_own(service, namespace, &choice, origin).await?,
        SignOutScope::Others | SignOutScope::Global => {
            end_many(service, namespace, &choice, scope, origin).await?
        }
    };
    let own_ended = scope != SignOutScope::Others;
    Ok(SignedOut { clear_cookie: own_ended && cookie_session == Some(session) })
}

async fn end_own(
    service: &Service,
    namespace: &Namespace,
    choice: &Choice,
    origin: &Origin,
) -> Result<SessionId, SignOutError> {
    let (session, salt) = may_end_own(choice, service.clock.now()).map_err(SignOutError::Refused)?;
    let end = EndSession {
        namespace: namespace.name.clone(),
        session,
        user: None,
        salt,
        reason: RevokeReason::SignOut,
        audit: origin.audit(),
    };
    // Already ended, or purged since: the client has what it wants.
    service.store.end_session(end).await?;
    Ok(session)
}

fn may_end_own(choice: &Choice, now: UnixMillis) -> Result<(SessionId, Option<Salt>), Refusal> {
    match choice {
        Choice::Refresh { token, .. } => match token.class {
            TokenClass::Bearer { deadline } if now >= deadline.plus(EXPIRED_SIGN_OUT_WINDOW) => {
                Err(Refusal::ReauthenticationRequired)
            }
            _ => Ok((token.session, Some(token.salt))),
        },
        Choice::Access(claims) if claims.may_end_its_session(now) => Ok((claims.session, None)),
        Choice::Access(_) => Err(Refusal::AccessTokenExpired),
    }
}

async fn end_many(
    service: &Service,
    namespace: &Namespace,
    choice: &Choice,
    scope: SignOutScope,
    origin: &Origin,
) -> Result<SessionId, SignOutError> {
    let (session, user) = live_owner(service, namespace, choice).await?;
    let (except, reason) = match scope {
        SignOutScope::Others => (Some(session), RevokeReason::EndedElsewhere),
        SignOutScope::Local | SignOutScope::Global => (None, RevokeReason::SignOut),
    };
    let audit = origin.audit();
    let end = EndSessions { namespace: namespace.name.clone(), user, except, reason, audit };
    service.store.end_sessions(end).await?;
    Ok(session)
}

/// The session and user of a credential that would still open something.
async fn live_owner(
    service: &Service,
    namespace: &Namespace,
    choice: &Choice,
) -> Result<(SessionId, UserId), SignOutError> {
    let id = match choice {
        Choice::Refresh { token, .. } => token.session,
        Choice::Access(claims) => claims.session,
    };
    let view = service.store.find_session(&namespace.name, id).await?;
    let view = view.ok_or(SignOutError::Refused(Refusal::Ended(Ended::Expired)))?;
    let refusal = match choice {
        Choice::Access(claims) if !claims.is_unexpired(view.now) => Some(Refusal::AccessTokenExpired),
        // As on our own routes, the generation of an access token does not matter here.
        Choice::Access(_) => view.session.ended(view.now).map(Refusal::Ended),
        Choice::Refresh { token, .. } if token.salt != view.session.salt => Some(Refusal::NotGenuine),
        Choice::Refresh { token, .. } => {
            let presented = Presented::refresh_token(token);
            not_live(classify(&view.session, presented, view.now, &namespace.sessions))
        }
    };
    match refusal {
        Some(refusal) => Err(SignOutError::Refused(refusal)),
        None => Ok((view.session.id, view.session.user)),
    }
}

fn not_live(verdict: Verdict) -> Option<Refusal> {
    match verdict {
        Verdict::Rotate | Verdict::Regrant | Verdict::Extend { .. } => None,
        Verdict::Superseded | Verdict::Reused => Some(Refusal::Superseded),
        Verdict::ReauthenticationRequired => Some(Refusal::ReauthenticationRequired),
        Verdict::Ended(ended) => Some(Refusal::Ended(ended)),
        Verdict::NeverIssued => Some(Refusal::NotGenuine),
    }
}
