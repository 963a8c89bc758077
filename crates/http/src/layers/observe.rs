//! A line in the log and a count for each request. The route's template stands for the path: a path may hold what
//! somebody typed, and a query is never logged.

use crate::extract::call::{ClientAddress, find_namespace, source};
use crate::problem::Problem;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::HttpState;
use app::refused_calls::RefusedCall;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, Uri};
use axum::response::Response;
use std::net::IpAddr;
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
    uri: Uri,
    source: Option<IpAddr>,
}

impl Observed {
    /// Gives the request its id, and finds out whom it comes from.
    pub(crate) fn begin(state: &HttpState, request: &mut Request) -> Self {
        let start = Instant::now();
        let id = RequestId::of(request.headers(), || state.service.new_uuid().to_string());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let source = source(request.extensions(), request.headers(), &state.options);
        request.extensions_mut().insert(id.clone());
        if let Some(source) = source {
            request.extensions_mut().insert(ClientAddress(source));
        }
        state.metrics.began();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { id, start, route, method, uri, source }
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
        if let Some(problem) = response.extensions().get::<Problem>().filter(|one| one.code.is_counted()) {
            let call = refused(problem, operation, namespace_of(self.uri.path()), self.source, state);
            state.service.refused_calls.count(call, &self.id.0);
        }
        if let Ok(value) = HeaderValue::try_from(self.id.0) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
    }
}

/// The part of a path that names the namespace.
fn namespace_of(path: &str) -> Option<&str> {
    path.strip_prefix("/api/")?.split('/').next()
}

/// What the audit log says of a refused call.
fn refused(
    problem: &Problem,
    operation: &str,
    namespace: Option<&str>,
    source: Option<IpAddr>,
    state: &HttpState,
) -> RefusedCall {
    // The template's end is the call's name; parts in braces are a client's own words.
    let mut call = operation.rsplit('/').find(|part| !part.starts_with('{')).unwrap_or(UNMATCHED).to_owned();
    if let Some(limited) = &problem.limited {
        call = format!("{call} {}", limited.limit.name());
    }
    RefusedCall {
        namespace: namespace
            .and_then(|text| find_namespace(state, text))
            .map(|(found, _)| found.name.clone()),
        call,
        problem: problem.code.code(),
        source: source.filter(|_| !problem.code.is_everyday()).map(|address| address.to_string()),
    }
}
