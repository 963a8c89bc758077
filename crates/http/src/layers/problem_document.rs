//! Every answer that is neither a success nor a redirect leaves as a problem document, whoever made it: a handler, a
//! missing route, a library.

use crate::problem::{Challenge, FieldProblem, Problem, ProblemCode};
use crate::request_id::RequestId;
use app::fault::FaultKind;
use app::limits::Limited;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use serde::Serialize;
use std::time::Duration;

/// The limit that a 429 comes from.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it, and when there is more.
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The document, in the order of its fields.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'static str,
    message: &'static str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
}

/// Turns a failure into a document; `base` is where the pages of the problems are.
pub(crate) fn of_failure(response: Response, base: &str, id: &RequestId, is_head: bool) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| ProblemCode::of_status(status).into());
    log(&problem, id);
    write(response, &problem, base, id, is_head)
}

/// Logs what it comes from, once, with the id that the client sees.
fn log(problem: &Problem, id: &RequestId) {
    let Some(fault) = &problem.fault else { return };
    match fault.kind() {
        FaultKind::Unavailable => {
            tracing::warn!(request_id = id.0, error = %fault, "a dependency does not answer");
        }
        FaultKind::Internal => tracing::error!(request_id = id.0, error = %fault, "a request failed"),
    }
}

/// The document of a problem.
pub(crate) fn document<'a>(problem: &'a Problem, base: &str, request_id: &'a str) -> Document<'a> {
    let code = problem.code;
    Document {
        r#type: format!("{base}/docs/problems/{}", code.slug()),
        title: code.title(),
        status: code.status(),
        detail: code.detail(),
        message: code.detail(),
        code: code.code(),
        request_id,
        errors: &problem.errors,
    }
}

fn write(mut response: Response, problem: &Problem, base: &str, id: &RequestId, is_head: bool) -> Response {
    let body = serde_json::to_vec(&document(problem, base, &id.0)).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
    }
    if let Some(limited) = &problem.limited {
        for (name, value) in rate_limit(limited) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
    if problem.code.status() == 401 {
        let challenge = match problem.challenge {
            Challenge::Plain => "Bearer",
            Challenge::InvalidToken => "Bearer error=\"invalid_token\"",
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    *response.body_mut() = if is_head { Body::empty() } else { Body::from(body) };
    response
}

/// Which limit it was, and when there is room again (draft-ietf-httpapi-ratelimit-headers).
fn rate_limit(limited: &Limited) -> [(HeaderName, String); 2] {
    let (name, quota, window) = (limited.limit.name(), limited.quota, whole_seconds(limited.window));
    let wait = whole_seconds(limited.retry_after);
    [
        (RATE_LIMIT_POLICY, format!("\"{name}\";q={quota};w={window}")),
        (RATE_LIMIT, format!("\"{name}\";r=0;t={wait}")),
    ]
}

/// Rounded up, and at least one: a client that waits as long as it is told finds the way free.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_whole_and_never_too_short() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3600)), 3600);
    }
}
