//! What surrounds every page of the portal: the way to the others.

use super::markdown::slug;
use crate::options::{HttpNamespace, HttpOptions, Mode};
use crate::templates::render;
use app::fault::Fault;
use domain::namespace::NamespaceName;
use minijinja::value::{Serde, merge_maps};
use minijinja::{Value, context};
use serde::Serialize;

/// Where the pages are, for the links between them.
#[derive(Clone, Serialize)]
pub(super) struct Frame {
    pub(super) base_url: String,
    pub(super) version: &'static str,
    pub(super) has_console: bool,
    pub(super) is_development: bool,
    pub(super) namespaces: Vec<NamespaceLink>,
}

/// A namespace and its page.
#[derive(Clone, Serialize)]
pub(super) struct NamespaceLink {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) address: String,
}

impl Frame {
    pub(super) fn new(options: &HttpOptions) -> Self {
        let slugs: Vec<_> = options.namespaces.values().map(|of| slug(&of.title)).collect();
        let link = |(name, of): (&NamespaceName, &HttpNamespace)| {
            // `CarOwner` is `carowner`. A title without ASCII letters, or one of two alike, gives way to the name.
            let slug = slug(&of.title);
            let is_its_own = !slug.is_empty() && slugs.iter().filter(|other| **other == slug).count() == 1;
            let segment = if is_its_own { slug } else { name.to_string() };
            let address = format!("/docs/api-reference/{segment}/auth");
            NamespaceLink { name: name.to_string(), title: of.title.clone(), address }
        };
        Self {
            base_url: options.base_url.clone(),
            version: options.version,
            has_console: options.docs.console,
            is_development: options.mode == Mode::Development,
            namespaces: options.namespaces.iter().map(link).collect(),
        }
    }

    /// Fills a page in.
    pub(super) fn render(&self, template: &str, title: &str, page: Value) -> Result<String, Fault> {
        let frame = context! { language => "en", title, docs => Serde(self) };
        render(template, merge_maps([page, frame]))
    }
}
