//! Which pages may read our answers.

use crate::harness::{
    APP, Answer, BASE, EVIL, OWNER, PASSWORD, PanickingTelemetry, Setup, TestServer, WS_APP,
};
use axum::http::Method;
use serde_json::json;
use std::sync::Arc;

pub const CALLS: [&str; 11] = [
    "sign-up",
    "sign-in",
    "refresh",
    "sign-out",
    "forgot-password",
    "reset-password",
    "verify-email",
    "resend-verification",
    "change-password",
    "me",
    "sessions",
];

async fn preflight(server: &TestServer, path: &str, origin: &str) -> Answer {
    let draft = server.call(Method::OPTIONS, path).header("origin", origin);
    let draft = draft.header("access-control-request-method", "POST");
    draft.header("access-control-request-headers", "authorization,content-type").await
}

fn may_read(answer: &Answer, origin: &str) -> bool {
    let allowed = answer.header("access-control-allow-origin");
    assert!(allowed.is_none() || allowed == Some(origin), "{allowed:?} for {origin}");
    allowed.is_some()
}

#[tokio::test]
async fn a_listed_page_may_call_with_credentials() {
    let server = TestServer::start().await;
    for call in CALLS {
        let answer = preflight(&server, &server.path(call), APP).await;
        assert_eq!(answer.status, 200, "{call}");
        assert!(may_read(&answer, APP));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        assert!(!methods.contains('*') && !methods.contains("PUT"));
        let headers = answer.header("access-control-allow-headers").unwrap();
        for name in ["authorization", "content-type", "x-api-key", "x-request-id"] {
            assert!(headers.contains(name), "{headers}");
        }
    }
}

#[tokio::test]
async fn asvs_3_4_2_no_other_page_may() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for origin in [
        "null",
        EVIL,
        WS_APP,
        "https://app.example.com.evil.example",
        "https://evil.example/app.example.com",
        "https://xapp.example.com",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://app.example.com/",
        "HTTPS://app.example.com",
        "https://api.example.com.evil.example",
        "*",
        "",
    ] {
        for path in [server.path("refresh"), server.path("sign-in"), "/api/co/auth/nothing".to_owned()] {
            assert!(!may_read(&preflight(&server, &path, origin).await, origin), "{origin}");
        }
        let body = json!({ "email": OWNER, "password": PASSWORD });
        let answer = server.post("sign-in").json(&body).header("origin", origin).await;
        assert!(!may_read(&answer, origin) && answer.cookies().is_empty(), "{origin}");
    }
}

#[tokio::test]
async fn each_namespace_has_a_list_of_its_own() {
    let server = TestServer::start().await;
    for (namespace, origin, allowed) in [
        ("co", APP, true),
        ("co", WS_APP, false),
        ("ws", WS_APP, true),
        ("ws", APP, false),
        ("ws", BASE, true),
    ] {
        let path = format!("/api/{namespace}/auth/refresh");
        assert_eq!(
            may_read(&preflight(&server, &path, origin).await, origin),
            allowed,
            "{namespace} {origin}"
        );
        let answer = server.call(Method::POST, &path).header("origin", origin).await;
        assert_eq!(may_read(&answer, origin), allowed, "{namespace} {origin}");
    }
    assert!(!may_read(&preflight(&server, "/api/xx/auth/refresh", APP).await, APP));
}

#[tokio::test]
async fn a_listed_page_may_read_every_refusal_too() {
    let server = TestServer::start().await;
    for draft in [
        server.post("sign-in").json(&json!({})),
        server.post("sign-in").raw("application/json", "{"),
        server.post("sign-in").raw("text/plain", "x"),
        server.post("sign-in").raw("application/json", "x".repeat(100_000)),
        server.post("refresh"),
        server.get("me"),
        server.get("sign-in"),
        server.delete("sessions/x"),
    ] {
        let answer = draft.header("origin", APP).await;
        assert!(answer.status >= 400);
        assert!(may_read(&answer, APP), "{}: {}", answer.asked, answer.status);
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        for name in ["retry-after", "x-request-id", "www-authenticate"] {
            assert!(exposed.contains(name), "{}: {exposed}", answer.asked);
        }
    }
}

#[tokio::test]
async fn a_listed_page_may_read_that_a_handler_panicked() {
    let setup = Setup::default().change(|service| service.telemetry = Arc::new(PanickingTelemetry));
    let server = TestServer::with(setup).await;
    let answer = server.post("refresh").header("origin", APP).await;
    answer.problem("internal_error");
    assert!(may_read(&answer, APP));
}

#[tokio::test]
async fn an_answer_says_that_it_depends_on_the_origin() {
    let server = TestServer::start().await;
    for draft in
        [server.get("me"), server.get("me").header("origin", APP), server.get("me").header("origin", EVIL)]
    {
        let vary = draft.await.all("vary").to_lowercase();
        for name in ["origin", "cookie", "authorization"] {
            assert!(vary.contains(name), "{vary}");
        }
    }
}

#[tokio::test]
async fn a_preflight_does_nothing() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let before = server.writes();
    for call in CALLS {
        let draft =
            server.call(Method::OPTIONS, &server.path(call)).cookie(&page.cookie).bearer(&page.access);
        let draft = draft.json(&json!({ "refresh_token": page.refresh })).header("origin", APP);
        let answer = draft.header("access-control-request-method", "POST").await;
        assert!(answer.body.is_empty() && answer.cookies().is_empty());
    }
    assert_eq!(server.writes(), before);
    server.me(&page.access).await.ok();
}

#[tokio::test]
async fn public_documents_are_for_anybody_and_never_with_credentials() {
    let server = TestServer::start().await;
    for path in ["/api/co/.well-known/jwks.json", "/openapi.json"] {
        for origin in [APP, EVIL, "null"] {
            let answer = server.fetch(path).header("origin", origin).await;
            answer.ok();
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
    for path in ["/healthz", "/readyz"] {
        let answer = server.fetch(path).header("origin", APP).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
