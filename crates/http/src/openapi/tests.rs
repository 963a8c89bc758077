//! The document holds together, and says what the configuration says.

use super::openapi_document;
use crate::operations::{Group, OF_NO_CALL, Operation};
use crate::options::{DocsOptions, HttpNamespace, HttpOptions, Mode};
use crate::problem::ProblemCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::namespace::NamespaceName;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::{resolve, schema_faults};

fn namespace(title: &str) -> HttpNamespace {
    HttpNamespace {
        title: title.to_owned(),
        allowed_origins: Vec::new(),
        same_site_is_allowed: false,
        refresh_tokens_in_bodies: true,
        api_key_required: false,
        password_min: 8,
    }
}

fn options(mode: Mode, namespaces: &[(&str, HttpNamespace)]) -> HttpOptions {
    let named = |(name, rules): &(&str, HttpNamespace)| (NamespaceName::parse(name).unwrap(), rules.clone());
    HttpOptions {
        base_url: "https://auth.example.com".to_owned(),
        mode,
        own_origins: Vec::new(),
        namespaces: namespaces.iter().map(named).collect::<BTreeMap<_, _>>(),
        trusted_proxies: Vec::new(),
        body_max_bytes: 4096,
        uri_max_bytes: 4096,
        head_max_bytes: 4096,
        request_deadline: Duration::from_secs(1),
        docs: DocsOptions { enabled: true, console: true },
        version: "1.2.3",
    }
}

/// Two namespaces with different rules.
fn document() -> Value {
    let strict = HttpNamespace {
        refresh_tokens_in_bodies: false,
        api_key_required: true,
        password_min: 15,
        ..namespace("Fleet")
    };
    openapi_document(&options(Mode::Production, &[("co", namespace("CarOwner")), ("fleet-2", strict)]))
}

/// Every value of the document, with the name it stands under.
fn each<'a>(name: &'a str, value: &'a Value, seen: &mut Vec<(&'a str, &'a Value)>) {
    seen.push((name, value));
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| each(name, value, seen)),
        Value::Array(items) => items.iter().for_each(|value| each("", value, seen)),
        _ => {}
    }
}

fn all(document: &Value) -> Vec<(&str, &Value)> {
    let mut seen = Vec::new();
    each("", document, &mut seen);
    seen
}

/// Path, method and description of every call.
fn calls(document: &Value) -> Vec<(&str, &str, &Value)> {
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            calls.push((path.as_str(), method.as_str(), call));
        }
    }
    calls
}

fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    value[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn every_operation_of_the_table_is_described_in_each_namespace_and_nothing_else_is() {
    let document = document();
    let described: BTreeSet<_> =
        calls(&document).iter().map(|(path, method, _)| format!("{method} {path}")).collect();
    let of_table = |operation: Operation| {
        let (method, path) = operation.address();
        let namespaces: &[&str] = match operation.group() {
            Group::Auth | Group::Keys => &["co", "fleet-2"],
            Group::Description | Group::Health => &[""],
        };
        namespaces.iter().map(move |name| format!("{} {}", method.lower(), path.replace("{ns}", name)))
    };
    assert_eq!(described, Operation::ALL.into_iter().flat_map(of_table).collect());
    assert_eq!(described.len(), 13 * 2 + 3);
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let seen = all(&document);
    let references: BTreeSet<_> =
        seen.iter().filter(|(name, _)| *name == "$ref").map(|(_, value)| value.as_str().unwrap()).collect();
    for reference in &references {
        assert!(resolve(&document, reference).is_some(), "{reference}");
    }
    // An example of a problem that reaches no call stands there for the pages.
    let unreachable: BTreeSet<_> = texts(&document, "x-problems-of-no-call").into_iter().collect();
    for kind in ["schemas", "headers", "examples"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let is_used = references.contains(format!("#/components/{kind}/{name}").as_str());
            let is_development = name == "host_not_allowed";
            assert!(is_used || is_development || unreachable.contains(name.as_str()), "{kind}/{name}");
        }
    }
}

#[test]
fn every_problem_stands_at_a_call_or_among_those_of_no_call() {
    let strict = HttpNamespace { api_key_required: true, ..namespace("CarOwner") };
    let document = openapi_document(&options(Mode::Development, &[("co", strict)]));
    let of_calls: BTreeSet<_> =
        calls(&document).into_iter().flat_map(|(_, _, call)| texts(call, "x-problems")).collect();
    let of_no_call: BTreeSet<_> = OF_NO_CALL.iter().map(|code| code.code()).collect();
    assert!(of_calls.is_disjoint(&of_no_call));
    let every: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(of_calls.union(&of_no_call).copied().collect::<BTreeSet<_>>(), every);
}

