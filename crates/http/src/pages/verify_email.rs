//! `/verify-email/{ns}`: where a verification link leads when the client names no page of its own.
//!
//! A GET consumes nothing: mail scanners open links, and a click on a button is what proves that somebody reads the
//! mailbox (ASVS 7.6.2). The token is in the fragment, so the page is the same for everybody.

use super::mailed_link;
use super::verify_texts::texts;
use crate::extract::call::locale;
use crate::problem::{Problem, ProblemCode};
use crate::templates::render;
use app::fault::Fault;
use app::service::Namespace;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use minijinja::context;
use minijinja::value::Serde;
use std::collections::BTreeMap;
use std::sync::Arc;

type Locales = BTreeMap<NamespaceName, Locale>;

/// The route.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(
    namespaces: &BTreeMap<NamespaceName, Arc<Namespace>>,
) -> Router<S> {
    with_locales(namespaces.iter().map(|(name, of)| (name.clone(), of.locale)).collect())
}

fn with_locales<S: Clone + Send + Sync + 'static>(locales: Locales) -> Router<S> {
    Router::new().route("/verify-email/{ns}", get(page)).layer(Extension(Arc::new(locales)))
}

async fn page(
    Extension(locales): Extension<Arc<Locales>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = NamespaceName::parse(&name).map_err(|_| ProblemCode::NotFound)?;
    let default = locales.get(&name).ok_or(ProblemCode::NotFound)?;
    let html = html(&name, locale(&headers).unwrap_or(*default))?;
    Ok(mailed_link::answer(html, &headers))
}

fn html(name: &NamespaceName, locale: Locale) -> Result<String, Fault> {
    let texts = texts(locale);
    let api = format!("/api/{name}/auth");
    render(
        "verify_email.html",
        context! { language => locale.tag(), title => texts.title, api, texts => Serde(texts) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, VARY};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    async fn ask(path: &str, language: &str) -> (StatusCode, HeaderMap, String) {
        let locales = [(NamespaceName::parse("co").unwrap(), Locale::Norwegian)].into();
        let request = Request::get(path).header(ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap();
        let answer = with_locales::<()>(locales).with_state(()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_speaks_the_readers_language_else_the_namespaces() {
        for (language, tag, heading) in [
            ("en-GB", "en", "Confirm your email address"),
            ("nb-NO", "nb", "Bekreft e-postadressen din"),
            ("fr", "nb", "Bekreft e-postadressen din"),
        ] {
            let (status, headers, page) = ask("/verify-email/co", language).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[VARY], "Accept-Encoding, Accept-Language");
            assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(heading), "{page}");
        }
    }

    #[tokio::test]
    async fn asvs_3_4_3_the_page_holds_no_script_and_no_style_of_its_own() {
        let (_, headers, page) = ask("/verify-email/co", "en").await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self'; style-src 'self';"), "{policy}");
        let own = page.matches("<script type=\"module\" src=\"/static/verify-email.js").count();
        assert_eq!((page.matches("<script").count(), own), (1, 1), "{page}");
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
    }

    #[tokio::test]
    async fn a_namespace_that_is_none_has_no_page() {
        for path in ["/verify-email/ws", "/verify-email/CO", "/verify-email/%3Cb%3E"] {
            assert_eq!(ask(path, "en").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
