//! API keys: they name an application and open nothing (ASVS 7.2.2, 8.3.3, 13.3.4).

mod flood;

use crate::harness::{APP, Draft, OWNER, PASSWORD, Setup, TestServer, WS_APP};
use app::api_keys::note_uses;
use app::audit::AuditContext;
use app::operate_api_key::{IssuedApiKey, create, rotate};
use axum::http::Method;
use domain::api_key::{ApiKey, ApiKeyName, ApiKeySecret, ApiKeyText};
use domain::ids::ApiKeyId;
use domain::namespace::NamespaceName;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const HEADER: &str = "x-api-key";
const HOUR: Duration = Duration::from_secs(3600);
/// How long a key is believed by default.
const CACHED: Duration = Duration::from_secs(30);

/// A server whose `ws` asks for a key and whose `co` does not.
async fn server() -> TestServer {
    TestServer::with(Setup::default().with("NAMESPACES__WS__API_KEY_REQUIRED", true)).await
}

async fn issue(server: &TestServer, namespace: &str, name: &str, lifetime: Option<Duration>) -> IssuedApiKey {
    let namespace = &server.service.namespaces[&NamespaceName::parse(namespace).unwrap()];
    let name = ApiKeyName::parse(name).unwrap();
    create(&server.service, namespace, name, lifetime).await.unwrap().unwrap()
}

async fn revoke(server: &TestServer, key: &ApiKey) {
    let audit = AuditContext::operator();
    server.service.store.revoke_api_key(&key.namespace, key.id, audit).await.unwrap();
}

async fn turn(server: &TestServer, key: &ApiKey, overlap: Duration) -> IssuedApiKey {
    let namespace = &server.service.namespaces[&key.namespace];
    rotate(&server.service, namespace, key.id, overlap, None).await.unwrap().unwrap()
}

/// A key of nobody with a right checksum.
fn made_up(number: u8) -> String {
    let secret = ApiKeySecret::filled_by(|bits| bits.fill(number));
    ApiKeyText { id: ApiKeyId::new(Uuid::from_u128(number.into())), secret }.encode()
}

/// Every auth call of a namespace with a body that it reads, from the server's own document.
async fn calls(server: &TestServer, namespace: &str) -> Vec<(String, Draft)> {
    let document = server.fetch("/openapi.json").await.ok();
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            if !path.starts_with(&format!("/api/{namespace}/auth/")) {
                continue;
            }
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let draft = server.call(method, &path.replace("{id}", "019c23ea-a19f-7d92-a3b7-91c4e05f6d28"));
            let draft = match example(call) {
                Some(body) => draft.json(&body),
                None => draft,
            };
            calls.push((path.clone(), draft));
        }
    }
    assert!(calls.len() >= 10);
    calls
}

fn example(call: &Value) -> Option<Value> {
    let content = &call.get("requestBody")?["content"]["application/json"];
    Some(content["examples"].as_object()?.values().next()?["value"].clone())
}

/// A sign-in to `ws`, to nobody's account: it tells whether the key was good, and nothing else.
fn knock(server: &TestServer) -> Draft {
    server.ws.post("sign-in").json(&json!({ "email": "nobody@example.com", "password": PASSWORD }))
}

const LET_IN: &str = "invalid_credentials";
const KEPT_OUT: &str = "api_key_invalid";

#[tokio::test]
async fn every_call_of_a_namespace_that_asks_for_a_key_needs_one() {
    let mut server = server().await;
    server.ignore_mail();
    for (path, draft) in calls(&server, "ws").await {
        let answer = draft.await;
        answer.problem("api_key_missing");
        assert_eq!(answer.status, 401, "{path}");
    }
    for (path, draft) in calls(&server, "ws").await {
        let answer = draft.header(HEADER, made_up(1)).await;
        answer.problem(KEPT_OUT);
        assert_eq!(answer.status, 401, "{path}");
    }
    assert_eq!(server.event_names().await.len(), 0, "nobody got as far as an account");
    let key = issue(&server, "ws", "workshop", None).await;
    for (path, draft) in calls(&server, "ws").await {
        let answer = draft.header(HEADER, key.text.expose()).await;
        let code = if answer.status < 400 { Value::Null } else { answer.json()["code"].clone() };
        assert!(!code.as_str().unwrap_or_default().starts_with("api_key"), "{path} {code}");
    }
}

