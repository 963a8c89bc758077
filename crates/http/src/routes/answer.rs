//! The bodies of answers, their fields in the published order.

use crate::extract::call::Call;
use crate::extract::cookie;
use crate::moment::rfc3339;
use crate::options::Mode;
use app::sign_in::SignedIn;
use app::tokens::{CookieGrant, TokenGrant};
use axum::Json;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::User;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use serde::Serialize;

/// An answer that says only what happened.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) message: &'static str,
}

/// A user (contract section 5).
#[derive(Serialize)]
pub(super) struct UserBody {
    id: String,
    email: String,
    email_verified: bool,
    created_at: String,
    updated_at: String,
    last_sign_in_at: Option<String>,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            email_verified: user.email_verified,
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
            last_sign_in_at: user.last_sign_in_at.map(rfc3339),
        }
    }
}

/// Tokens (contract section 1).
#[derive(Serialize)]
struct TokensBody<'a> {
    message: &'static str,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    expires_in: u64,
    expires_at: String,
    expires_at_unix: i64,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserBody>,
}

/// Tokens, and the user where the call is a sign-in.
pub(super) fn tokens(
    message: &'static str,
    grant: &TokenGrant,
    user: Option<&User>,
    mode: Mode,
    namespace: &NamespaceName,
) -> Response {
    let body = TokensBody {
        message,
        access_token: grant.access_token.expose(),
        refresh_token: grant.refresh_token.as_ref().map(SecretText::expose),
        expires_in: grant.expires_in.as_secs(),
        expires_at: rfc3339(grant.expires_at),
        expires_at_unix: grant.expires_at.as_secs(),
        token_type: "bearer",
        user: user.map(UserBody::from),
    };
    let cookie = grant.cookie.as_ref().and_then(|grant| cookie::set(mode, namespace, grant));
    (no_store(cookie), Json(body)).into_response()
}

/// The tokens and the user of a sign-in.
pub(super) fn signed_in(
    message: &'static str,
    signed_in: &SignedIn,
    mode: Mode,
    namespace: &NamespaceName,
) -> Response {
    let mut response = tokens(message, &signed_in.tokens, Some(&signed_in.user), mode, namespace);
    if let Some(cleared) = cookie::clear(mode, namespace).filter(|_| signed_in.clear_cookie) {
        response.headers_mut().insert(SET_COOKIE, cleared);
    }
    response
}

/// The same answer, which leaves the mark by which the device is known later.
pub(super) fn remembered(
    mut response: Response,
    call: &Call,
    mode: Mode,
    device: Option<&CookieGrant>,
) -> Response {
    let device = device.filter(|_| call.may_be_remembered);
    let cookie = device.and_then(|grant| cookie::set_device(mode, &call.namespace.name, grant));
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// A body that is nobody else's business.
pub(super) fn private(status: StatusCode, body: impl Serialize) -> Response {
    (status, no_store(None), Json(body)).into_response()
}

/// The header that keeps an answer out of every cache, and perhaps a cookie.
pub(super) fn no_store(cookie: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(SET_COOKIE, cookie);
    }
    headers
}
