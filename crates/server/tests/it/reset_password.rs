//! `POST reset-password`

use crate::harness::Credential::Body;
use crate::harness::{OWNER, PASSWORD, TestServer};
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::account::AccountStatus;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;

const NEW: &str = "violin-4711-Arkade";

#[tokio::test]
async fn cve_2026_28268_a_link_works_once() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    let answer = server.reset(&token, NEW).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"message":"Password reset successful."}"#));
    assert!(answer.cookies().is_empty(), "ASVS 7.6.2: a link signs nobody in");
    let again = server.reset(&token, "yet another one").await;
    assert_eq!(again.status, 400);
    again.problem("reset_token_invalid");
    server.try_sign_in(OWNER, NEW).await.ok();
    server.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    assert_eq!(server.event_names().await[..3], ["sign_up", "forgot_password", "password_reset"]);
    server.one_letter().await;
}

#[tokio::test]
async fn a_reset_ends_every_session_proves_the_mailbox_and_tells_the_owner() {
    let server = TestServer::start().await;
    let (a, b) = (server.owner().await, server.sign_in_on_page(OWNER).await);
    let token = server.reset_token(OWNER).await;
    server.reset(&token, NEW).await.ok();
    for signed in [a, b] {
        server.refresh(Body(&signed.refresh)).await.problem("password_changed");
        server.me(&signed.access).await.problem("password_changed");
    }
    assert!(server.user(OWNER).await.email_verified);
    let notice = server.one_letter().await;
    assert_eq!(notice.to, OWNER);
    assert!(!notice.text.contains("#token=") && !notice.text.contains(NEW));
}

#[tokio::test]
async fn a_link_works_for_thirty_minutes_to_the_millisecond() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    // Waiting in the outbox does not count.
    server.forgot(OWNER).await.ok();
    server.advance(Duration::from_hours(3));
    let token = server.one_letter().await.token();
    server.advance(Duration::from_mins(30));
    let late = server.reset(&token, NEW).await;
    assert_eq!(late.status, 400);
    late.problem("reset_token_expired");
    server.clock.turn_back(Duration::from_millis(1));
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn every_change_of_the_credential_voids_every_link() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    server.reset(&token, NEW).await.problem("reset_token_invalid");
    server.set_status(OWNER, AccountStatus::Active).await;
    server.reset(&token, NEW).await.problem("reset_token_invalid");
    let token = server.reset_token(OWNER).await;
    server.delete_account(OWNER).await;
    server.sign_up(OWNER).await;
    server.reset(&token, NEW).await.problem("reset_token_invalid");
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn signing_in_voids_no_link() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    server.sign_in(OWNER).await;
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn cve_2023_26481_a_link_is_bound_to_its_user_and_namespace() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.ws.sign_up(OWNER).await;
    server.sign_up("other@example.com").await;
    let token = server.reset_token(OWNER).await;
    server.ws.reset(&token, NEW).await.problem("reset_token_invalid");
    let other = server.user("other@example.com").await;
    let body = json!({
        "token": token, "password": NEW, "email": "other@example.com", "user": other.id.to_string(),
        "user_id": other.id.to_string(), "uid": other.id.to_string(),
    });
    server.post("reset-password").json(&body).header("cookie", "uid=other").await.ok();
    assert_eq!(server.user("other@example.com").await, other);
    server.try_sign_in("other@example.com", PASSWORD).await.ok();
    server.ws.try_sign_in(OWNER, PASSWORD).await.ok();
    assert_eq!(server.one_letter().await.to, OWNER);
}

#[tokio::test]
async fn cve_2026_35675_without_a_token_there_is_no_reset() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let errors = async |body| server.post("reset-password").json(&body).await.field_errors();
    assert_eq!(errors(json!({})).await, ["token:missing", "password:missing"]);
    assert_eq!(errors(json!({ "token": null, "password": NEW })).await, ["token:missing"]);
    assert_eq!(errors(json!({ "token": [], "password": NEW })).await, ["token:wrong_type"]);
    assert_eq!(errors(json!({ "token": ["a"], "password": NEW })).await, ["token:wrong_type"]);
    assert_eq!(errors(json!({ "token": 0, "password": NEW })).await, ["token:wrong_type"]);
    assert_eq!(errors(json!({ "token": "a".repeat(4097), "password": NEW })).await, ["token:too_long"]);
    server.reset("", NEW).await.problem("reset_token_invalid");
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn a_password_that_is_refused_does_not_use_the_link_up() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    assert_eq!(server.reset(&token, "seven..").await.field_errors(), ["password:too_short"]);
    assert_eq!(server.reset(&token, &"a".repeat(257)).await.field_errors(), ["password:too_long"]);
    assert_eq!(server.reset(&token, "").await.field_errors(), ["password:missing"]);
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_3_5_3_opening_the_link_or_any_get_consumes_nothing() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let letter = {
        server.forgot(OWNER).await.ok();
        server.one_letter().await
    };
    let token = letter.token();
    let path = letter.link().replace("https://api.example.com", "");
    // A scanner drops the fragment, or does not.
    for path in [path.split('#').next().unwrap().to_owned(), format!("/reset-password/co?token={token}")] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            server.call(method, &path).await;
        }
    }
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let body = json!({ "token": token, "password": NEW });
        let answer = server.post("reset-password").method(method).json(&body).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    }
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn every_near_miss_of_a_link_is_refused_and_the_link_still_works() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    for at in 0..token.len() {
        server.reset(&token[..at], NEW).await.problem("reset_token_invalid");
        server.reset(&token[at + 1..], NEW).await.problem("reset_token_invalid");
    }
    let bytes = URL_SAFE_NO_PAD.decode(&token[5..]).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let text = format!("mbp1_{}", URL_SAFE_NO_PAD.encode(&flipped));
        server.reset(&text, NEW).await.problem("reset_token_invalid");
    }
    for near in
        [format!("{token}="), format!("{token} "), token.to_uppercase(), token.replace("mbp1_", "mbr1_")]
    {
        server.reset(&near, NEW).await.problem("reset_token_invalid");
    }
    server.reset(&token, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn asvs_2_3_4_of_fifty_concurrent_uses_of_one_link_one_succeeds() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    let mut running = JoinSet::new();
    for number in 0..50 {
        let (co, token) = (server.co.clone(), token.clone());
        running.spawn(async move {
            let password = format!("password number {number}");
            (co.reset(&token, &password).await, password)
        });
    }
    let mut won = Vec::new();
    for (answer, password) in running.join_all().await {
        if answer.status == 200 {
            won.push(password);
        } else {
            answer.problem("reset_token_invalid");
        }
    }
    assert_eq!(won.len(), 1);
    server.try_sign_in(OWNER, &won[0]).await.ok();
    server.one_letter().await;
}