#[tokio::test]
async fn where_no_key_is_needed_a_wrong_one_is_told_and_somebody_elses_is_ignored() {
    let mut server = server().await;
    server.ignore_mail();
    for (_, draft) in calls(&server, "co").await {
        draft.header(HEADER, made_up(1)).await.problem(KEPT_OUT);
    }
    let owner = server.owner().await;
    let me = || server.get("me").bearer(&owner.access);
    me().await.ok();
    for foreign in ["", "app-1", "a key of the gateway", "MBK1_"] {
        me().header(HEADER, foreign).await.ok();
    }
    me().header(HEADER, "a").header(HEADER, "b").await.ok();
    let key = issue(&server, "co", "web", None).await;
    me().header(HEADER, key.text.expose()).await.ok();
}

#[tokio::test]
async fn asvs_7_2_2_asvs_8_3_3_a_key_is_no_user_and_widens_no_right() {
    let server = server().await;
    let key = issue(&server, "co", "web", None).await;
    let text = key.text.expose();
    server.sign_up(OWNER).await;
    for call in ["refresh", "sign-out"] {
        server.post(call).header(HEADER, text).await.problem("credentials_missing");
    }
    server.get("me").header(HEADER, text).await.problem("credentials_missing");
    server.get("me").bearer(text).await.problem("invalid_token");
    server.post("refresh").json(&json!({ "refresh_token": text })).await.problem("invalid_token");
    let wrong = json!({ "email": OWNER, "password": "a wrong password" });
    server.post("sign-in").json(&wrong).header(HEADER, text).await.problem("invalid_credentials");
}

#[tokio::test]
async fn a_key_of_another_namespace_is_worth_nothing() {
    let server = server().await;
    let co = issue(&server, "co", "web", None).await;
    let ws = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, co.text.expose()).await.problem(KEPT_OUT);
    knock(&server).header(HEADER, ws.text.expose()).await.problem(LET_IN);
    // Known to this process by now, and still of another namespace.
    server.get("me").header(HEADER, ws.text.expose()).await.problem(KEPT_OUT);
    knock(&server).header(HEADER, co.text.expose()).await.problem(KEPT_OUT);
}

#[tokio::test]
async fn a_mistyped_a_doubled_and_an_unreadable_key_are_wrong() {
    let server = server().await;
    let key = issue(&server, "ws", "web", None).await;
    let text = key.text.expose();
    let mut mistyped = text.to_owned();
    let last = if text.ends_with('A') { "Q" } else { "A" };
    mistyped.replace_range(text.len() - 1.., last);
    for wrong in [mistyped.as_bytes(), b"mbk1_", b"a", b"\xff", text.to_ascii_uppercase().as_bytes()] {
        knock(&server).header(HEADER, wrong).await.problem(KEPT_OUT);
    }
    knock(&server).header(HEADER, text).header(HEADER, text).await.problem(KEPT_OUT);
    knock(&server).header(HEADER, "").await.problem("api_key_missing");
    knock(&server).header(HEADER, text).await.problem(LET_IN);
}

#[tokio::test]
async fn asvs_13_3_4_an_expired_key_is_dead_at_its_last_second() {
    let server = server().await;
    // Within the time that a key is believed, and beyond it.
    for lifetime in [CACHED / 2, HOUR] {
        let key = issue(&server, "ws", &format!("{lifetime:?}"), Some(lifetime)).await;
        knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
        server.advance(lifetime - Duration::from_secs(1));
        knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
        server.advance(Duration::from_secs(1));
        knock(&server).header(HEADER, key.text.expose()).await.problem(KEPT_OUT);
    }
}

#[tokio::test]
async fn asvs_13_3_4_a_rotated_secret_works_at_once_and_the_one_before_through_the_overlap() {
    let server = server().await;
    let old = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, old.text.expose()).await.problem(LET_IN);
    let new = turn(&server, &old.key, HOUR).await;
    assert_eq!(new.key.id, old.key.id);
    knock(&server).header(HEADER, new.text.expose()).await.problem(LET_IN);
    server.advance(HOUR - Duration::from_secs(1));
    knock(&server).header(HEADER, old.text.expose()).await.problem(LET_IN);
    server.advance(Duration::from_secs(1));
    knock(&server).header(HEADER, old.text.expose()).await.problem(KEPT_OUT);
    knock(&server).header(HEADER, new.text.expose()).await.problem(LET_IN);
}

