//! How a caller proves itself, in words, from the security requirements of the OpenAPI document.

use minijinja::Value as Html;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

use super::markdown;

/// How a caller proves itself.
#[derive(Serialize)]
pub(super) struct Proof {
    /// Whether nothing at all will do.
    is_public: bool,
    /// One of these is needed.
    ways: Vec<Way>,
    /// These go along, to name the application.
    besides: Vec<Way>,
    /// Whether they have to.
    is_key_needed: bool,
}

/// One way.
#[derive(Serialize)]
struct Way {
    /// What the request carries, such as `Authorization: Bearer <token>`.
    carries: String,
    description: Html,
}

/// The proof of an operation. A key in a header names the application and goes along with the rest.
pub(super) fn proof(document: &Value, operation: &Value) -> Proof {
    let alternatives = operation.get("security").and_then(Value::as_array);
    let alternatives: Vec<Vec<&String>> = alternatives
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|alternative| alternative.keys().collect())
        .collect();
    let is_key = |name: &str| is_application_key(document, name);
    let is_key_needed =
        !alternatives.is_empty() && alternatives.iter().all(|names| names.iter().any(|name| is_key(name)));
    let is_public =
        alternatives.is_empty() || alternatives.iter().any(|names| names.iter().all(|name| is_key(name)));
    let mut seen = BTreeSet::new();
    let (mut ways, mut besides) = (Vec::new(), Vec::new());
    for name in alternatives.iter().flatten().filter(|name| seen.insert(name.as_str())) {
        let Some(way) = way(document, name) else { continue };
        if is_key(name) { besides.push(way) } else { ways.push(way) }
    }
    Proof { is_public, ways, besides, is_key_needed }
}

fn is_application_key(document: &Value, name: &str) -> bool {
    let scheme = document.pointer("/components/securitySchemes").and_then(|schemes| schemes.get(name));
    scheme.is_some_and(|scheme| scheme["type"] == "apiKey" && scheme["in"] == "header")
}

fn way(document: &Value, name: &str) -> Option<Way> {
    let scheme = document.pointer("/components/securitySchemes")?.get(name)?;
    let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let carries = match (text("type"), text("in")) {
        ("http", _) => "Authorization: Bearer <token>".to_owned(),
        (_, "cookie") => format!("Cookie: {}", text("name")),
        _ => format!("{}: <key>", text("name")),
    };
    Some(Way { carries, description: Html::from_safe_string(markdown::text(text("description"))) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn carried(security: &Value) -> (bool, Vec<String>, Vec<String>) {
        let made = made(security);
        let carries = |ways: Vec<Way>| ways.into_iter().map(|way| way.carries).collect();
        (made.is_public, carries(made.ways), carries(made.besides))
    }

    fn made(security: &Value) -> Proof {
        let document = json!({"components": {"securitySchemes": {
            "bearerAuth": {"type": "http", "scheme": "bearer"},
            "coCookie": {"type": "apiKey", "in": "cookie", "name": "minbil_rt_co"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        }}});
        proof(&document, &json!({ "security": security }))
    }

    #[test]
    fn what_is_needed_and_what_only_goes_along_are_told_apart() {
        let key = || vec!["x-api-key: <key>".to_owned()];
        assert_eq!(carried(&json!([{}, {"apiKey": []}])), (true, vec![], key()));
        let both = json!([
            {"bearerAuth": []}, {"coCookie": []}, {"bearerAuth": [], "apiKey": []}, {"coCookie": [], "apiKey": []},
        ]);
        let ways = vec!["Authorization: Bearer <token>".to_owned(), "Cookie: minbil_rt_co".to_owned()];
        assert_eq!(carried(&both), (false, ways, key()));
        assert_eq!(carried(&json!([])), (true, vec![], vec![]));
    }
    #[test]
    fn a_key_that_no_call_goes_without_is_needed() {
        for optional in [
            json!([]),
            json!([{}, {"apiKey": []}]),
            json!([{"bearerAuth": []}, {"bearerAuth": [], "apiKey": []}]),
        ] {
            assert!(!made(&optional).is_key_needed, "{optional}");
        }
        let needed = json!([{"bearerAuth": [], "apiKey": []}, {"coCookie": [], "apiKey": []}]);
        assert!(made(&needed).is_key_needed && !made(&needed).is_public);
        assert_eq!(carried(&needed).1, ["Authorization: Bearer <token>", "Cookie: minbil_rt_co"]);
        let public = made(&json!([{"apiKey": []}]));
        assert!(public.is_key_needed && public.is_public);
    }
}
