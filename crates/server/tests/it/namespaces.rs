//! Namespaces: separate worlds behind one server.

use crate::harness::Credential::{Bearer, Body};
use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use axum::http::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_namespace_that_is_not_configured_is_not_there() {
    let server = TestServer::start().await;
    let long = "a".repeat(33);
    for namespace in
        ["xx", "CO", "Co", "co%00", "co%2fauth", "..", "%2e%2e", "*", "1", "co-", long.as_str(), "%ff"]
    {
        for call in ["sign-up", "sign-in", "refresh", "sign-out", "forgot-password", "reset-password"] {
            let draft = server.call(Method::POST, &format!("/api/{namespace}/auth/{call}"));
            let answer = draft.json(&json!({ "email": OWNER, "password": PASSWORD })).await;
            assert_eq!(answer.status, 404, "{namespace}");
            answer.problem("not_found");
        }
        for path in ["auth/me", "auth/sessions", ".well-known/jwks.json"] {
            server.fetch(&format!("/api/{namespace}/{path}")).await.problem("not_found");
        }
    }
    assert!(server.event_names().await.is_empty());
}

#[tokio::test]
async fn asvs_6_3_4_no_other_spelling_of_a_path_is_a_way_round() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    for path in [
        "/api/co/auth/sign-in/",
        "/api/co/auth//sign-in",
        "//api/co/auth/sign-in",
        "/api/co/auth/Sign-In",
        "/api/co/auth/sign-in.json",
        "/api/co/auth/sign-in;a=b",
        "/api/co/auth/sign-in%00",
        "/api/co/auth/sign-in%2f",
        "/api/co/auth/./sign-in",
        "/api/co/auth/x/../sign-in",
        "/api/co/sign-in",
        "/co/auth/sign-in",
        "/api/co/auth/signin",
    ] {
        let answer = server.call(Method::POST, path).json(&body).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.problem("not_found");
    }
}

#[tokio::test]
async fn sessions_and_sign_outs_of_one_are_not_the_others() {
    let server = TestServer::start().await;
    let (co, ws) = (server.co.owner().await, server.ws.owner().await);
    let draft = server.co.post("sign-out").json(&json!({ "scope": "global" })).bearer(&co.access);
    draft.await.ok();
    server.ws.me(&ws.access).await.ok();
    let list = server.ws.get("sessions").bearer(&ws.access).await.ok();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    let token = server.reset_token(OWNER).await;
    server.co.reset(&token, "a password of co alone").await.ok();
    server.ws.try_sign_in(OWNER, PASSWORD).await.ok();
    server.ws.refresh(Body(&ws.refresh)).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_namespace_may_have_rules_of_its_own() {
    let setup = Setup::default()
        .with("NAMESPACES__WS__SESSIONS__ACCESS_TOKEN_SECONDS", 600)
        .with("NAMESPACES__WS__SESSIONS__IDLE_SECONDS", 7200)
        .with("NAMESPACES__WS__SESSIONS__MAX_LIVE", 1);
    let server = TestServer::with(setup).await;
    let (co, ws) = (server.co.owner().await, server.ws.owner().await);
    assert_eq!(server.ws.refresh(Bearer(&ws.access)).await.ok()["expires_in"], 600);
    assert_eq!(server.co.refresh(Bearer(&co.access)).await.ok()["expires_in"], 3600);
    let second = server.ws.sign_in(OWNER).await;
    server.ws.me(&ws.access).await.problem("session_revoked");
    server.advance(Duration::from_hours(2));
    server.ws.refresh(Body(&second.refresh)).await.problem("session_expired");
    server.co.refresh(Body(&co.refresh)).await.ok();
}
