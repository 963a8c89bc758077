//! One entry for each call: of each namespace, then of the server.

use super::naming::{self, Scope};
use super::{code_samples, problem_answers, request_bodies, security, success_answers, texts};
use crate::operations::Operation;
use crate::options::HttpOptions;
use domain::idempotency::{IDEMPOTENCY_KEY_MAX, IDEMPOTENCY_KEY_MIN};
use serde_json::{Map, Value, json};

/// All of them, by path and method.
pub(super) fn paths(options: &HttpOptions) -> Value {
    let mut paths = Map::new();
    let (of_namespace, of_server): (Vec<_>, Vec<_>) =
        Operation::ALL.into_iter().partition(|operation| naming::is_of_namespace(*operation));
    for (name, rules) in &options.namespaces {
        for operation in &of_namespace {
            add(&mut paths, *operation, Some(Scope { name, rules }), options);
        }
    }
    for operation in of_server {
        add(&mut paths, operation, None, options);
    }
    paths.into()
}

fn add(
    paths: &mut Map<String, Value>,
    operation: Operation,
    scope: Option<Scope<'_>>,
    options: &HttpOptions,
) {
    let (method, template) = operation.address();
    let path =
        scope.map_or_else(|| template.to_owned(), |scope| template.replace("{ns}", scope.name.as_str()));
    let methods = paths.entry(path).or_insert_with(|| Map::new().into());
    if let Some(methods) = methods.as_object_mut() {
        methods.insert(method.lower().to_owned(), call(operation, scope, options));
    }
}

/// What a key is made of, with both of its quotes or with none.
fn idempotency_key_pattern() -> String {
    let letters = format!("[!#-\\[\\]-~]{{{IDEMPOTENCY_KEY_MIN},{IDEMPOTENCY_KEY_MAX}}}");
    format!("^(\"{letters}\"|{letters})$")
}

fn call(operation: Operation, scope: Option<Scope<'_>>, options: &HttpOptions) -> Value {
    let mut call = json!({
        "tags": [naming::tag(scope)],
        "operationId": naming::operation_id(operation, scope),
        "summary": texts::summary(operation),
        "description": texts::description(operation),
        "security": security::of(operation, scope),
    });
    if operation == Operation::EndSession {
        call["parameters"] = json!([{
            "name": "id",
            "in": "path",
            "required": true,
            "description": "The session's `id`, as the list of sessions has it.",
            "schema": { "type": "string", "format": "uuid" },
            "example": super::examples::SESSION_ID,
        }]);
    }
    if operation.can_happen_once() {
        call["parameters"] = json!([{
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": texts::IDEMPOTENCY_KEY,
            "schema": { "type": "string", "pattern": idempotency_key_pattern() },
            "example": super::examples::IDEMPOTENCY_KEY,
        }]);
    }
    if let Some(body) = request_bodies::of(operation, scope) {
        call["requestBody"] = body;
    }
    let api_key_required = scope.is_some_and(|scope| scope.rules.api_key_required);
    let problems = operation.problems(options.mode, api_key_required);
    let mut answers = Map::new();
    let (status, answer) = success_answers::of(operation, scope, options);
    answers.insert(status.to_string(), answer);
    answers.extend(problem_answers::of(&problems, operation));
    call["responses"] = answers.into();
    call["x-problems"] = problems.iter().map(|code| code.code()).collect();
    if let Some(samples) = scope.and_then(|scope| code_samples::of(operation, scope)) {
        call["x-codeSamples"] = samples;
    }
    call
}
