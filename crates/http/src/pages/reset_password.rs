//! `/reset-password/{ns}`: where a reset link leads when the client names no page of its own.
//!
//! A GET consumes nothing: mail scanners open links. The token is in the fragment, so the page is the same for everybody.

use super::mailed_link;
use super::reset_texts::texts;
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

/// What the page needs to know of a namespace.
#[derive(Clone, Copy)]
struct Rules {
    locale: Locale,
    password_min: usize,
}

type RulesByName = Extension<Arc<BTreeMap<NamespaceName, Rules>>>;

/// The route.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(
    namespaces: &BTreeMap<NamespaceName, Arc<Namespace>>,
) -> Router<S> {
    let rules = |of: &Namespace| Rules { locale: of.locale, password_min: of.password_min };
    with_rules(namespaces.iter().map(|(name, of)| (name.clone(), rules(of))).collect())
}

fn with_rules<S: Clone + Send + Sync + 'static>(rules: BTreeMap<NamespaceName, Rules>) -> Router<S> {
    Router::new().route("/reset-password/{ns}", get(page)).layer(Extension(Arc::new(rules)))
}

async fn page(
    Extension(rules): RulesByName,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = NamespaceName::parse(&name).map_err(|_| ProblemCode::NotFound)?;
    let rules = rules.get(&name).ok_or(ProblemCode::NotFound)?;
    let locale = locale(&headers).unwrap_or(rules.locale);
    let html = html(&name, locale, rules.password_min)?;
    Ok(mailed_link::answer(html, &headers))
}

fn html(name: &NamespaceName, locale: Locale, password_min: usize) -> Result<String, Fault> {
    let texts = texts(locale, password_min);
    let api = format!("/api/{name}/auth");
    render(
        "reset_password.html",
        context! { language => locale.tag(), title => texts.title, api, password_min, texts => Serde(texts) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH, VARY};
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    async fn ask(path: &str, language: &str, known: &str) -> (StatusCode, HeaderMap, String) {
        let rules = Rules { locale: Locale::Norwegian, password_min: 12 };
        let router = with_rules::<()>([(NamespaceName::parse("co").unwrap(), rules)].into()).with_state(());
        let request = Request::get(path).header(ACCEPT_LANGUAGE, language).header(IF_NONE_MATCH, known);
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_speaks_the_readers_language_else_the_namespaces() {
        for (language, tag, heading) in [
            ("en-GB", "en", "Choose a new password"),
            ("nb-NO, en;q=0.5", "nb", "Velg et nytt passord"),
            ("fr", "nb", "Velg et nytt passord"),
        ] {
            let (status, headers, page) = ask("/reset-password/co", language, "").await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[VARY], "Accept-Encoding, Accept-Language");
            assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(heading), "{page}");
            assert!(page.contains("minlength=\"12\"") && page.contains("12 "), "{page}");
        }
    }

    #[tokio::test]
    async fn asvs_3_4_3_the_page_holds_no_script_and_no_style_of_its_own() {
        let (_, headers, page) = ask("/reset-password/co", "en", "").await;
        assert!(
            headers[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .contains("script-src 'self'; style-src 'self';")
        );
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script type=\"module\" src=\"/static/").count()
        );
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
        let mut words = page.split([' ', '\n', '>']);
        assert!(!words.any(|word| word.starts_with("on") && word.contains('=')), "{page}");
    }

    #[tokio::test]
    async fn each_language_has_a_tag_of_its_own() {
        let (_, headers, _) = ask("/reset-password/co", "en", "").await;
        let tag = headers[ETAG].to_str().unwrap().to_owned();
        assert_eq!(ask("/reset-password/co", "en", &tag).await.0, StatusCode::NOT_MODIFIED);
        assert_eq!(ask("/reset-password/co", "nb", &tag).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_namespace_that_is_none_has_no_page() {
        for path in ["/reset-password/ws", "/reset-password/CO", "/reset-password/%3Cb%3E"] {
            assert_eq!(ask(path, "en", "").await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
