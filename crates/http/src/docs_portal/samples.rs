//! Examples and snippets of an endpoint, coloured.

use super::endpoint::resolved;
use super::highlight::highlight;
use super::markdown::slug;
use minijinja::Value as Html;
use serde::Serialize;
use serde_json::Value;

/// A body that stands for all of its kind.
#[derive(Serialize)]
pub(super) struct Example {
    summary: String,
    code: Html,
}

/// A snippet.
#[derive(Serialize)]
pub(super) struct Sample {
    id: String,
    label: String,
    code: Html,
}

/// The examples of a body.
pub(super) fn examples(document: &Value, content: &Value) -> Vec<Example> {
    let all = content.get("examples").and_then(Value::as_object);
    let example = |example: &Value| {
        let example = resolved(document, example);
        let value = example.get("value")?;
        let json = serde_json::to_string_pretty(value).ok()?;
        let summary = example.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Example { summary, code: coloured(&json, "json") })
    };
    all.into_iter().flat_map(serde_json::Map::values).filter_map(example).collect()
}

/// The snippets of an operation, in the order of the document.
pub(super) fn samples(operation: &Value) -> Vec<Sample> {
    let all = operation.get("x-codeSamples").and_then(Value::as_array).into_iter().flatten();
    all.map(|sample| {
        let text = |name: &str| sample.get(name).and_then(Value::as_str).unwrap_or_default();
        let label = text("label").to_owned();
        Sample { id: slug(&label), code: coloured(text("source"), text("lang")), label }
    })
    .collect()
}

/// Code as HTML.
pub(super) fn coloured(code: &str, language: &str) -> Html {
    Html::from_safe_string(highlight(code, language))
}
