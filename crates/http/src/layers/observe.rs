//! A line in the log and a count for each request. The route's template stands for the path: a path may hold what
//! somebody typed, and a query is never logged.

use crate::extract::call::{find_namespace, source};
use crate::problem::Problem;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::HttpState;
use app::refused_calls::RefusedCall;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
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
    let source = source(request.extensions(), request.headers(), &state.options);
    let namespace = namespace_of(request.uri().path()).map(str::to_owned);
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
    if let Some(problem) = response.extensions().get::<Problem>().filter(|problem| problem.code.is_counted())
    {
        state
            .service
            .refused_calls
            .count(refused(problem, &operation, namespace.as_deref(), source, &state), &id.0);
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
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
