//! `/healthz` and `/readyz`

use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::sync::Arc;

/// The process answers.
pub(super) async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(json!({ "status": "alive" }))).into_response()
}

/// The store can write, and the server is not on its way out.
pub(super) async fn readyz(State(state): State<Arc<HttpState>>) -> Result<Response, Problem> {
    if state.readiness.is_shutting_down() {
        return Err(ProblemCode::ServiceUnavailable.into());
    }
    state.readiness.check().await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(json!({ "status": "ready" }))).into_response())
}
