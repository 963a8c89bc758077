//! Something a browser is shown that stays the same while the process runs: a page of the documentation, a stylesheet,
//! a script. It carries its type, its policy and an `ETag`, and answers conditional requests (RFC 9110 section 13).

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::OnceLock;

/// What a page may load and do. No policy lets a script stand in the page itself (ASVS 3.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Not a page: the layer's strictest policy stays.
    NotAPage,
    /// Our pages: styles, scripts and calls of this origin.
    Page,
    /// The inbox's page of one mail: a page that also shows a frame of this origin.
    PageWithFrame,
    /// The console: its bundle styles itself with inline styles, which no nonce covers.
    Console,
    /// A mail's own HTML: inline styles, and nothing else. It lives in a frame of ours.
    Mail,
}

impl Policy {
    /// The header's value.
    pub(crate) const fn header(self) -> Option<HeaderValue> {
        match self {
            Self::NotAPage => None,
            Self::Page => Some(HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            )),
            Self::PageWithFrame => Some(HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            )),
            Self::Console => Some(HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                 font-src 'self'; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'",
            )),
            Self::Mail => Some(HeaderValue::from_static(
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox",
            )),
        }
    }
}

/// How long a browser may keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Asks again each time; the answer is mostly 304.
    Revalidated,
    /// Its address changes when it does.
    Immutable,
}

impl Freshness {
    /// The header's value.
    pub(crate) const fn header(self) -> HeaderValue {
        match self {
            Self::Revalidated => HeaderValue::from_static("no-cache"),
            Self::Immutable => HeaderValue::from_static("public, max-age=31536000, immutable"),
        }
    }
}

/// Bytes with everything that goes along.
pub(crate) struct Document {
    body: Bytes,
    content_type: &'static str,
    policy: Policy,
    fingerprint: String,
    /// Compressed at the first request that takes it. Only what everybody may read is compressed, so that no
    /// secret's length shows in an answer's length (BREACH).
    gzipped: OnceLock<Option<Bytes>>,
}

impl Document {
    /// An HTML page.
    pub(crate) fn page(html: String, policy: Policy) -> Self {
        Self::new(Bytes::from(html), "text/html; charset=utf-8", policy)
    }

    /// Anything else.
    pub(crate) fn new(body: Bytes, content_type: &'static str, policy: Policy) -> Self {
        let fingerprint = fingerprint(&body);
        Self { body, content_type, policy, fingerprint, gzipped: OnceLock::new() }
    }

    /// What changes when the body does: the `ETag`, and a part of immutable addresses.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The answer to a GET or HEAD request with these headers.
    pub(crate) fn answer(&self, request: &HeaderMap, freshness: Freshness) -> Response {
        let gzipped = accepts(request, "gzip").then(|| self.gzipped()).flatten();
        let (body, coding, suffix) = match gzipped {
            Some(gzipped) => (gzipped, Some("gzip"), "-gzip"),
            None => (self.body.clone(), None, ""),
        };
        // Each coding is a representation of its own and needs a tag of its own (RFC 9110 section 8.8.3.3).
        let tag = format!("\"{}{suffix}\"", self.fingerprint);
        let mut response = if is_known(request, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(body).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, freshness.header());
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if let Some(policy) = self.policy.header() {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    fn gzipped(&self) -> Option<Bytes> {
        self.gzipped.get_or_init(|| gzip(&self.body).filter(|small| small.len() < self.body.len())).clone()
    }
}

/// The body compressed; nothing when that fails, which memory does not.
pub(crate) fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Whether the client takes a coding: named, or meant by `*`, and not with weight zero.
pub(crate) fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let mut by_star = false;
    for value in request.get_all(ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
            let is_wanted = weight.is_ok_and(|weight| weight > 0.0);
            if name.trim().eq_ignore_ascii_case(coding) {
                return is_wanted;
            }
            by_star |= name.trim() == "*" && is_wanted;
        }
    }
    by_star
}

/// Whether the client holds this representation already. The comparison is the weak one (RFC 9110 section 13.1.2).
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    request.get_all(IF_NONE_MATCH).iter().any(|value| {
        let mut tags = value.to_str().unwrap_or_default().split(',');
        tags.any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
    })
}

/// Tells two versions of a body apart. It guards nothing, so it need not withstand an attacker.
pub(crate) fn fingerprint(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use std::io::Read as _;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn a_client_that_has_it_gets_304_and_no_body() {
        let page = Document::page("<p>hei</p>".repeat(50), Policy::Page);
        let first = page.answer(&HeaderMap::new(), Freshness::Revalidated);
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let request = headers(&[("if-none-match", &known)]);
            let again = page.answer(&request, Freshness::Revalidated);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[ETAG], tag);
            assert!(to_bytes(again.into_body(), 1).await.unwrap().is_empty());
        }
        let other = page.answer(&headers(&[("if-none-match", "\"other\"")]), Freshness::Revalidated);
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_compressed_answer_says_so_and_reads_the_same() {
        let html = "<p>hei</p>".repeat(50);
        let page = Document::page(html.clone(), Policy::Page);
        let plain = page.answer(&HeaderMap::new(), Freshness::Revalidated);
        let small = page.answer(&headers(&[("accept-encoding", "br, gzip")]), Freshness::Revalidated);
        assert!(plain.headers().get(CONTENT_ENCODING).is_none());
        assert_eq!(small.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(small.headers()[VARY], "Accept-Encoding");
        assert_ne!(small.headers()[ETAG], plain.headers()[ETAG]);
        let bytes = to_bytes(small.into_body(), 10_000).await.unwrap();
        let mut read = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, html);
    }

    #[test]
    fn a_coding_is_used_only_for_who_takes_it() {
        let takes = |value: &str| accepts(&headers(&[("accept-encoding", value)]), "gzip");
        for yes in ["gzip", "br, gzip;q=0.5", "GZIP", "*", "br;q=0, *;q=0.1"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzip;q=banana", "xgzip"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn asvs_3_4_3_no_page_runs_a_script_that_stands_in_it() {
        let policies = [Policy::Page, Policy::PageWithFrame, Policy::Console, Policy::Mail];
        for policy in policies {
            let header = policy.header().unwrap();
            let text = header.to_str().unwrap();
            let scripts = text.split(';').find(|part| part.trim().starts_with("script-src"));
            assert!(scripts.is_none_or(|part| part.trim() == "script-src 'self'"), "{policy:?}");
            for wanted in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors"] {
                assert!(text.contains(wanted), "{policy:?} lacks {wanted}");
            }
        }
    }
}
