//! Making the tokens of a session. It never reads or writes anything: given the row, every token can be
//! made again, byte for byte but for the access token.

use crate::fault::Fault;
use crate::service::{Namespace, Service};
use domain::access_token::AccessClaims;
use domain::refresh_token::{RefreshToken, TokenClass};
use domain::secret::SecretText;
use domain::session::{Session, Slot};
use domain::time::UnixMillis;
use std::time::Duration;

/// What a client gets to stay signed in.
#[derive(Clone)]
pub struct TokenGrant {
    /// The access token, a JWT.
    pub access_token: SecretText,
    /// When it expires, in whole seconds.
    pub expires_at: UnixMillis,
    /// How long that is from now, in whole seconds.
    pub expires_in: Duration,
    /// The refresh token for the body, unless the namespace leaves them out.
    pub refresh_token: Option<SecretText>,
    /// The refresh token for the cookie, if the call earns one.
    pub cookie: Option<CookieGrant>,
}

/// A cookie to be set.
#[derive(Clone)]
pub struct CookieGrant {
    /// Its value.
    pub value: SecretText,
    /// How long the browser keeps it: what is left of the session at most.
    pub max_age: Duration,
}

/// What the answer to a call carries beside the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// Sign-in: a full body token, and a full cookie token if `with_cookie`.
    SignIn {
        /// Whether the call came from a page that may hold the cookie.
        with_cookie: bool,
    },
    /// A body or header token was rotated: its successor, for the body.
    Body,
    /// A cookie was rotated: its successor as a cookie, and a bearer-class token for the body, so that a
    /// script never holds a full token of the cookie's chain.
    Cookie,
    /// A bearer credential was extended: a bearer-class token of the same generation, and no cookie.
    Bearer {
        /// The chain's slot.
        slot: Slot,
        /// The chain's end.
        deadline: UnixMillis,
    },
}

/// Makes the tokens of `session` at `now`.
///
/// # Errors
/// When signing fails or the session's MAC key is gone.
pub fn grant(
    service: &Service,
    namespace: &Namespace,
    session: &Session,
    carriage: Carriage,
    now: UnixMillis,
) -> Result<TokenGrant, Fault> {
    let in_bodies = namespace.refresh_tokens_in_bodies;
    let full = |slot| mint(service, session, slot, TokenClass::Full);
    let (slot, body, cookie) = match carriage {
        Carriage::SignIn { with_cookie } => {
            let slot = if in_bodies { Slot::Body } else { Slot::Cookie };
            let cookie = if with_cookie { Some(full(Slot::Cookie)?) } else { None };
            (slot, full(Slot::Body)?, cookie)
        }
        Carriage::Body => (Slot::Body, full(Slot::Body)?, None),
        Carriage::Cookie => {
            let deadline = session.bearer_deadline(Slot::Cookie, &namespace.sessions);
            let bearer = mint(service, session, Slot::Cookie, TokenClass::Bearer { deadline })?;
            (Slot::Cookie, bearer, Some(full(Slot::Cookie)?))
        }
        Carriage::Bearer { slot, deadline } => {
            (slot, mint(service, session, slot, TokenClass::Bearer { deadline })?, None)
        }
    };
    // No access token outlives its session, and none of a bearer chain outlives the chain.
    let chain_end = match carriage {
        Carriage::Bearer { deadline, .. } => deadline,
        _ => session.absolute_deadline,
    };
    let issued_at = UnixMillis::from_secs(now.as_secs());
    let end = issued_at.plus(namespace.access_token_ttl).min(chain_end);
    let expires_at = UnixMillis::from_secs(end.as_secs());
    let claims = AccessClaims {
        user: session.user,
        session: session.id,
        slot,
        generation: session.chain(slot).generation,
        token_id: service.new_uuid(),
        authenticated_at: UnixMillis::from_secs(session.created_at.as_secs()),
        issued_at,
        expires_at,
    };
    Ok(TokenGrant {
        access_token: service.access_tokens.issue(&namespace.name, &claims)?,
        expires_at,
        expires_in: expires_at.since(issued_at),
        refresh_token: in_bodies.then_some(body),
        cookie: cookie.map(|value| CookieGrant { value, max_age: session.absolute_deadline.since(now) }),
    })
}

fn mint(service: &Service, session: &Session, slot: Slot, class: TokenClass) -> Result<SecretText, Fault> {
    let token = RefreshToken {
        key: session.mac_key,
        salt: session.salt,
        session: session.id,
        slot,
        generation: session.chain(slot).generation,
        class,
    };
    let tag = service
        .macs
        .tag(token.key, &token.signed_bytes(&session.namespace))
        .ok_or_else(|| Fault::internal("the MAC key of a live session is not in the root key file"))?;
    Ok(SecretText::new(token.encode(&tag)))
}