#[tokio::test]
async fn a_revoked_key_dies_within_the_time_it_is_believed() {
    let server = server().await;
    let key = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    revoke(&server, &key.key).await;
    // Believed without a query: this process was not told.
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    server.advance(CACHED);
    knock(&server).header(HEADER, key.text.expose()).await.problem(KEPT_OUT);
    let unseen = issue(&server, "ws", "unseen", None).await;
    revoke(&server, &unseen.key).await;
    knock(&server).header(HEADER, unseen.text.expose()).await.problem(KEPT_OUT);
}

#[tokio::test]
async fn without_a_cache_a_revoked_key_dies_at_once() {
    let setup = Setup::default().with("NAMESPACES__WS__API_KEY_REQUIRED", true);
    let server = TestServer::with(setup.with("API_KEYS__CACHE_SECONDS", 0)).await;
    let key = issue(&server, "ws", "web", None).await;
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    revoke(&server, &key.key).await;
    knock(&server).header(HEADER, key.text.expose()).await.problem(KEPT_OUT);
}

#[tokio::test]
async fn the_key_comes_before_the_body_is_read_and_before_anything_is_hashed() {
    let server = server().await;
    server.ws.post("sign-in").raw("application/json", "{").await.problem("api_key_missing");
    server.ws.post("sign-in").raw("text/plain", "{}").await.problem("api_key_missing");
    let long = "a".repeat(server.settings.written.http.body_max_bytes + 1);
    let announced = server.ws.post("sign-in").raw("application/json", long.clone());
    announced.header("content-length", long.len().to_string()).await.problem("payload_too_large");
    server.ws.get("me").header("content-length", "1000000").await.problem("api_key_missing");
    knock(&server).await.problem("api_key_missing");
    assert_eq!(server.event_names().await.len(), 0);
}

#[tokio::test]
async fn a_page_may_send_its_key_and_its_preflight_needs_none() {
    let server = server().await;
    let preflight = server.ws.call(Method::OPTIONS, &server.ws.path("sign-in")).header("origin", WS_APP);
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = preflight.header("access-control-request-headers", HEADER).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(WS_APP)));
    assert!(answer.all("access-control-allow-headers").contains(HEADER));
    let refused = knock(&server).header("origin", WS_APP).await;
    refused.problem("api_key_missing");
    assert_eq!(refused.header("access-control-allow-origin"), Some(WS_APP), "the page may read why");
    assert!(refused.all("vary").to_ascii_lowercase().contains(HEADER));
    assert_eq!(knock(&server).header("origin", APP).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn public_keys_are_for_everybody() {
    let server = server().await;
    server.fetch("/api/ws/.well-known/jwks.json").await.ok();
}

#[tokio::test]
async fn the_document_says_whether_a_key_is_needed() {
    let server = server().await;
    let document = server.fetch("/openapi.json").await.ok();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(security("/api/co/auth/sign-in", "post"), json!([{}, { "apiKey": [] }]));
    assert_eq!(security("/api/ws/auth/sign-in", "post"), json!([{ "apiKey": [] }]));
    assert_eq!(security("/api/ws/auth/me", "get"), json!([{ "apiKey": [], "bearerAuth": [] }]));
    assert_eq!(security("/api/ws/.well-known/jwks.json", "get"), json!([{}]));
    let problems = |path: &str| document["paths"][path]["post"]["x-problems"].as_array().unwrap().clone();
    assert!(problems("/api/ws/auth/sign-in").contains(&json!("api_key_missing")));
    assert!(!problems("/api/co/auth/sign-in").contains(&json!("api_key_missing")));
    assert!(problems("/api/co/auth/sign-in").contains(&json!("api_key_invalid")));
}

#[tokio::test]
async fn a_use_is_noted_once_an_hour_and_never_while_a_request_waits() {
    let server = server().await;
    let key = issue(&server, "ws", "web", None).await;
    let last =
        async || server.service.store.find_api_key(key.key.id).await.unwrap().unwrap().key.last_used_at;
    // Nobody is told of a call without an account: only the refused sign-in itself is written.
    let before = server.writes();
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    assert_eq!((server.writes() - before, last().await), (1, None));
    note_uses(&server.service).await.unwrap();
    let first = last().await;
    assert!(first.is_some());
    server.advance(HOUR - Duration::from_secs(1));
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    note_uses(&server.service).await.unwrap();
    assert_eq!(last().await, first);
    server.advance(Duration::from_secs(1));
    knock(&server).header(HEADER, key.text.expose()).await.problem(LET_IN);
    note_uses(&server.service).await.unwrap();
    assert!(last().await > first);
}
