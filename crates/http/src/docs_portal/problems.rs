//! `/docs/problems/`: every problem there is, and what a client does about it. A problem's `type` leads here.

use super::api_reference::of_namespace;
use super::frame::Frame;
use super::markdown;
use super::samples::coloured;
use crate::problem::ProblemCode;
use app::fault::Fault;
use minijinja::value::Serde;
use minijinja::{Value as Html, context};
use serde::Serialize;
use serde_json::Value;

/// A row of the registry.
#[derive(Serialize)]
struct Row {
    code: &'static str,
    slug: String,
    status: u16,
    title: &'static str,
    detail: &'static str,
}

impl From<ProblemCode> for Row {
    fn from(code: ProblemCode) -> Self {
        Self {
            code: code.code(),
            slug: code.slug(),
            status: code.status(),
            title: code.title(),
            detail: code.detail(),
        }
    }
}

/// An endpoint that can answer a problem.
#[derive(Serialize)]
struct Origin {
    method: String,
    path: String,
    address: String,
}

/// The registry.
pub(super) fn render_all(frame: &Frame) -> Result<String, Fault> {
    let mut rows: Vec<_> = ProblemCode::ALL.iter().map(|code| Row::from(*code)).collect();
    rows.sort_by_key(|row| row.status);
    frame.render("docs/problems.html", "Problems", context! { problems => Serde(rows) })
}

/// The page of one.
pub(super) fn render_one(frame: &Frame, document: &Value, code: ProblemCode) -> Result<String, Fault> {
    let example = document.pointer("/components/examples").and_then(|all| all.get(code.code())?.get("value"));
    let example = example.and_then(|example| serde_json::to_string_pretty(example).ok());
    let page = context! {
        problem => Serde(Row::from(code)),
        remedy => Html::from_safe_string(markdown::text(code.remedy())),
        example => example.map(|example| coloured(&example, "json")),
        origins => Serde(origins(frame, document, code.code())),
    };
    frame.render("docs/problem.html", code.title(), page)
}

fn origins(frame: &Frame, document: &Value, code: &str) -> Vec<Origin> {
    let mut origins = Vec::new();
    for namespace in &frame.namespaces {
        for endpoint in of_namespace(document, &namespace.name) {
            if endpoint.problems.iter().any(|problem| problem.code == code) {
                let address = format!("{}#{}", namespace.address, endpoint.id);
                origins.push(Origin { method: endpoint.method, path: endpoint.path, address });
            }
        }
    }
    origins
}
