//! The answers that are problems: one for each status, with exactly the codes that the call can answer.

use super::success_answers::header;
use super::{examples, schemas};
use crate::layers::problem_document;
use crate::operations::Operation;
use crate::options::HttpOptions;
use crate::problem::{Problem, ProblemCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The answers of a call, by status.
pub(super) fn of(problems: &[ProblemCode], operation: Operation) -> impl Iterator<Item = (String, Value)> {
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in problems {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status.into_iter().map(move |(status, codes)| (status.to_string(), answer(status, &codes, operation)))
}

fn answer(status: u16, codes: &[ProblemCode], operation: Operation) -> Value {
    let names: Vec<_> = codes.iter().map(|code| code.code()).collect();
    let titles: Vec<_> = codes.iter().map(|code| code.title()).collect();
    let examples: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/examples/{name}") })))
        .collect();
    json!({
        "description": format!("{}.", titles.join(", or ")),
        "headers": headers(status, operation),
        "content": { "application/problem+json": {
            "schema": {
                "allOf": [
                    schemas::reference("Problem"),
                    {
                        "type": "object",
                        "required": ["status", "code"],
                        "properties": {
                            "status": { "type": "integer", "const": status },
                            "code": { "type": "string", "enum": names },
                        },
                    },
                ],
            },
            "examples": examples,
        } },
    })
}

fn headers(status: u16, operation: Operation) -> Value {
    let mut headers =
        Map::from_iter([header("X-Request-Id", "RequestId"), header("Cache-Control", "NoStore")]);
    match status {
        401 => {
            headers.extend([header("WWW-Authenticate", "Challenge")]);
            if operation == Operation::Refresh {
                headers.extend([header("Set-Cookie", "ClearedCookie")]);
            }
        }
        429 => headers.extend([
            header("Retry-After", "RetryAfter"),
            header("RateLimit", "RateLimit"),
            header("RateLimit-Policy", "RateLimitPolicy"),
        ]),
        503 => headers.extend([header("Retry-After", "RetryAfter")]),
        409 if operation.can_happen_once() => headers.extend([header("Retry-After", "RetryAfterInUse")]),
        _ => {}
    }
    headers.into()
}

/// An example of every problem there is, under its code.
pub(super) fn example_components(options: &HttpOptions) -> Value {
    let example = |code: &ProblemCode| {
        let problem = match code {
            ProblemCode::ValidationFailed => Problem::invalid(examples::wrong_fields()),
            other => Problem::new(*other),
        };
        let document = problem_document::document(&problem, &options.base_url, examples::REQUEST_ID);
        (code.code().to_owned(), json!({ "summary": code.title(), "value": document }))
    };
    ProblemCode::ALL.iter().map(example).collect::<Map<_, _>>().into()
}
