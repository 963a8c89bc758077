//! Which pages of other origins may read our answers. Never a reflection: an origin is on the list of the namespace
//! that the path names, letter for letter, or it gets nothing.

use super::fault_mode::FAULT;
use super::problem_document::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::extract::api_key::API_KEY;
use crate::extract::idempotency_key::IDEMPOTENCY_KEY;
use crate::extract::page_origin;
use crate::options::Mode;
use crate::request_id::REQUEST_ID;
use crate::state::HttpState;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use domain::namespace::NamespaceName;
use std::sync::Arc;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// How long a browser may remember the answer to a preflight.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// For the calls of the namespaces: the namespace's own list, with credentials.
pub(crate) fn of_namespaces(state: &Arc<HttpState>) -> CorsLayer {
    let mut headers = vec![
        ACCEPT,
        AUTHORIZATION,
        CONTENT_TYPE,
        REQUEST_ID,
        HeaderName::from_static(API_KEY),
        HeaderName::from_static(IDEMPOTENCY_KEY),
    ];
    if state.options.mode == Mode::Development {
        headers.push(FAULT);
    }
    let state = Arc::clone(state);
    let allowed =
        AllowOrigin::predicate(move |origin: &HeaderValue, parts: &Parts| is_listed(&state, origin, parts));
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(headers)
        .expose_headers([RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY, REQUEST_ID, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_MAX_AGE)
}

/// For what is public: anybody, without credentials.
pub(crate) fn of_public_documents() -> CorsLayer {
    CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]).max_age(PREFLIGHT_MAX_AGE)
}

fn is_listed(state: &HttpState, origin: &HeaderValue, parts: &Parts) -> bool {
    let name = parts.uri.path().strip_prefix("/api/").and_then(|rest| rest.split('/').next());
    let namespace = name
        .and_then(|name| NamespaceName::parse(name).ok())
        .and_then(|name| state.options.namespaces.get(&name));
    match (namespace, origin.to_str()) {
        (Some(namespace), Ok(origin)) => page_origin::is_allowed(origin, namespace, &state.options),
        _ => false,
    }
}
