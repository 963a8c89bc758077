//! Every way a call can fail leaves as a problem document (RFC 9457).

use crate::harness::{
    BrokenLimiter, BuggyLimiter, OWNER, PASSWORD, PanickingTelemetry, Setup, SilentLimiter, TestServer,
    record_log,
};
use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use http_api::ProblemCode;
use serde_json::json;
use std::io::Error;
use std::sync::Arc;

#[tokio::test]
async fn the_document_field_for_field() {
    let server = TestServer::start().await;
    let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD }));
    let answer = draft.header("x-request-id", "the-id").await;
    let expected = concat!(
        r#"{"type":"https://api.example.com/docs/problems/invalid-credentials","title":"Invalid credentials","#,
        r#""status":401,"detail":"Email or password is wrong.","message":"Email or password is wrong.","#,
        r#""code":"invalid_credentials","request_id":"the-id"}"#,
    );
    assert_eq!((answer.status, answer.text().as_str()), (401, expected));
}

#[tokio::test]
async fn a_validation_problem_lists_the_fields() {
    let server = TestServer::start().await;
    let document = server.post("sign-in").json(&json!({ "email": 1 })).await.problem("validation_failed");
    let expected = json!([
        { "field": "email", "code": "wrong_type", "message": "email must be a string." },
        { "field": "password", "code": "missing", "message": "password is required." },
    ]);
    assert_eq!((document["errors"].clone(), document["status"].clone()), (expected, json!(400)));
}

#[tokio::test]
async fn no_path_no_method_no_json_and_no_room() {
    let server = TestServer::start().await;
    for path in ["/nothing", "/api", "/api/co", "/api/co/auth", "/api/co/auth/nothing", "/docs/nothing"] {
        let answer = server.fetch(path).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.problem("not_found");
    }
    for method in ["PUT", "TRACE", "FOO", "PROPFIND", "CONNECT"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        for (path, allow) in [("sign-in", "POST"), ("me", "GET,HEAD"), ("sessions/x", "DELETE")] {
            let answer = server.call(method.clone(), &server.path(path)).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
            answer.problem("method_not_allowed");
        }
    }
    server.post("sign-in").raw("text/html", "{}").await.problem("unsupported_media_type");
    server.post("sign-in").raw("application/json", "{").await.problem("malformed_json");
    let large = server.post("sign-in").raw("application/json", "x".repeat(16_385)).await;
    assert_eq!(large.status, 413);
    large.problem("payload_too_large");
}

#[tokio::test]
async fn rustsec_2022_0055_a_body_in_chunks_without_a_length_is_cut_off() {
    let server = TestServer::start().await;
    for call in crate::documented_problems::CALLS_WITH_A_BODY {
        // It never ends: an answer proves that it was not waited for.
        let endless = stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(&[b' '; 1000])));
        let draft = server.post(call).raw("application/json", Body::from_stream(endless));
        let answer = draft.await;
        assert_eq!(answer.status, 413, "{call}");
        answer.problem("payload_too_large");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let server = TestServer::with(Setup::default().with("HTTP__REQUEST_DEADLINE_SECONDS", 1)).await;
    let stalled = stream::pending::<Result<Bytes, Error>>();
    let answer = server.post("sign-in").raw("application/json", Body::from_stream(stalled)).await;
    assert_eq!(answer.status, 408);
    answer.problem("request_timeout");
}

#[tokio::test]
async fn asvs_16_5_4_a_handler_that_panics_is_500_and_the_server_lives_on() {
    let log = record_log();
    let setup = Setup::default().change(|service| service.telemetry = Arc::new(PanickingTelemetry));
    let server = TestServer::with(setup).await;
    let signed = server.owner().await;
    for number in 0..3 {
        let id = format!("panic-{number}");
        let draft = server.post("refresh").bearer(&signed.refresh).header("x-request-id", &id);
        let answer = draft.await;
        assert_eq!(answer.status, 500);
        let document = answer.problem("internal_error");
        assert!(!document.to_string().contains("on purpose"), "{document}");
        server.me(&signed.access).await.ok();
    }
    assert_eq!(log.lines_with("panic-1").len(), 1, "{:?}", log.lines_with("panic-1"));
}

#[tokio::test]
async fn asvs_16_5_3_a_limiter_that_fails_lets_nothing_pass() {
    let setup = Setup::default().change(|service| service.limiter = Arc::new(BrokenLimiter));
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    let answer = server.forgot(OWNER).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")));
    answer.problem("service_unavailable");
    assert!(!answer.text().contains("10.1.2.3"));
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn a_dependency_that_never_answers_is_503() {
    let setup = Setup::default()
        .with("HTTP__REQUEST_DEADLINE_SECONDS", 1)
        .change(|service| service.limiter = Arc::new(SilentLimiter));
    let server = TestServer::with(setup).await;
    server.forgot(OWNER).await.problem("service_unavailable");
}

#[tokio::test]
async fn asvs_16_5_1_an_internal_failure_says_nothing_outside_and_is_logged_once() {
    let log = record_log();
    let setup = Setup::default().change(|service| service.limiter = Arc::new(BuggyLimiter));
    let server = TestServer::with(setup).await;
    let draft = server.post("forgot-password").json(&json!({ "email": OWNER }));
    let answer = draft.header("x-request-id", "buggy-limiter").await;
    assert_eq!(answer.status, 500);
    answer.problem("internal_error");
    for inside in ["table", "SELECT", "counters", "sqlite", ".rs", "panicked"] {
        assert!(!answer.text().contains(inside), "{}", answer.text());
    }
    let lines = log.lines_with("no such table: counters");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("buggy-limiter"), "{}", lines[0]);
    server.resend(OWNER).await.problem("internal_error");
}

#[tokio::test]
async fn asvs_16_5_2_a_store_that_is_gone_is_503_for_every_write() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let token = server.reset_token(OWNER).await;
    server.resend(OWNER).await;
    let proof = server.one_letter().await.token();
    server.take_store_away().await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another password" });
    for draft in [
        server.post("sign-up").json(&json!({ "email": "new@example.com", "password": PASSWORD })),
        server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD })),
        server.post("sign-in").json(&json!({ "email": OWNER, "password": "a wrong password" })),
        server.post("sign-in").json(&json!({ "email": "nobody@example.com", "password": PASSWORD })),
        server.post("refresh").json(&json!({ "refresh_token": page.refresh })),
        server.post("refresh").cookie(&page.cookie),
        server.post("sign-out").bearer(&page.access),
        server.post("forgot-password").json(&json!({ "email": OWNER })),
        server.post("reset-password").json(&json!({ "token": token, "password": "another password" })),
        server.post("verify-email").json(&json!({ "token": proof })),
        server.post("resend-verification").json(&json!({ "email": OWNER })),
        server.post("change-password").json(&change).bearer(&page.access),
        server.delete(&format!("sessions/{}", page.session())).bearer(&page.access),
        server.fetch("/readyz"),
    ] {
        let answer = draft.await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{}", answer.asked);
        answer.problem("service_unavailable");
        assert!(answer.cookies().is_empty());
    }
}

#[tokio::test]
async fn every_code_has_a_status_a_title_and_a_sentence() {
    for code in ProblemCode::ALL {
        assert!((400..600).contains(&code.status()) && !code.title().is_empty(), "{code:?}");
        assert!(code.detail().ends_with('.'), "{code:?}");
        assert!(code.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code:?}");
    }
}
