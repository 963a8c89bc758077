//! `/docs/console`: calls of this very server, from the browser. It is Scalar's API reference, served by us from the
//! binary, with a configuration under which it asks nobody else for anything.

use crate::document::{Document, Freshness, Policy, accepts, fingerprint, gzip, is_known};
use crate::problem::Problem;
use crate::templates::render;
use app::fault::Fault;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use minijinja::context;
use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

/// The bundle, as `crates/http/console/README.md` says how to make it.
static BUNDLE: Bundle = Bundle {
    brotli: include_bytes!("../../console/scalar-1.76.4.js.br"),
    plain: OnceLock::new(),
    gzipped: OnceLock::new(),
};
/// Its address holds its version, so that it can be kept for good.
const BUNDLE_ADDRESS: &str = "/docs/console/scalar-1.76.4.js";
/// More than the bundle is, decompressed: what a damaged file could swell to has an end.
const BUNDLE_MAX: u64 = 16 * 1024 * 1024;

static TAG: LazyLock<String> = LazyLock::new(|| fingerprint(BUNDLE.brotli));

/// A script that is kept compressed and mostly leaves so. What a rare client needs instead is made once, by the first that
/// asks: asking again costs nothing but the answer.
struct Bundle {
    brotli: &'static [u8],
    plain: OnceLock<Option<Bytes>>,
    gzipped: OnceLock<Option<Bytes>>,
}

impl Bundle {
    fn plain(&self) -> Option<Bytes> {
        let decompress = || {
            let mut plain = Vec::new();
            let decoder = brotli_decompressor::Decompressor::new(self.brotli, 64 * 1024);
            decoder.take(BUNDLE_MAX).read_to_end(&mut plain).ok().map(|_| Bytes::from(plain))
        };
        self.plain.get_or_init(decompress).clone()
    }

    fn gzipped(&self) -> Option<Bytes> {
        self.gzipped.get_or_init(|| gzip(&self.plain()?)).clone()
    }

    /// The body in a coding. The first time takes longer than a task may hold its thread.
    async fn coded(&'static self, coding: Option<&str>) -> Result<Bytes, Fault> {
        let made = match coding {
            Some("br") => return Ok(Bytes::from_static(self.brotli)),
            Some(_) => tokio::task::spawn_blocking(|| self.gzipped()).await,
            None => tokio::task::spawn_blocking(|| self.plain()).await,
        };
        made.map_err(Fault::internal)?.ok_or_else(|| Fault::internal("the console's bundle cannot be read"))
    }
}

/// The routes.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/docs/console", get(page)).route(BUNDLE_ADDRESS, get(bundle))
}

async fn page(headers: HeaderMap) -> Result<Response, Problem> {
    static PAGE: OnceLock<Document> = OnceLock::new();
    let page = match PAGE.get() {
        Some(page) => page,
        None => {
            let html = html()?;
            PAGE.get_or_init(|| Document::page(html, Policy::Console))
        }
    };
    Ok(page.answer(&headers, Freshness::Revalidated))
}

fn html() -> Result<String, Fault> {
    render(
        "docs/console.html",
        context! { language => "en", title => "Console", bundle => minijinja::Value::from_safe_string(BUNDLE_ADDRESS.to_owned()) },
    )
}

async fn bundle(headers: HeaderMap) -> Result<Response, Problem> {
    let coding = ["br", "gzip"].into_iter().find(|coding| accepts(&headers, coding));
    let body = BUNDLE.coded(coding).await?;
    let tag = format!("\"{}{}\"", *TAG, coding.map_or(String::new(), |coding| format!("-{coding}")));
    let mut response = if headers.contains_key(IF_NONE_MATCH) && is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(body).into_response()
    };
    let mut set = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
    set(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    set(CACHE_CONTROL, Freshness::Immutable.header());
    set(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(coding) = coding {
        set(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set(ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::http::Request;
    use axum::http::header::{ACCEPT_ENCODING, CONTENT_SECURITY_POLICY};
    use tower::ServiceExt as _;

    async fn ask(path: &str, accept: &str, known: &str) -> (StatusCode, HeaderMap, Bytes) {
        let request = Request::get(path).header(ACCEPT_ENCODING, accept).header(IF_NONE_MATCH, known);
        let request = request.body(Body::empty()).unwrap();
        let answer = routes::<()>().with_state(()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap())
    }

    #[tokio::test]
    async fn the_bundle_reads_the_same_in_every_coding() {
        let (_, _, plain) = ask(BUNDLE_ADDRESS, "identity", "").await;
        assert!(plain.len() > 1_000_000 && std::str::from_utf8(&plain).is_ok());
        let (_, headers, small) = ask(BUNDLE_ADDRESS, "gzip", "").await;
        assert_eq!(headers[CONTENT_ENCODING], "gzip");
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&small[..]).read_to_end(&mut read).unwrap();
        assert!(read == plain);
        let (_, headers, smallest) = ask(BUNDLE_ADDRESS, "gzip, deflate, br", "").await;
        assert_eq!(headers[CONTENT_ENCODING], "br");
        assert!(smallest.len() < small.len());
    }

    #[tokio::test]
    async fn a_browser_keeps_the_bundle_for_good() {
        let (_, headers, _) = ask(BUNDLE_ADDRESS, "br", "").await;
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let tag = headers[ETAG].to_str().unwrap().to_owned();
        let (status, _, body) = ask(BUNDLE_ADDRESS, "br", &tag).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(ask(BUNDLE_ADDRESS, "gzip", &tag).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn asvs_3_6_1_the_page_names_no_other_host() {
        let (_, headers, page) = ask("/docs/console", "identity", "").await;
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains(BUNDLE_ADDRESS) && !page.contains("://"), "{page}");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
    }
}
