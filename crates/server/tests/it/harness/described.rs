//! Whether the server's own OpenAPI document describes an answer: its status, media type, headers, fields and problem
//! code. Every answer of every test goes through here, so a route cannot answer what the document does not say.

use super::answer::Answer;
use axum::http::Method;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write as _;
use testkit::{resolve, schema_faults};

/// Names the file that notes which answer each call gave. `cargo xtask test` sets it, and then asks whether every
/// documented problem of every call was really provoked by some test.
const ANSWERS_SEEN: &str = "MINBIL_AUTH_TEST_ANSWERS_SEEN";
/// Headers that a client acts on: none may come that is not described.
const ACTED_ON: [&str; 3] = ["set-cookie", "www-authenticate", "retry-after"];
/// What any address may come to, with a call behind it or without.
const OF_ANY_ADDRESS: [&str; 3] = ["host_not_allowed", "service_unavailable", "internal_error"];

/// Finds fault with an answer that `document` does not describe.
pub(super) fn check(document: &Value, method: &Method, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap();
    let as_documented = if method == Method::HEAD { "get" } else { &method.as_str().to_ascii_lowercase() };
    let call =
        find(document, path).and_then(|(template, methods)| Some((template, methods.get(as_documented)?)));
    // A parameter that is not even text makes an address that leads nowhere.
    let call = call.filter(|(template, _)| !(template.ends_with("{id}") && answer.is_problem("not_found")));
    match call {
        // The head was refused before it was looked at which call it is for.
        Some(_) if answer.is_problem("headers_too_large") || answer.is_problem("uri_too_long") => {}
        Some((template, call)) => {
            check_call(document, call, method, answer);
            note(&format!("{as_documented} {template}"), answer);
        }
        None if path.starts_with("/api/") && answer.status >= 400 && method != Method::HEAD => {
            let code = &answer.json()["code"];
            let known = document["x-problems-of-no-call"].as_array().unwrap();
            let is_known = known.contains(code) || OF_ANY_ADDRESS.iter().any(|one| code == one);
            assert!(is_known, "{}: {code} is no problem of an address without a call", answer.asked);
        }
        None => {}
    }
}

/// The template that a path belongs to, and its methods.
fn find<'a>(document: &'a Value, path: &str) -> Option<(&'a str, &'a Value)> {
    let is_of = |template: &str| {
        let (mut wanted, mut found) = (template.split('/'), path.split('/'));
        let all_match =
            wanted.by_ref().zip(found.by_ref()).all(|(want, part)| want == part || want == "{id}");
        all_match && template.split('/').count() == path.split('/').count()
    };
    let mut paths = document["paths"].as_object().unwrap().iter();
    paths.find(|(template, _)| is_of(template)).map(|(template, methods)| (template.as_str(), methods))
}

fn check_call(document: &Value, call: &Value, method: &Method, answer: &Answer) {
    let asked = &answer.asked;
    let described = call["responses"].get(answer.status.to_string());
    let described = described.unwrap_or_else(|| panic!("{asked}: {} is not described", answer.status));
    let headers = described["headers"].as_object().unwrap();
    for (name, header) in headers {
        let header = resolve(document, header["$ref"].as_str().unwrap()).unwrap();
        let is_there = answer.headers.contains_key(name);
        assert!(is_there || header["required"] == false, "{asked}: {name} is described and missing");
    }
    for name in ACTED_ON.iter().filter(|name| answer.headers.contains_key(**name)) {
        let is_described = headers.keys().any(|header| header.eq_ignore_ascii_case(name));
        assert!(is_described, "{asked}: {name} is not described");
    }
    if method == Method::HEAD {
        return;
    }
    let media = answer.header("content-type").unwrap_or_default();
    let content = described["content"].get(media);
    let content = content.unwrap_or_else(|| panic!("{asked}: {media} is not described"));
    let faults = schema_faults(document, &content["schema"], &answer.json());
    assert!(faults.is_empty(), "{asked}: {faults:?}");
}

fn note(call: &str, answer: &Answer) {
    let Some(path) =
        std::env::var_os(ANSWERS_SEEN).filter(|_| answer.status >= 400 && !answer.body.is_empty())
    else {
        return;
    };
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    // One write for each line: tests run side by side.
    file.write_all(format!("{call} {}\n", answer.json()["code"].as_str().unwrap()).as_bytes()).unwrap();
}
