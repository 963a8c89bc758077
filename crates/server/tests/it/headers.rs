//! Headers that every answer carries.

use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use axum::http::Method;
use serde_json::json;

/// One request of every kind of answer there is.
async fn answers(server: &TestServer) -> Vec<crate::harness::Answer> {
    server.sign_up(OWNER).await;
    let signed = server.sign_in(OWNER).await;
    let drafts = [
        server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD })),
        server.post("sign-in").json(&json!({ "email": OWNER, "password": "wrong password" })),
        server.post("sign-in").json(&json!({})),
        server.post("sign-in").raw("text/plain", "x"),
        server.post("sign-in").raw("application/json", "x".repeat(20_000)),
        server.post("refresh").bearer(&signed.access),
        server.get("me").bearer(&signed.access),
        server.get("me"),
        server.get("refresh"),
        server.call(Method::OPTIONS, &server.path("refresh")).header("origin", crate::harness::APP),
        server.fetch("/api/co/.well-known/jwks.json"),
        server.fetch("/openapi.json"),
        server.fetch("/healthz"),
        server.fetch("/readyz"),
        server.fetch("/nothing"),
        server.fetch("/api/xx/auth/me"),
        server.call(Method::TRACE, "/"),
        server.call(Method::HEAD, "/nothing"),
    ];
    let mut answers = Vec::new();
    for draft in drafts {
        answers.push(draft.await);
    }
    answers
}

#[tokio::test]
async fn asvs_3_4_every_answer_keeps_a_browser_from_making_more_of_it() {
    let server = TestServer::start().await;
    for answer in answers(&server).await {
        let asked = &answer.asked;
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(policy, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox", "{asked}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{asked}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{asked}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{asked}");
        assert!(answer.header("cross-origin-resource-policy").is_some(), "{asked}");
        for tells in ["server", "x-powered-by", "date", "via"] {
            assert_eq!(answer.header(tells), None, "{asked}");
        }
    }
}

#[tokio::test]
async fn asvs_3_4_1_production_is_for_tls_alone_and_says_so_every_time() {
    let server = TestServer::start().await;
    for answer in answers(&server).await {
        let expected = Some("max-age=63072000; includeSubDomains");
        assert_eq!(answer.header("strict-transport-security"), expected, "{}", answer.asked);
    }
    let server = TestServer::with(Setup::development()).await;
    for answer in answers(&server).await {
        assert_eq!(answer.header("strict-transport-security"), None, "{}", answer.asked);
    }
}

#[tokio::test]
async fn asvs_14_3_2_what_is_about_somebody_is_kept_by_nobody() {
    let server = TestServer::start().await;
    for answer in answers(&server).await {
        let cache = answer.header("cache-control");
        let is_public = answer.asked.contains("jwks") || answer.asked.contains("openapi");
        if !is_public && !answer.asked.starts_with("OPTIONS") {
            assert_eq!(cache, Some("no-store"), "{}", answer.asked);
        }
    }
}

#[tokio::test]
async fn asvs_4_1_1_every_body_says_what_it_is() {
    let server = TestServer::start().await;
    for answer in answers(&server).await {
        let expected = if answer.status < 400 { "application/json" } else { "application/problem+json" };
        if !answer.body.is_empty() {
            assert_eq!(answer.header("content-type"), Some(expected), "{}", answer.asked);
        }
        if let Some(length) = answer.header("content-length").filter(|_| !answer.asked.starts_with("HEAD")) {
            assert_eq!(length, answer.body.len().to_string(), "{}", answer.asked);
        }
    }
}

#[tokio::test]
async fn a_request_id_that_comes_along_is_kept_if_it_is_harmless() {
    let server = TestServer::start().await;
    let kept = server.get("me").header("x-request-id", "gateway-1.2_3").await;
    assert_eq!(kept.header("x-request-id"), Some("gateway-1.2_3"));
    assert_eq!(kept.json()["request_id"], "gateway-1.2_3");
    for bad in ["", "a b", "{\"x\":1}", "\u{9b}31m", &"a".repeat(65), "<script>", "é"] {
        let answer = server.get("me").header("x-request-id", bad).await;
        let id = answer.header("x-request-id").unwrap();
        assert!(id.len() == 36 && id != bad, "{bad:?}: {id}");
    }
    let (one, other) = (server.get("me").await, server.get("me").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}
