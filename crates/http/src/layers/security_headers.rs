//! Headers that keep a browser from making more of an answer than it is. A page that needs a wider policy sets its own.

use crate::options::Mode;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// For answers that are not pages (ASVS 3.2.1, 3.4.3): nothing in them may run, load, move the base or be framed.
const NOT_A_PAGE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox");
/// Two years, as browsers' preload lists ask for.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
/// What the answers of the auth calls depend on beside the path.
const DEPENDS_ON: HeaderValue = HeaderValue::from_static("Origin, Cookie, Authorization, X-Api-Key");

/// Sets them.
pub(crate) fn set(headers: &mut HeaderMap, is_api: bool, mode: Mode) {
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
    if mode == Mode::Production {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(TLS_ONLY);
    }
}
