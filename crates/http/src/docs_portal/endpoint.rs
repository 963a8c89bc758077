//! One endpoint, read out of the OpenAPI document: everything its part of the page shows.

use super::markdown;
use super::proof::{Proof, proof};
use super::samples::{Example, Sample, examples, samples};
use minijinja::Value as Html;
use serde::Serialize;
use serde_json::Value;

/// One endpoint.
#[derive(Serialize)]
pub(super) struct Endpoint {
    /// The part of the address that leads here, such as `sign-in`.
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    description: Html,
    proof: Proof,
    body_is_optional: bool,
    fields: Vec<Field>,
    requests: Vec<Example>,
    answers: Vec<Answer>,
    pub(super) problems: Vec<PossibleProblem>,
    samples: Vec<Sample>,
    /// Where the console shows it.
    console: String,
}

/// A field of the body or the address.
#[derive(Serialize)]
struct Field {
    name: String,
    kind: String,
    is_required: bool,
    description: Html,
}

/// A success.
#[derive(Serialize)]
struct Answer {
    status: String,
    description: Html,
    examples: Vec<Example>,
}

/// A problem that the endpoint can answer.
#[derive(Serialize)]
pub(super) struct PossibleProblem {
    status: String,
    pub(super) code: String,
    slug: String,
}

/// The endpoints that carry a tag, in the order of the document.
pub(super) fn endpoints(document: &Value, tag: &str, namespace: &str) -> Vec<Endpoint> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let mut found = Vec::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let tags = operation.get("tags").and_then(Value::as_array).into_iter().flatten();
            if tags.filter_map(Value::as_str).any(|one| one == tag) {
                found.push(endpoint(document, (method, path), operation, (tag, namespace)));
            }
        }
    }
    found
}

fn endpoint(
    document: &Value,
    (method, path): (&str, &str),
    operation: &Value,
    (tag, namespace): (&str, &str),
) -> Endpoint {
    let body = operation.pointer("/requestBody/content/application~1json");
    let (answers, problems) = responses(document, operation);
    let method = method.to_ascii_uppercase();
    Endpoint {
        id: id(path, namespace),
        summary: text(operation, "summary"),
        description: html(&text(operation, "description")),
        proof: proof(document, operation),
        body_is_optional: operation.pointer("/requestBody/required") == Some(&Value::Bool(false)),
        fields: parameters(operation).chain(body_fields(document, body)).collect(),
        requests: body.map(|body| examples(document, body)).unwrap_or_default(),
        answers,
        problems,
        samples: samples(operation),
        console: format!("/docs/console#tag/{}/{method}{path}", markdown::slug(tag)),
        method,
        path: path.to_owned(),
    }
}

/// `/api/co/auth/sessions/{id}` is `sessions-id`: the path without what all paths of the page begin with.
fn id(path: &str, namespace: &str) -> String {
    let own = path.strip_prefix(&format!("/api/{namespace}/")).unwrap_or(path);
    markdown::slug(own.strip_prefix("auth/").unwrap_or(own))
}

fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn html(markdown: &str) -> Html {
    Html::from_safe_string(markdown::text(markdown))
}

/// The thing itself, where the document only points to it.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn parameters(operation: &Value) -> impl Iterator<Item = Field> {
    let all = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    all.filter(|parameter| text(parameter, "in") == "path").map(|parameter| Field {
        name: text(parameter, "name"),
        kind: parameter.get("schema").map(kind).unwrap_or_default(),
        is_required: true,
        description: html(&text(parameter, "description")),
    })
}

fn body_fields<'a>(document: &'a Value, body: Option<&'a Value>) -> impl Iterator<Item = Field> {
    let schema = body.and_then(|body| body.get("schema")).map(|schema| resolved(document, schema));
    let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    properties.into_iter().flatten().map(move |(name, property)| {
        let property = resolved(document, property);
        Field {
            name: name.clone(),
            kind: kind(property),
            is_required: required.is_some_and(|all| all.iter().any(|one| one == name)),
            description: html(&text(property, "description")),
        }
    })
}

/// A type in a few words.
fn kind(schema: &Value) -> String {
    let choices = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let choices: Vec<_> = choices.filter_map(Value::as_str).collect();
    if !choices.is_empty() {
        return choices.join(" | ");
    }
    let types = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ => String::new(),
    };
    match schema.get("format").and_then(Value::as_str) {
        Some(format) if format != "password" => format!("{types}, {format}"),
        _ => types,
    }
}

fn responses(document: &Value, operation: &Value) -> (Vec<Answer>, Vec<PossibleProblem>) {
    let (mut answers, mut problems) = (Vec::new(), Vec::new());
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        let response = resolved(document, response);
        if status.starts_with('2') {
            let json = response.pointer("/content/application~1json");
            answers.push(Answer {
                status: status.clone(),
                description: html(&text(response, "description")),
                examples: json.map(|content| examples(document, content)).unwrap_or_default(),
            });
        } else {
            let codes = response.pointer("/content/application~1problem+json/examples");
            for code in codes.and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys) {
                let (status, slug) = (status.clone(), code.replace('_', "-"));
                problems.push(PossibleProblem { status, code: code.clone(), slug });
            }
        }
    }
    (answers, problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_endpoint_has_an_address_of_its_own_on_the_page() {
        for (path, wanted) in [
            ("/api/co/auth/sign-in", "sign-in"),
            ("/api/co/auth/sessions/{id}", "sessions-id"),
            ("/api/co/.well-known/jwks.json", "well-known-jwks-json"),
        ] {
            assert_eq!(id(path, "co"), wanted);
        }
    }

    #[test]
    fn types_are_said_in_a_few_words() {
        for (schema, wanted) in [
            (json!({"type": "string", "format": "email"}), "string, email"),
            (json!({"type": ["string", "null"]}), "string | null"),
            (json!({"type": "string", "format": "password"}), "string"),
            (json!({"type": "string", "enum": ["local", "global"]}), "local | global"),
            (json!({}), ""),
        ] {
            assert_eq!(kind(&schema), wanted);
        }
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_left_as_it_is() {
        let document = json!({"components": {"schemas": {"A": {"type": "object"}}}});
        let found = json!({"$ref": "#/components/schemas/A"});
        assert_eq!(resolved(&document, &found)["type"], "object");
        let lost = json!({"$ref": "#/components/schemas/B"});
        assert_eq!(resolved(&document, &lost), &lost);
    }
}
