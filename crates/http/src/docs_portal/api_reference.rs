//! `/docs/api-reference/<namespace>/auth`: the calls of a namespace, from the same document that `/openapi.json` publishes.

use super::endpoint::{Endpoint, endpoints};
use super::frame::{Frame, NamespaceLink};
use app::fault::Fault;
use minijinja::context;
use minijinja::value::Serde;
use serde_json::Value;

/// The page of a namespace.
pub(super) fn render(frame: &Frame, document: &Value, namespace: &NamespaceLink) -> Result<String, Fault> {
    let endpoints = of_namespace(document, &namespace.name);
    let title = format!("{} / Auth", namespace.title);
    let page = context! { namespace => Serde(namespace), endpoints => Serde(endpoints) };
    frame.render("docs/api_reference.html", &title, page)
}

/// The endpoints of a namespace: those of the tag that names it.
pub(super) fn of_namespace(document: &Value, namespace: &str) -> Vec<Endpoint> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let own = tags.filter(|tag| tag.get("x-namespace").and_then(Value::as_str) == Some(namespace));
    own.filter_map(|tag| tag.get("name")?.as_str())
        .flat_map(|tag| endpoints(document, tag, namespace))
        .collect()
}
