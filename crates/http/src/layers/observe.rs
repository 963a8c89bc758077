//! A line in the log and a count for each request. The route's template stands for the path: a path may hold what
//! somebody typed, and a query is never logged.

use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::HttpState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Instant;

/// What stands for a path that is none of ours.
const UNMATCHED: &str = "unmatched";

/// Gives the request its id, and tells what became of it.
pub(crate) async fn observe(
    State(state): State<Arc<HttpState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = RequestId::of(request.headers(), || state.service.new_uuid().to_string());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let operation = route.unwrap_or_else(|| UNMATCHED.to_owned());
    let method = request.method().clone();
    request.extensions_mut().insert(id.clone());
    state.metrics.began();
    let mut response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), start.elapsed());
    state.metrics.ended(&operation, status, took);
    tracing::info!(
        request_id = id.0,
        method = method.as_str(),
        route = operation,
        status,
        milliseconds = took.as_secs_f64() * 1000.0,
        "request"
    );
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
