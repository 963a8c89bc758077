//! A page of the portal: rendered at the first request, the same for everybody ever after.

use crate::document::{Document, Freshness, Policy};
use crate::problem::Problem;
use app::fault::Fault;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::OnceLock;

type Render = Box<dyn Fn() -> Result<String, Fault> + Send + Sync>;

/// A page and how it is made.
pub(super) struct Page {
    render: Render,
    policy: Policy,
    rendered: OnceLock<Document>,
}

impl Page {
    pub(super) fn new(
        policy: Policy,
        render: impl Fn() -> Result<String, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self { render: Box::new(render), policy, rendered: OnceLock::new() }
    }

    /// The answer to a request.
    pub(super) fn answer(&self, request: &HeaderMap) -> Result<Response, Problem> {
        let document = match self.rendered.get() {
            Some(document) => document,
            None => {
                let html = (self.render)()?;
                self.rendered.get_or_init(|| Document::page(html, self.policy))
            }
        };
        Ok(document.answer(request, Freshness::Revalidated))
    }
}