#[test]
fn the_answers_of_a_call_hold_exactly_its_problems_each_under_its_status() {
    for (path, method, call) in calls(&document()) {
        let mut answered = BTreeSet::new();
        for (status, answer) in call["responses"].as_object().unwrap() {
            let Some(content) = answer["content"].get("application/problem+json") else { continue };
            let codes = texts(&content["schema"]["allOf"][1]["properties"]["code"], "enum");
            for code in codes {
                let code = ProblemCode::ALL.iter().find(|known| known.code() == code).unwrap();
                assert_eq!(code.status().to_string(), *status, "{method} {path}");
                assert!(answered.insert(code.code()), "{method} {path} {code:?}");
                assert!(content["examples"].get(code.code()).is_some(), "{method} {path} {code:?}");
            }
        }
        assert_eq!(answered, texts(call, "x-problems").into_iter().collect(), "{method} {path}");
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document();
    let mut count = 0;
    let has_both = |value: &Value| value.get("schema").is_some() && value.get("examples").is_some();
    for (name, media) in all(&document).into_iter().filter(|(_, value)| has_both(value)) {
        for (example, held) in media["examples"].as_object().unwrap() {
            let held = held.get("$ref").map_or(held, |to| resolve(&document, to.as_str().unwrap()).unwrap());
            let faults = schema_faults(&document, &media["schema"], &held["value"]);
            assert!(faults.is_empty(), "{name} {example}: {faults:?}");
            count += 1;
        }
    }
    assert!(count > 200, "{count} examples were looked at");
}

#[test]
fn the_sample_token_expires_when_the_sample_answer_says() {
    let document = document();
    let answer = &document["paths"]["/api/co/auth/sign-in"]["post"]["responses"]["200"]["content"];
    let body = &answer["application/json"]["examples"]["example"]["value"];
    let claims = body["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["exp"], body["expires_at_unix"]);
    assert_eq!(claims["sub"], body["user"]["id"]);
    let at: jiff::Timestamp = body["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(body["expires_at_unix"], at.as_second());
}

#[test]
fn every_call_has_a_name_of_its_own_and_a_tag_that_is_declared() {
    let document = document();
    let tags: Vec<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, ["CarOwner / Auth", "Fleet / Auth", "Server"]);
    let mut names = BTreeSet::new();
    for (path, _, call) in calls(&document) {
        let name = call["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} stands twice");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
        let prefix = if path.contains("/fleet-2/") { "fleet_2" } else { "co" };
        assert_eq!(path.starts_with("/api/"), name.starts_with(prefix), "{name} {path}");
        assert!(texts(call, "tags").iter().all(|tag| tags.contains(tag)), "{name}");
    }
    assert!(names.contains("coSignIn") && names.contains("getHealth"), "{names:?}");
}

#[test]
fn the_rules_of_a_namespace_stand_in_its_schemas() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["CoSignUpRequest"]["properties"]["password"]["minLength"], 8);
    assert_eq!(schemas["Fleet_2SignUpRequest"]["properties"]["password"]["minLength"], 15);
    for (schema, has) in [("CoSignedIn", true), ("CoRefreshed", true), ("Fleet_2SignedIn", false)] {
        assert_eq!(schemas[schema]["properties"].get("refresh_token").is_some(), has, "{schema}");
        assert_eq!(texts(&schemas[schema], "required").contains(&"refresh_token"), has, "{schema}");
    }
}

#[test]
fn the_mode_decides_the_name_of_the_cookie_and_who_may_call() {
    let one = [("co", namespace("CarOwner"))];
    for (mode, cookie, asks_host) in
        [(Mode::Production, "__Secure-minbil_rt_co", false), (Mode::Development, "minbil_rt_co", true)]
    {
        let document = openapi_document(&options(mode, &one));
        assert_eq!(document["components"]["securitySchemes"]["coCookie"]["name"], cookie);
        for (path, _, call) in calls(&document) {
            assert_eq!(call["responses"].get("421").is_some(), asks_host, "{path}");
        }
    }
}

#[test]
fn every_call_of_a_namespace_has_its_own_samples_in_the_published_order() {
    let document = document();
    let mut count = 0;
    for (path, method, call) in calls(&document).into_iter().filter(|(path, ..)| path.contains("/auth/")) {
        let samples = call["x-codeSamples"].as_array().unwrap_or_else(|| panic!("{method} {path}"));
        let labels: Vec<_> = samples.iter().map(|sample| sample["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["Node.js axios", "cURL", "fetch"], "{path}");
        let own = path.split("{id}").next().unwrap();
        for sample in samples {
            assert!(sample["source"].as_str().unwrap().contains(own), "{path}: {sample}");
            count += 1;
        }
    }
    assert_eq!(count, 2 * 12 * 3);
}

#[test]
fn every_answer_names_its_request_and_every_refusal_says_how_to_go_on() {
    for (path, _, call) in calls(&document()) {
        for (status, answer) in call["responses"].as_object().unwrap() {
            let has = |name: &str| answer["headers"].get(name).is_some();
            assert!(has("X-Request-Id") && has("Cache-Control"), "{path} {status}");
            assert_eq!(has("WWW-Authenticate"), status == "401", "{path} {status}");
            let may_run_still =
                status == "409" && texts(call, "x-problems").contains(&"idempotency_key_in_use");
            let says_when = matches!(status.as_str(), "429" | "503") || may_run_still;
            assert_eq!(has("Retry-After"), says_when, "{path} {status}");
        }
    }
}
