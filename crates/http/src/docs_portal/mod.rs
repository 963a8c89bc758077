//! `/docs`: the documentation, rendered from the same OpenAPI document that the server publishes, so that page, document
//! and behaviour cannot differ.

mod api_reference;
mod console;
mod endpoint;
mod frame;
mod guides;
mod highlight;
mod index;
mod markdown;
mod page;
mod problems;
mod proof;
mod reference;
mod samples;

use crate::document::Policy;
use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use axum::http::{HeaderMap, Uri};
use axum::response::{Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use frame::Frame;
use page::Page;
use reference::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every page by its path.
type Pages = BTreeMap<String, Page>;

/// The routes. Switched off, there are none.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(options: &HttpOptions) -> Router<S> {
    if !options.docs.enabled {
        return Router::new();
    }
    let console = if options.docs.console { console::routes() } else { Router::new() };
    // The templates of addresses, not the addresses, so that they are few in the metrics.
    Router::new()
        .route("/docs", get(page))
        .route("/docs/", get(to_index))
        .route("/docs/problems/", get(page))
        .route("/docs/problems", get(to_problems))
        .route("/docs/problems/{problem}", get(page))
        .route("/docs/guides/{guide}", get(page))
        .route("/docs/api-reference/{namespace}/auth", get(page))
        .layer(Extension(Arc::new(pages(&Arc::new(Reference::new(options.clone()))))))
        .merge(console)
}

async fn page(
    Extension(pages): Extension<Arc<Pages>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    pages.get(uri.path()).ok_or(ProblemCode::NotFound)?.answer(&headers)
}

async fn to_index() -> Redirect {
    Redirect::permanent("/docs")
}

async fn to_problems() -> Redirect {
    Redirect::permanent("/docs/problems/")
}

