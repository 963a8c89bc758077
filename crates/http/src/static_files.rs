//! The stylesheets, scripts and icons of our pages: built into the binary, each under an address that changes when its
//! content does.

use crate::document::{Document, Freshness, Policy};
use crate::problem::{Problem, ProblemCode};
use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($name:literal: $content_type:expr;)+) => {
        [$(($name, include_bytes!(concat!("../static/", $name)).as_slice(), $content_type),)+]
    };
}

static FILES: LazyLock<BTreeMap<&'static str, Document>> = LazyLock::new(|| {
    let files = files! {
        "docs.css": CSS;
        "docs.js": JS;
        "style.css": CSS;
        "console.css": CSS;
        "console.js": JS;
        "icon.svg": "image/svg+xml";
        "mailed-link.js": JS;
        "reset-password.js": JS;
        "verify-email.js": JS;
    };
    files
        .map(|(name, bytes, kind)| (name, Document::new(Bytes::from_static(bytes), kind, Policy::NotAPage)))
        .into()
});

/// The routes.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{name}", get(file)).route("/favicon.ico", get(icon))
}

/// The address of a file, with the fingerprint that lets browsers keep it for good.
pub(crate) fn address(name: &str) -> Option<String> {
    FILES.get(name).map(|file| format!("/static/{name}?v={}", file.fingerprint()))
}

async fn file(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = FILES.get(name.as_str()).ok_or(ProblemCode::NotFound)?;
    let asked = query.as_deref().and_then(|query| query.strip_prefix("v="));
    // Another fingerprint is that of another version; to keep this one under it would mix the two up.
    let is_named = asked == Some(file.fingerprint());
    let freshness = if is_named { Freshness::Immutable } else { Freshness::Revalidated };
    Ok(file.answer(&headers, freshness))
}

/// Browsers ask for this address whatever the page says.
async fn icon(headers: HeaderMap) -> Result<Response, Problem> {
    let icon = FILES.get("icon.svg").ok_or(ProblemCode::NotFound)?;
    Ok(icon.answer(&headers, Freshness::Revalidated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    async fn ask(address: &str) -> Response {
        let request = Request::get(address).body(Body::empty()).unwrap();
        routes::<()>().with_state(()).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_kept_for_good_only_under_its_own_fingerprint() {
        let named = ask(&address("style.css").unwrap()).await;
        assert_eq!(named.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(named.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        for other in ["/static/style.css", "/static/style.css?v=0", "/static/style.css?w=1"] {
            assert_eq!(ask(other).await.headers()[CACHE_CONTROL], "no-cache", "{other}");
        }
    }

    #[tokio::test]
    async fn the_icon_answers_where_browsers_look_for_it() {
        let icon = ask("/favicon.ico").await;
        assert_eq!(icon.status(), StatusCode::OK);
        assert_eq!(icon.headers()[CONTENT_TYPE], "image/svg+xml");
    }

    #[tokio::test]
    async fn nothing_but_the_table_is_served() {
        for name in ["/static/nothing.css", "/static/..%2FCargo.toml", "/static/%2e%2e"] {
            assert_eq!(ask(name).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
