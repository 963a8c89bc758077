//! `GET /api/<ns>/.well-known/jwks.json` (RFC 7517)

use crate::extract::call::Call;
use crate::problem::Problem;
use crate::state::HttpState;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Far shorter than a new key is published ahead.
const CACHE: &str = "public, max-age=300";

pub(super) async fn jwks(State(state): State<Arc<HttpState>>, call: Call) -> Result<Response, Problem> {
    let keys = state.service.access_tokens.jwks(&call.namespace.name);
    Ok(([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)], keys).into_response())
}
