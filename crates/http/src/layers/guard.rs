//! A handler that panics or takes too long: the client gets a problem document and the process lives on.

use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Catches both.
pub(crate) async fn guard(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    // A write that was submitted is carried out even if nobody waits for it any more.
    let handled = tokio::time::timeout(state.options.request_deadline, next.run(request));
    match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::from(ProblemCode::ServiceUnavailable).into_response(),
        Err(_) => {
            // The panic hook has logged where; the payload may hold anything, so it is not repeated.
            tracing::error!("a handler panicked");
            Problem::from(ProblemCode::InternalError).into_response()
        }
    }
}
