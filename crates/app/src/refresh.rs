//! Refresh: new tokens for one credential out of up to four.
//!
//! It never loses an honest session (a retry gets the same successor again) and never hides a theft (a spent
//! token outside every allowance ends the session). The rules are `domain::credential::choose` and
//! `domain::session::classify`; this file only joins them to the store and the keys.

use crate::credentials::{self, PresentedTexts};
use crate::fault::Fault;
use crate::limits::{self, Due, LimitError, Limited};
use crate::ports::limiter::Limit;
use crate::ports::store::{RefreshOutcome, RefreshSession};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Origin, Service};
use crate::tokens::{self, Carriage, TokenGrant};
use domain::credential::{Carried, Choice, NoChoice, Place, choose};
use domain::ids::SessionId;
use domain::session::{Ended, Presented, RevokeReason, Salt, Verdict};

/// Why there are no new tokens.
#[derive(Debug)]
pub enum RefreshError {
    /// No credential counts.
    NoCredential(NoChoice),
    /// A genuine credential counts, and is refused.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Whether the browser's cookie is worthless now.
        clear_cookie: bool,
    },
    /// What came is not genuine, and too much of that has come from this network address. A refresh that could
    /// succeed is never told so.
    Limited(Limited),
    /// A dependency failed.
    Fault(Fault),
}

impl From<Fault> for RefreshError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Why a genuine credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An access token whose time is over.
    AccessTokenExpired,
    /// An honest latecomer: the session goes on with the newer token.
    Superseded,
    /// The bearer chain is over: only a full token or the password helps.
    ReauthenticationRequired,
    /// The session does not live (any more).
    Ended(Ended),
    /// It names what never was.
    NotGenuine,
}

/// The credential that counts, as the store wants it.
struct Chosen {
    session: SessionId,
    salt: Option<Salt>,
    presented: Presented,
    place: Option<Place>,
}

/// Refreshes.
///
/// # Errors
/// Why there are no new tokens.
pub async fn refresh(
    service: &Service,
    namespace: &Namespace,
    texts: &PresentedTexts,
    origin: &Origin,
) -> Result<TokenGrant, RefreshError> {
    match attempt(service, namespace, texts, origin).await {
        Err(error) => Err(counted(service, origin, error).await),
        granted => granted,
    }
}

/// Counts a refusal against its network address. Once there were too many, what is not even genuine is told that
/// instead; a genuine credential keeps its reason, which its client acts on.
async fn counted(service: &Service, origin: &Origin, error: RefreshError) -> RefreshError {
    let is_forged = match &error {
        RefreshError::NoCredential(NoChoice::NotGenuine) => true,
        RefreshError::NoCredential(NoChoice::SessionMismatch) | RefreshError::Refused { .. } => false,
        RefreshError::NoCredential(NoChoice::Missing | NoChoice::CsrfRejected)
        | RefreshError::Limited(_)
        | RefreshError::Fault(_) => return error,
    };
    let due = Due::pace(Limit::RefreshAddress, origin.source_key(), service.limits.refresh_address);
    match limits::count_failure(service, due).await {
        Err(LimitError::Limited(limited)) if is_forged => RefreshError::Limited(limited),
        Ok(()) | Err(_) => error,
    }
}

async fn attempt(
    service: &Service,
    namespace: &Namespace,
    texts: &PresentedTexts,
    origin: &Origin,
) -> Result<TokenGrant, RefreshError> {
    let read = credentials::read(service, namespace, texts);
    let cookie_session = session_of(&read.cookie);
    let choice = choose(read).map_err(|none| {
        service.telemetry.count(Signal::RefreshRefused);
        RefreshError::NoCredential(none)
    })?;
    let chosen = chosen(service, choice)?;
    let outcome = submit(service, namespace, &chosen, origin).await?;
    let clear_cookie = cookie_session == Some(chosen.session);
    let carriage = carriage(service, &chosen, &outcome, clear_cookie)?;
    let session =
        outcome.session.ok_or_else(|| Fault::internal("a granted refresh came without its session"))?;
    Ok(tokens::grant(service, namespace, &session, carriage, outcome.now)?)
}

/// The session that a genuine cookie belongs to.
pub(crate) fn session_of(cookie: &Carried) -> Option<SessionId> {
    match cookie {
        Carried::Genuine(token) => Some(token.session),
        Carried::Absent | Carried::NotGenuine => None,
    }
}

fn chosen(service: &Service, choice: Choice) -> Result<Chosen, RefreshError> {
    match choice {
        Choice::Refresh { token, place } => Ok(Chosen {
            session: token.session,
            salt: Some(token.salt),
            presented: Presented::refresh_token(&token),
            place: Some(place),
        }),
        Choice::Access(claims) if claims.is_unexpired(service.clock.now()) => Ok(Chosen {
            session: claims.session,
            salt: None,
            presented: Presented::access_token(&claims),
            place: None,
        }),
        Choice::Access(_) => {
            service.telemetry.count(Signal::RefreshRefused);
            Err(RefreshError::Refused { refusal: Refusal::AccessTokenExpired, clear_cookie: false })
        }
    }
}

async fn submit(
    service: &Service,
    namespace: &Namespace,
    chosen: &Chosen,
    origin: &Origin,
) -> Result<RefreshOutcome, Fault> {
    let refresh = RefreshSession {
        session: chosen.session,
        namespace: namespace.name.clone(),
        salt: chosen.salt,
        presented: chosen.presented,
        policy: namespace.sessions,
        client: origin.client.clone(),
        notice_locale: origin.locale_or(namespace),
        audit: origin.audit(),
    };
    service.store.refresh_session(refresh).await
}

/// What the verdict earns: the answer's carriage, or a refusal.
fn carriage(
    service: &Service,
    chosen: &Chosen,
    outcome: &RefreshOutcome,
    clear_cookie: bool,
) -> Result<Carriage, RefreshError> {
    let full = || match chosen.place {
        Some(Place::Cookie) => Carriage::Cookie,
        _ => Carriage::Body,
    };
    let slot = chosen.presented.slot();
    let (signal, result) = match outcome.verdict {
        Verdict::Rotate => (Signal::RefreshRotated, Ok(full())),
        Verdict::Regrant => (Signal::RefreshRegranted, Ok(full())),
        Verdict::Extend { deadline } => (Signal::RefreshExtended, Ok(Carriage::Bearer { slot, deadline })),
        Verdict::Superseded => (Signal::RefreshRefused, Err(Refusal::Superseded)),
        Verdict::ReauthenticationRequired => (Signal::RefreshRefused, Err(Refusal::ReauthenticationRequired)),
        Verdict::NeverIssued => (Signal::RefreshRefused, Err(Refusal::NotGenuine)),
        Verdict::Ended(ended) => (Signal::RefreshRefused, Err(Refusal::Ended(ended))),
        Verdict::Reused => {
            (Signal::RefreshReused, Err(Refusal::Ended(Ended::Revoked(RevokeReason::RefreshReused))))
        }
    };
    service.telemetry.count(signal);
    result.map_err(|refusal| {
        let is_over = matches!(refusal, Refusal::Ended(_));
        RefreshError::Refused { refusal, clear_cookie: is_over && clear_cookie }
    })
}
