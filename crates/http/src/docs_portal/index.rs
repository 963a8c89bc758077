//! `/docs`: where a developer begins.

use super::api_reference::of_namespace;
use super::frame::{Frame, NamespaceLink};
use super::guides;
use app::fault::Fault;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::Value;

/// A namespace, as the page presents it.
#[derive(Serialize)]
struct Card<'a> {
    namespace: &'a NamespaceLink,
    about: String,
    calls: Vec<Call>,
}

/// A call, in a line.
#[derive(Serialize)]
struct Call {
    id: String,
    method: String,
    path: String,
    summary: String,
}

/// The page.
pub(super) fn render(frame: &Frame, document: &Value) -> Result<String, Fault> {
    let cards: Vec<_> = frame.namespaces.iter().map(|namespace| card(document, namespace)).collect();
    let page = context! { cards => Serde(cards), guides => Serde(guides::entries()) };
    frame.render("docs/index.html", "Documentation", page)
}

fn card<'a>(document: &Value, namespace: &'a NamespaceLink) -> Card<'a> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let about = tags
        .filter(|tag| tag.get("x-namespace").and_then(Value::as_str) == Some(&namespace.name))
        .filter_map(|tag| tag.get("description")?.as_str())
        .collect();
    let calls = of_namespace(document, &namespace.name)
        .into_iter()
        .map(|call| Call { id: call.id, method: call.method, path: call.path, summary: call.summary })
        .collect();
    Card { namespace, about, calls }
}
