//! How large the head of a request may be. The HTTP library has limits of its own, far above these, and beyond them it
//! answers without a document.

use crate::options::HttpOptions;
use crate::problem::ProblemCode;
use axum::http::{HeaderMap, Uri};

/// What a header costs on the wire beside its name and value: a colon, a space, the end of the line.
const PUNCTUATION: usize = 4;

/// Refuses heads that are larger than any call needs.
pub(crate) fn refusal(options: &HttpOptions, uri: &Uri, headers: &HeaderMap) -> Option<ProblemCode> {
    let address = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if address > options.uri_max_bytes {
        return Some(ProblemCode::UriTooLong);
    }
    let sizes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PUNCTUATION);
    (sizes.sum::<usize>() > options.head_max_bytes).then_some(ProblemCode::HeadersTooLarge)
}
