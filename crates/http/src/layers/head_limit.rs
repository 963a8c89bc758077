//! How large the head of a request may be. The HTTP library has limits of its own, far above these, and beyond them it
//! answers without a document.

use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// What a header costs on the wire beside its name and value: a colon, a space, the end of the line.
const PUNCTUATION: usize = 4;

/// Refuses heads that are larger than any call needs.
pub(crate) async fn head_limit(
    State(state): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> Response {
    match excess(&state.options, request.uri(), request.headers()) {
        Some(code) => Problem::from(code).into_response(),
        None => next.run(request).await,
    }
}

fn excess(options: &HttpOptions, uri: &Uri, headers: &HeaderMap) -> Option<ProblemCode> {
    let address = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if address > options.uri_max_bytes {
        return Some(ProblemCode::UriTooLong);
    }
    let sizes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PUNCTUATION);
    (sizes.sum::<usize>() > options.head_max_bytes).then_some(ProblemCode::HeadersTooLarge)
}
