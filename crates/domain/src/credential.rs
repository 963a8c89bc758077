//! Which of the credentials that a request carries counts.
//!
//! A refresh or sign-out may carry a refresh token in its body (B), a refresh token (Hr) or an access token
//! (Ha) in its `Authorization` header, and the namespace's cookie (C). Exactly one is chosen. Explicit beats
//! ambient, and a credential that is genuine but refused never falls through to another: a thief's spent
//! token must raise the alarm even when a cookie beside it would have worked.

use crate::access_token::AccessClaims;
use crate::refresh_token::{RefreshToken, TokenClass};
use crate::session::Slot;

/// A refresh token at one place of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// None there.
    Absent,
    /// Something is there that we did not make, or not for this place.
    NotGenuine,
    /// One of ours.
    Genuine(RefreshToken),
}

impl Carried {
    /// Full tokens count only where their slot travels, and bearer-class tokens only where a client puts them on
    /// purpose: else a cookie read out by a script could be turned into a body token, or the other way round.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        match (&self, place) {
            (Self::Genuine(token), Place::Body | Place::Header)
                if token.class == TokenClass::Full && token.slot != Slot::Body =>
            {
                Self::NotGenuine
            }
            (Self::Genuine(token), Place::Cookie)
                if token.class != TokenClass::Full || token.slot != Slot::Cookie =>
            {
                Self::NotGenuine
            }
            _ => self,
        }
    }
}

/// What the `Authorization` header holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderCredential {
    /// No such header.
    Absent,
    /// Something that is neither of ours, such as `Bearer undefined`: ignored.
    Unreadable,
    /// A text with the refresh token's prefix.
    Refresh(Carried),
    /// An access token with a valid signature of this namespace, perhaps expired.
    Access(AccessClaims),
}

/// Where the chosen refresh token stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The request body.
    Body,
    /// The `Authorization` header.
    Header,
    /// The namespace's cookie.
    Cookie,
}

/// Whether a browser's request may use the cookie at all (Fetch Metadata and `Origin`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CookieGate {
    /// Not a browser, or a browser on an allowed page.
    Open,
    /// A page of another site.
    Shut,
}

/// Everything that a refresh or sign-out carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// B.
    pub body: Carried,
    /// Hr or Ha.
    pub header: HeaderCredential,
    /// C.
    pub cookie: Carried,
    /// Whether C may be used.
    pub gate: CookieGate,
}

/// The one credential that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A genuine refresh token.
    Refresh {
        /// Its content.
        token: RefreshToken,
        /// Where it stood.
        place: Place,
    },
    /// A validly signed access token, perhaps expired.
    Access(AccessClaims),
}

/// Why no credential counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoChoice {
    /// The request carries none.
    Missing,
    /// What it carries is not ours.
    NotGenuine,
    /// The refresh token and the access token belong to different sessions.
    SessionMismatch,
    /// The cookie would count, but a page of another site sent it.
    CsrfRejected,
}

/// Chooses the credential that counts.
///
/// # Errors
/// Why none does.
pub fn choose(credentials: Credentials) -> Result<Choice, NoChoice> {
    let Credentials { body, header, cookie, gate } = credentials;
    let (explicit, place, access) = match (body, header) {
        (Carried::Absent, HeaderCredential::Refresh(token)) => (token, Place::Header, Access::None),
        (body, HeaderCredential::Access(claims)) => (body, Place::Body, Access::Signed(claims)),
        (body, HeaderCredential::Absent) => (body, Place::Body, Access::None),
        (body, HeaderCredential::Unreadable | HeaderCredential::Refresh(_)) => {
            (body, Place::Body, Access::Unreadable)
        }
    };
    match explicit.at(place) {
        Carried::NotGenuine => Err(NoChoice::NotGenuine),
        Carried::Genuine(token) => match access {
            Access::Signed(claims) if claims.session != token.session => Err(NoChoice::SessionMismatch),
            _ => Ok(Choice::Refresh { token, place }),
        },
        Carried::Absent => choose_ambient(cookie.at(Place::Cookie), access, gate),
    }
}

/// What the header adds to a body or a cookie.
enum Access {
    None,
    Unreadable,
    Signed(AccessClaims),
}

/// The cookie is ambient: one that is not ours, or belongs to another session than the access token that
/// the client attached on purpose, is as good as absent.
fn choose_ambient(cookie: Carried, access: Access, gate: CookieGate) -> Result<Choice, NoChoice> {
    match (cookie, access) {
        (Carried::Genuine(token), Access::Signed(claims)) if claims.session != token.session => {
            Ok(Choice::Access(claims))
        }
        (Carried::Genuine(_), _) if gate == CookieGate::Shut => Err(NoChoice::CsrfRejected),
        (Carried::Genuine(token), _) => Ok(Choice::Refresh { token, place: Place::Cookie }),
        (_, Access::Signed(claims)) => Ok(Choice::Access(claims)),
        (Carried::NotGenuine, _) | (_, Access::Unreadable) => Err(NoChoice::NotGenuine),
        (Carried::Absent, Access::None) => Err(NoChoice::Missing),
    }
}

/// The token of the session that a browser still holds as somebody signs in there. It counts where a refresh would use it, so
/// no page of another site signs anybody out by signing them in.
pub fn held(cookie: Carried, gate: CookieGate) -> Option<RefreshToken> {
    match (cookie.at(Place::Cookie), gate) {
        (Carried::Genuine(token), CookieGate::Open) => Some(token),
        _ => None,
    }
}
