//! A line in the log and a count for each request. The route's template stands for the path: a path may hold what
//! somebody typed, and a query is never logged.

use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::HttpState;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use std::time::Instant;

/// What stands for a path that is none of ours.
const UNMATCHED: &str = "unmatched";

/// A request under way.
pub(crate) struct Observed {
    /// Its id, which is among its extensions too.
    pub(crate) id: RequestId,
    start: Instant,
    route: Option<MatchedPath>,
    method: Method,
}

impl Observed {
    /// Gives the request its id.
    pub(crate) fn begin(state: &HttpState, request: &mut Request) -> Self {
        let start = Instant::now();
        let id = RequestId::of(request.headers(), || state.service.new_uuid().to_string());
        let route = request.extensions().get::<MatchedPath>().cloned();
        request.extensions_mut().insert(id.clone());
        state.metrics.began();
        Self { id, start, route, method: request.method().clone() }
    }

    /// Tells what became of it.
    pub(crate) fn end(self, state: &HttpState, response: &mut Response) {
        let (status, took) = (response.status().as_u16(), self.start.elapsed());
        let operation = self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        state.metrics.ended(operation, status, took);
        tracing::info!(
            request_id = self.id.0,
            method = self.method.as_str(),
            route = operation,
            status,
            milliseconds = took.as_secs_f64() * 1000.0,
            "request"
        );
        if let Ok(value) = HeaderValue::try_from(self.id.0) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
    }
}
