//! Headers that keep a browser from making more of an answer than it is. A page that needs a wider policy sets its own.

use crate::options::Mode;
use crate::state::HttpState;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// For answers that are not pages (ASVS 3.2.1, 3.4.3): nothing in them may run, load, move the base or be framed.
const NOT_A_PAGE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox");
/// Two years, as browsers' preload lists ask for.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
/// What the answers of the auth calls depend on beside the path.
const DEPENDS_ON: HeaderValue = HeaderValue::from_static("Origin, Cookie, Authorization");

/// Sets them.
pub(crate) async fn security_headers(
    State(state): State<Arc<HttpState>>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NOT_A_PAGE);
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(OPENER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if is_api {
        // Other origins read these through CORS, which this header does not loosen.
        headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("cross-origin"));
        headers.append(VARY, DEPENDS_ON);
    } else {
        headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    }
    if state.options.mode == Mode::Production {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(TLS_ONLY);
    }
    response
}
