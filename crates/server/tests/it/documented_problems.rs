//! Problems that every call of a kind can answer, provoked at each of them. What only one call can answer is tested where
//! that call is. `cargo xtask test` counts: a problem that the document names and no test provokes fails the run.

use crate::harness::Credential::{Bearer, Body as InBody};
use crate::harness::{Draft, OWNER, PASSWORD, PanickingKeys, Setup, Signed, TestServer};
use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use serde_json::json;
use std::io::Error;
use std::sync::Arc;
use std::time::Duration;

pub const CALLS_WITH_A_BODY: [&str; 9] = [
    "sign-up",
    "sign-in",
    "refresh",
    "sign-out",
    "forgot-password",
    "reset-password",
    "verify-email",
    "resend-verification",
    "change-password",
];

/// Every call that a session must live for. Signing out alone is no such call; signing out everywhere is.
fn calls_of_a_session(server: &TestServer, signed: &Signed) -> [Draft; 5] {
    let passwords = json!({ "current_password": PASSWORD, "new_password": "another password" });
    [
        server.get("me"),
        server.get("sessions"),
        server.delete(&format!("sessions/{}", signed.session())),
        server.post("change-password").json(&passwords),
        server.post("sign-out").json(&json!({ "scope": "global" })),
    ]
    .map(|draft| draft.bearer(&signed.access))
}

async fn all_say(server: &TestServer, signed: &Signed, code: &str) {
    for draft in calls_of_a_session(server, signed) {
        let answer = draft.await;
        assert_eq!(answer.status, 401, "{}", answer.asked);
        answer.problem(code);
    }
}

#[tokio::test]
async fn every_call_says_that_its_session_was_ended() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    server.sign_out(Bearer(&signed.access)).await.ok();
    all_say(&server, &signed, "session_revoked").await;
}

#[tokio::test]
async fn every_call_says_that_its_session_has_expired() {
    let server = TestServer::with(Setup::default().with("SESSIONS__IDLE_SECONDS", 600)).await;
    let signed = server.owner().await;
    server.advance(Duration::from_secs(601));
    all_say(&server, &signed, "session_expired").await;
}

#[tokio::test]
async fn every_call_says_that_the_password_was_changed() {
    let mut server = TestServer::start().await;
    server.ignore_mail();
    let signed = server.owner().await;
    server.change(&signed.access, PASSWORD, "another password").await.ok();
    all_say(&server, &signed, "password_changed").await;
}

#[tokio::test]
async fn every_call_says_that_a_spent_token_came_back() {
    let mut server = TestServer::start().await;
    server.ignore_mail();
    let signed = server.owner().await;
    server.refresh(InBody(&signed.refresh)).await.ok();
    server.advance(Duration::from_secs(61));
    server.refresh(InBody(&signed.refresh)).await.problem("refresh_reused");
    all_say(&server, &signed, "refresh_reused").await;
}

#[tokio::test]
async fn signing_out_everywhere_takes_a_chain_that_is_not_over() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let bearer = server.refresh(Bearer(&signed.access)).await.signed();
    server.advance(Duration::from_hours(24));
    let everywhere = json!({ "refresh_token": bearer.refresh, "scope": "global" });
    server.post("sign-out").json(&everywhere).await.problem("reauthentication_required");
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn a_bug_behind_any_call_is_500() {
    let setup = Setup::default().change(|service| service.access_tokens = Arc::new(PanickingKeys));
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    let passwords = json!({ "current_password": PASSWORD, "new_password": "another password" });
    for draft in [
        server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD })),
        server.post("refresh").bearer("any"),
        server.post("sign-out").bearer("any"),
        server.post("change-password").json(&passwords).bearer("any"),
        server.get("me").bearer("any"),
        server.get("sessions").bearer("any"),
        server.delete("sessions/any").bearer("any"),
        server.fetch("/api/co/.well-known/jwks.json"),
    ] {
        let answer = draft.await;
        assert_eq!(answer.status, 500, "{}", answer.asked);
        answer.problem("internal_error");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_at_every_call_that_reads_one() {
    let server = TestServer::with(Setup::default().with("HTTP__REQUEST_DEADLINE_SECONDS", 1)).await;
    let signed = server.owner().await;
    let late = CALLS_WITH_A_BODY.map(|call| {
        let stalled = stream::pending::<Result<Bytes, Error>>();
        let draft = server.post(call).raw("application/json", Body::from_stream(stalled));
        draft.bearer(&signed.access).into_future()
    });
    for answer in futures_util::future::join_all(late).await {
        assert_eq!(answer.status, 408, "{}", answer.asked);
        answer.problem("request_timeout");
    }
}

#[tokio::test]
async fn a_development_server_refuses_strangers_at_every_call() {
    let server = TestServer::with(Setup::development()).await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let answer = server.call(method, path).instead("host", "evil.example").await;
            assert_eq!(answer.status, 421, "{}", answer.asked);
            answer.problem("host_not_allowed");
            count += 1;
        }
    }
    assert_eq!(count, 2 * 13 + 3, "two namespaces and the server");
}
