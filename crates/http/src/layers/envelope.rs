//! Around every request, whatever it asks for: its id and its line in the log, what is refused before anything reads
//! it, the headers that every answer has, and the document of every failure.
//!
//! One layer for all of it, because each layer of its own makes every request copy the layers below.

use super::doctor_probe::answer_to_doctor;
use super::observe::Observed;
use super::{head_limit, host_guard, problem_document, security_headers};
use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Wraps a request and its answer.
pub(crate) async fn envelope(
    State(state): State<Arc<HttpState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let observed = Observed::begin(&state, &mut request);
    let is_head = request.method() == Method::HEAD;
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = match refusal(&state.options, &request) {
        Some(code) => Problem::from(code).into_response(),
        None => match answer_to_doctor(&state, &request) {
            Some(answer) => answer,
            None => next.run(request).await,
        },
    };
    security_headers::set(response.headers_mut(), is_api, state.options.mode);
    let mut response = problem_document::of_failure(response, &state.options.base_url, &observed.id, is_head);
    observed.end(&state, &mut response);
    response
}

fn refusal(options: &HttpOptions, request: &Request) -> Option<ProblemCode> {
    let (uri, headers) = (request.uri(), request.headers());
    head_limit::refusal(options, uri, headers).or_else(|| host_guard::refusal(options.mode, uri, headers))
}
