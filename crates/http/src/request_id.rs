//! One id for each request: in the log, in the problem document, in the answer's header.

use axum::http::{HeaderMap, HeaderName};

/// The header, on requests (from a proxy that has one) and answers.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long an id that somebody brings along may be.
const BROUGHT_MAX: usize = 64;

/// The id, as an extension of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The id a request brings along, if it cannot do harm in a log, else a fresh one.
    pub(crate) fn of(headers: &HeaderMap, fresh: impl FnOnce() -> String) -> Self {
        let brought = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
        let is_plain = |text: &&str| {
            (1..=BROUGHT_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        Self(brought.filter(is_plain).map_or_else(fresh, str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn asvs_16_4_1_an_id_that_could_forge_a_log_line_is_replaced() {
        let id = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
            RequestId::of(&headers, || "fresh".to_owned()).0
        };
        assert_eq!(id(b"abc-1.2_3"), "abc-1.2_3");
        for bad in [&b""[..], b"a b", b"a\tb", b"a=b", b"\xff", &[b'a'; 65]] {
            assert_eq!(id(bad), "fresh", "{bad:?}");
        }
    }
}
