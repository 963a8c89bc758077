//! What must hold for every call, made up from the OpenAPI document: a call that is added is tested here without a line
//! of its own.

use crate::harness::{Draft, Setup, TestServer};
use axum::http::Method;
use serde_json::{Value, json};
use testkit::resolve;

/// A call of `co` as the document has it.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub description: Value,
}

impl Call {
    /// A request to it, with nothing in it.
    pub fn draft(&self, server: &TestServer) -> Draft {
        // Any id will do: nothing here gets far enough to look for it.
        let path = self.path.replace("{id}", "019c23ea-a19f-7d92-a3b7-91c4e05f6d28");
        server.call(self.method.clone(), &path)
    }

    /// Whether it lets nobody in without a credential.
    pub fn asks_for_proof(&self) -> bool {
        let ways = self.description["security"].as_array().unwrap();
        !ways.is_empty() && ways.iter().all(|way| way.as_object().is_some_and(|schemes| !schemes.is_empty()))
    }

    /// A body that the call would read, if it reads one.
    pub fn example(&self) -> Option<Value> {
        let content = &self.description.get("requestBody")?["content"]["application/json"];
        Some(content["examples"].as_object()?.values().next()?["value"].clone())
    }

    /// The fields of that body: their names and schemas.
    pub fn fields(&self, document: &Value) -> Vec<(String, Value)> {
        let content = &self.description["requestBody"]["content"]["application/json"];
        let schema = resolve(document, content["schema"]["$ref"].as_str().unwrap()).unwrap();
        let fields = schema["properties"].as_object().unwrap();
        fields.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect()
    }
}

/// The server, its document, and the calls of `co`.
pub async fn server() -> (TestServer, Value, Vec<Call>) {
    let server = TestServer::with(Setup::default().with("LIMITS__ENABLED", false)).await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, description) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            calls.push(Call { method, path: path.clone(), description: description.clone() });
        }
    }
    calls.retain(|call| call.path.starts_with("/api/co/"));
    assert_eq!(calls.len(), 13);
    (server, document, calls)
}

#[tokio::test]
async fn asvs_8_2_1_a_call_that_asks_for_proof_lets_nobody_in_without() {
    let (server, _, calls) = server().await;
    let mut count = 0;
    for call in calls.iter().filter(|call| call.asks_for_proof()) {
        let draft = || match call.example() {
            Some(body) => call.draft(&server).json(&body),
            None => call.draft(&server),
        };
        draft().await.problem("credentials_missing");
        draft().bearer("a.b.c").await.problem("invalid_token");
        draft().header("x-api-key", "a-key").await.problem("credentials_missing");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[tokio::test]
async fn asvs_2_2_1_every_field_is_held_to_its_schema() {
    let (server, document, calls) = server().await;
    let access = server.owner().await.access;
    let mut count = 0;
    for (call, body) in calls.iter().filter_map(|call| Some((call, call.example()?))) {
        for (field, schema) in call.fields(&document) {
            for (value, code) in wrong_values(&schema) {
                let mut body = body.clone();
                body[&field] = value;
                let answer = call.draft(&server).bearer(&access).json(&body).await;
                assert_eq!(answer.field_errors(), [format!("{field}:{code}")], "{} {body}", answer.asked);
                count += 1;
            }
        }
        for field in required(call, &document) {
            let mut body = body.clone();
            body.as_object_mut().unwrap().remove(&field);
            let answer = call.draft(&server).bearer(&access).json(&body).await;
            assert_eq!(answer.field_errors(), [format!("{field}:missing")], "{}", answer.asked);
            count += 1;
        }
    }
    assert!(count > 80, "{count} wrong bodies were tried");
}

/// Values that a schema forbids, and what each is called.
fn wrong_values(schema: &Value) -> Vec<(Value, &'static str)> {
    let mut wrong: Vec<_> = [json!(1), json!(true), json!([]), json!({}), json!(["a"])]
        .into_iter()
        .map(|value| (value, "wrong_type"))
        .collect();
    let takes_null = schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
    if !takes_null {
        wrong.push((json!(null), "missing"));
    }
    if let Some(max) = schema["maxLength"].as_u64() {
        let long = "a".repeat(usize::try_from(max).unwrap() + 1);
        wrong.push((json!(long), "too_long"));
    }
    if schema["minLength"] == 1 {
        wrong.push((json!(""), "missing"));
    }
    if schema.get("enum").is_some() {
        wrong.push((json!("none of them"), "unknown_value"));
    }
    wrong
}

fn required(call: &Call, document: &Value) -> Vec<String> {
    let content = &call.description["requestBody"]["content"]["application/json"];
    let schema = resolve(document, content["schema"]["$ref"].as_str().unwrap()).unwrap();
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn asvs_1_5_3_every_body_is_one_json_object_with_distinct_keys() {
    let (server, document, calls) = server().await;
    let mut count = 0;
    for call in calls.iter().filter(|call| call.example().is_some()) {
        let mut bad = vec!["{".to_owned(), "[]".to_owned(), "null".to_owned(), "\u{feff}{}".to_owned()];
        bad.extend(
            call.fields(&document).iter().map(|(name, _)| format!(r#"{{"{name}":"a","{name}":"a"}}"#)),
        );
        for body in bad {
            let answer = call.draft(&server).raw("application/json", body).await;
            answer.problem("malformed_json");
            count += 1;
        }
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            call.draft(&server).raw(media, "{}").await.problem("unsupported_media_type");
        }
    }
    assert!(count > 7 * 5, "{count} bad bodies were tried");
}
