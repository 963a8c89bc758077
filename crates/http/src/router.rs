//! Everything joined: routes, pages, and the layers around them.

use crate::layers::envelope::envelope;
use crate::layers::guard::guard;
use crate::metrics::Metrics;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use crate::{docs_portal, pages, routes};
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::sync::Arc;

/// The main listener: calls, documents, pages.
pub fn router(state: Arc<HttpState>) -> Router {
    let layer = |state: &Arc<HttpState>| Arc::clone(state);
    Router::new()
        .merge(pages::routes(&state))
        .merge(docs_portal::routes(&state.options))
        .fallback(nothing_here)
        .layer(from_fn_with_state(layer(&state), guard))
        // These have CORS around a guard of their own: a page may read that a call has failed.
        .merge(routes::all(&state))
        .layer(from_fn_with_state(layer(&state), envelope))
        .with_state(state)
}

/// The metrics' own listener.
pub fn metrics_router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(metrics)
}

async fn nothing_here() -> Problem {
    ProblemCode::NotFound.into()
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
