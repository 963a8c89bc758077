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
mod samples;

use crate::document::Policy;
use crate::openapi::openapi_document;
use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use axum::http::{HeaderMap, Uri};
use axum::response::{Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};
use frame::Frame;
use page::Page;
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
        .layer(Extension(Arc::new(pages(options))))
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

fn pages(options: &HttpOptions) -> Pages {
    let (frame, document) = (Arc::new(Frame::new(options)), Arc::new(openapi_document(options)));
    let mut pages = Pages::new();
    let of = |page: fn(&Frame, &serde_json::Value) -> Result<String, app::fault::Fault>| {
        let (frame, document) = (Arc::clone(&frame), Arc::clone(&document));
        Page::new(Policy::Page, move || page(&frame, &document))
    };
    pages.insert("/docs".to_owned(), of(index::render));
    pages.insert("/docs/problems/".to_owned(), of(|frame, _| problems::render_all(frame)));
    for code in ProblemCode::ALL {
        let (frame, document) = (Arc::clone(&frame), Arc::clone(&document));
        let page = Page::new(Policy::Page, move || problems::render_one(&frame, &document, *code));
        pages.insert(format!("/docs/problems/{}", code.slug()), page);
    }
    for source in &guides::GUIDES {
        let frame = Arc::clone(&frame);
        let page = Page::new(Policy::Page, move || guides::render(&frame, source));
        pages.insert(format!("/docs/guides/{}", source.slug), page);
    }
    for namespace in frame.namespaces.clone() {
        let (frame, document, address) =
            (Arc::clone(&frame), Arc::clone(&document), namespace.address.clone());
        let page = Page::new(Policy::Page, move || api_reference::render(&frame, &document, &namespace));
        pages.insert(address, page);
    }
    pages
}
