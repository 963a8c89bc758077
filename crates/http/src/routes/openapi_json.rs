//! `GET /openapi.json`

use crate::openapi::openapi_document;
use crate::state::HttpState;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

pub(super) async fn openapi_json(State(state): State<Arc<HttpState>>) -> Response {
    ([(CACHE_CONTROL, "no-cache")], Json(openapi_document(&state.options))).into_response()
}
