//! `POST sign-in`

mod again;
mod credentials;
mod enumeration;
mod hashes;

use crate::harness::{APP, OWNER, PASSWORD, Setup, TestServer};
use domain::account::AccountStatus;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test]
async fn the_published_answer_field_for_field() {
    let server = TestServer::start().await;
    let uid = server.sign_up("owner@minbil.io").await;
    let answer = server.try_sign_in("owner@minbil.io", PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let signed = answer.signed();
    let expected = format!(
        r#"{{"message":"Login successful.","access_token":"{}","refresh_token":"{}","expires_in":3600,"expires_at":"2026-02-03T15:31:45Z","expires_at_unix":1770132705,"token_type":"bearer","user":{{"id":"{uid}","email":"owner@minbil.io","email_verified":false,"created_at":"2026-02-03T14:31:45Z","updated_at":"2026-02-03T14:31:45Z","last_sign_in_at":"2026-02-03T14:31:45Z"}}}}"#,
        signed.access, signed.refresh
    );
    assert_eq!(answer.text(), expected);
    assert!(answer.cookies().is_empty(), "not a page, so no cookie");
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn the_access_token_says_what_the_contract_lists() {
    let server = TestServer::start().await;
    let uid = server.sign_up(OWNER).await;
    server.advance(Duration::from_millis(900));
    let signed = server.sign_in(OWNER).await;
    let claims = crate::harness::claims_of(&signed.access);
    let names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    let mut expected = ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "slot", "gen", "auth_time"];
    expected.sort_unstable();
    let mut sorted = names;
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("https://api.example.com/api/co"), &json!(uid)));
    assert_eq!(claims["aud"], claims["iss"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!((&claims["auth_time"], &claims["gen"]), (&claims["iat"], &json!(0)));
}

#[tokio::test]
async fn asvs_7_2_4_every_sign_in_is_a_session_of_its_own() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.post("sign-in").bearer(&first.access).json(&body(PASSWORD)).await.signed();
    assert_ne!(first.session(), second.session());
    assert_ne!(first.refresh, second.refresh);
    server.me(&first.access).await.ok();
    server.me(&second.access).await.ok();
}

#[tokio::test]
async fn the_twenty_first_session_ends_the_idlest() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(server.sign_in(OWNER).await);
        server.advance(Duration::from_secs(1));
    }
    // The oldest is used, so the second is the idlest.
    let used = server.refresh(crate::harness::Credential::Body(&sessions[0].refresh)).await.signed();
    sessions.push(server.sign_in(OWNER).await);
    server.me(&sessions[1].access).await.problem("session_revoked");
    server.me(&used.access).await.ok();
    for session in &sessions[2..] {
        server.me(&session.access).await.ok();
    }
    let evicted = server.events().await.into_iter().find(|row| row.kind.name() == "session_evicted").unwrap();
    assert_eq!(evicted.session.unwrap().to_string(), sessions[1].session());
}

#[tokio::test]
async fn the_last_sign_in_is_told_and_changes_nothing_else() {
    let server = TestServer::start().await;
    server.owner().await;
    server.advance(Duration::from_hours(1));
    let user = server.try_sign_in(OWNER, PASSWORD).await.ok()["user"].clone();
    assert_eq!(user["last_sign_in_at"], "2026-02-03T15:31:45Z");
    assert_eq!(
        (&user["created_at"], &user["updated_at"]),
        (&user["updated_at"], &json!("2026-02-03T14:31:45Z"))
    );
}

#[tokio::test]
async fn a_disabled_account_with_the_right_password_is_told_so() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    let answer = server.try_sign_in(OWNER, PASSWORD).await;
    assert_eq!(answer.status, 403);
    answer.problem("account_disabled");
    server.set_status(OWNER, AccountStatus::Active).await;
    server.sign_in(OWNER).await;
    let expected = ["sign_up", "account_disabled", "sign_in_refused", "account_enabled", "sign_in"];
    assert_eq!(server.event_names().await, expected);
}

#[tokio::test]
async fn asvs_6_2_10_a_password_does_not_age() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.advance(Duration::from_hours(24 * 365 * 5));
    server.sign_in(OWNER).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keycloak_48272_twenty_simultaneous_right_sign_ins_all_succeed() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let mut running = JoinSet::new();
    for _ in 0..20 {
        let co = server.co.clone();
        running.spawn(async move { co.sign_in(OWNER).await });
    }
    let signed = running.join_all().await;
    for one in &signed {
        server.me(&one.access).await.ok();
    }
}

#[tokio::test]
async fn a_full_hashing_queue_is_503_for_everybody_alike() {
    let setup = Setup::default().with("PASSWORDS__THREADS", 1).with("PASSWORDS__QUEUE_MAX", 1);
    let server = TestServer::with(setup).await;
    let signed = server.owner().await;
    let token = server.reset_token(OWNER).await;
    let places = server.fill_hashing_queue();
    assert_eq!(places.len(), 2);
    let known = server.try_sign_in(OWNER, PASSWORD).await;
    known.problem("server_busy");
    assert_eq!(known.status, 503);
    let unknown = server.try_sign_in("nobody@example.com", PASSWORD).await;
    assert_eq!(known.bytes_but_request_id(), unknown.bytes_but_request_id());
    server.post("sign-up").json(&body(PASSWORD)).await.problem("server_busy");
    server.reset(&token, "a new password").await.problem("server_busy");
    server.change(&signed.access, PASSWORD, "a new password").await.problem("server_busy");
    drop(places);
    server.reset(&token, "a new password").await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn a_sign_in_from_a_page_sets_the_cookie_beside_a_different_body_token() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let answer = server.post("sign-in").json(&body(PASSWORD)).header("origin", APP).await;
    let (signed, cookie) = (answer.signed(), answer.cookie());
    assert!(!answer.text().contains(&cookie.value), "ASVS 3.3.4");
    assert_ne!(signed.refresh, cookie.value);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn asvs_2_3_2_concurrent_sign_ins_never_leave_more_than_twenty_sessions() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let mut running = JoinSet::new();
    for _ in 0..40 {
        let co = server.co.clone();
        running.spawn(async move { co.sign_in(OWNER).await });
    }
    let signed = running.join_all().await;
    let mut live = 0;
    for one in &signed {
        live += usize::from(server.me(&one.access).await.status == 200);
    }
    assert_eq!(live, 20);
}

fn body(password: &str) -> serde_json::Value {
    json!({ "email": OWNER, "password": password })
}
