//! `GET /api/<ns>/.well-known/jwks.json` (RFC 7517)

use crate::extract::call::find_namespace;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Far shorter than a new key is published ahead.
const CACHE: &str = "public, max-age=300";

/// What is public needs no API key: whoever checks access tokens may fetch it.
pub(super) async fn jwks(
    State(state): State<Arc<HttpState>>,
    namespace: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Ok(Path(namespace)) = namespace else { return Err(ProblemCode::NotFound.into()) };
    let (namespace, _) = find_namespace(&state, &namespace).ok_or(ProblemCode::NotFound)?;
    let keys = state.service.access_tokens.jwks(&namespace.name);
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)], keys).into_response())
}