fn pages(reference: &Arc<Reference>) -> Pages {
    let frame = Arc::new(Frame::new(reference.options()));
    let mut pages = Pages::new();
    let of = |page: fn(&Frame, &serde_json::Value) -> Result<String, app::fault::Fault>| {
        let (frame, reference) = (Arc::clone(&frame), Arc::clone(reference));
        Page::new(Policy::Page, move || page(&frame, reference.document()))
    };
    pages.insert("/docs".to_owned(), of(index::render));
    pages.insert("/docs/problems/".to_owned(), of(|frame, _| problems::render_all(frame)));
    for code in ProblemCode::ALL {
        let (frame, reference) = (Arc::clone(&frame), Arc::clone(reference));
        let page = Page::new(Policy::Page, move || problems::render_one(&frame, reference.document(), *code));
        pages.insert(format!("/docs/problems/{}", code.slug()), page);
    }
    for source in &guides::GUIDES {
        let frame = Arc::clone(&frame);
        let page = Page::new(Policy::Page, move || guides::render(&frame, source));
        pages.insert(format!("/docs/guides/{}", source.slug), page);
    }
    for namespace in frame.namespaces.clone() {
        let (frame, reference, address) =
            (Arc::clone(&frame), Arc::clone(reference), namespace.address.clone());
        let page =
            Page::new(Policy::Page, move || api_reference::render(&frame, reference.document(), &namespace));
        pages.insert(address, page);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{DocsOptions, HttpNamespace, Mode};
    use axum::body::{Body, to_bytes};
    use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
    use axum::http::{Request, StatusCode};
    use domain::namespace::NamespaceName;
    use tower::ServiceExt as _;

    fn options(titles: &[(&str, &str)], docs: DocsOptions) -> HttpOptions {
        let namespace = |title: &str| HttpNamespace {
            title: title.to_owned(),
            allowed_origins: Vec::new(),
            same_site_is_allowed: false,
            refresh_tokens_in_bodies: true,
            api_key_required: false,
            password_min: 8,
        };
        let named =
            titles.iter().map(|(name, title)| (NamespaceName::parse(name).unwrap(), namespace(title)));
        HttpOptions {
            base_url: "https://api.example.com".to_owned(),
            mode: Mode::Production,
            own_origins: Vec::new(),
            namespaces: named.collect(),
            trusted_proxies: Vec::new(),
            body_max_bytes: 4096,
            uri_max_bytes: 4096,
            head_max_bytes: 4096,
            request_deadline: std::time::Duration::from_secs(1),
            docs,
            version: "0",
        }
    }

    const ALL: DocsOptions = DocsOptions { enabled: true, console: true };

    async fn ask(options: &HttpOptions, path: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = routes::<()>(options).with_state(()).oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn every_page_renders_under_a_policy_and_holds_no_script_of_its_own() {
        let options = options(&[("co", "CarOwner"), ("ws", "Workshop")], ALL);
        let reference = Arc::new(Reference::new(options.clone()));
        let pages = pages(&reference);
        assert!(!reference.is_made(), "the document is made before anybody has asked for a page");
        assert_eq!(pages.len(), 2 + ProblemCode::ALL.len() + guides::GUIDES.len() + 2);
        for path in pages.keys() {
            let (status, headers, page) = ask(&options, path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(headers[CONTENT_SECURITY_POLICY], Policy::Page.header().unwrap(), "{path}");
            assert_eq!(page.matches("<script").count(), 1, "{path}");
            assert!(!page.contains("<style") && !page.contains(" style="), "{path}");
        }
    }

    #[tokio::test]
    async fn a_namespace_is_found_by_its_title_and_shows_its_own_paths() {
        let options =
            options(&[("co", "CarOwner"), ("ws", "Work Shop"), ("wx", "work-shop"), ("no", "Æ")], ALL);
        for (address, path) in [
            ("carowner", "/api/co/auth/sign-in"),
            // Two titles that come to the same, and one that comes to nothing, give way to the names.
            ("ws", "/api/ws/auth/sign-in"),
            ("wx", "/api/wx/auth/sign-in"),
            ("no", "/api/no/auth/sign-in"),
        ] {
            let (status, _, page) = ask(&options, &format!("/docs/api-reference/{address}/auth")).await;
            assert_eq!(status, StatusCode::OK, "{address}");
            assert!(page.contains(path), "{address}");
            assert!(path.contains("/co/") || !page.contains("/api/co/auth/sign-in"), "{address}");
        }
        assert_eq!(ask(&options, "/docs/api-reference/co/auth").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn asvs_1_2_1_what_the_operator_wrote_is_text_on_the_pages() {
        let options = options(&[("co", "<img src=x onerror=alert(1)>")], ALL);
        for path in
            ["/docs", "/docs/api-reference/img-src-x-onerror-alert-1/auth", "/docs/problems/not-found"]
        {
            let (status, _, page) = ask(&options, path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(!page.contains("<img src=x"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_switched_off_is_not_there() {
        let co = [("co", "CarOwner")];
        let without_console = options(&co, DocsOptions { enabled: true, console: false });
        assert_eq!(ask(&without_console, "/docs/console").await.0, StatusCode::NOT_FOUND);
        let (_, _, page) = ask(&without_console, "/docs/api-reference/carowner/auth").await;
        assert!(!page.contains("/docs/console") && page.contains("/api/co/auth/sign-in"));
        let nothing = options(&co, DocsOptions { enabled: false, console: true });
        for path in ["/docs", "/docs/problems/", "/docs/console", "/docs/guides/staying-signed-in"] {
            assert_eq!(ask(&nothing, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn every_problem_has_a_page_that_says_what_to_do() {
        let options = options(&[("co", "CarOwner")], ALL);
        for code in ProblemCode::ALL {
            let (_, _, page) = ask(&options, &format!("/docs/problems/{}", code.slug())).await;
            assert!(page.contains(&format!("<code>{}</code>", code.code())), "{code:?}");
            assert!(page.contains("What the client should do") && !code.remedy().is_empty(), "{code:?}");
            assert!(page.contains(&format!("data-problem=\"{}\"", code.code())), "{code:?} has no example");
        }
        let (_, _, page) = ask(&options, "/docs/problems/refresh-reused").await;
        let origin = "/docs/api-reference/carowner/auth#refresh";
        assert!(page.replace("&#x2f;", "/").contains(origin), "{page}");
    }

    #[tokio::test]
    async fn addresses_without_their_last_part_lead_on() {
        let options = options(&[("co", "CarOwner")], ALL);
        for (path, wanted) in [("/docs/", "/docs"), ("/docs/problems", "/docs/problems/")] {
            let (status, headers, _) = ask(&options, path).await;
            assert_eq!(
                (status, headers[LOCATION].to_str().unwrap()),
                (StatusCode::PERMANENT_REDIRECT, wanted)
            );
        }
    }
}
