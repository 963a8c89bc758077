//! `GET me`

use crate::harness::Credential::{Body, Cookie};
use crate::harness::{OWNER, TestServer};
use axum::http::Method;
use domain::account::AccountStatus;
use std::time::Duration;

#[tokio::test]
async fn a_signed_in_user_is_told_who_they_are() {
    let server = TestServer::start().await;
    let uid = server.sign_up(OWNER).await;
    let signed = server.sign_in(OWNER).await;
    let answer = server.me(&signed.access).await;
    let moment = "2026-02-03T14:31:45Z";
    let expected = format!(
        r#"{{"message":"Signed in.","user":{{"id":"{uid}","email":"{OWNER}","email_verified":false,"created_at":"{moment}","updated_at":"{moment}","last_sign_in_at":"{moment}"}}}}"#,
    );
    assert_eq!((answer.status, answer.text()), (200, expected));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let head = server.get("me").method(Method::HEAD).bearer(&signed.access).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn only_an_access_token_says_who_somebody_is() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.get("me").await.problem("credentials_missing");
    server.get("me").presenting(Cookie(&page.cookie)).await.problem("credentials_missing");
    server.get("me").presenting(Body(&page.refresh)).await.problem("credentials_missing");
    for header in ["Bearer", "Bearer undefined", "Basic eDp5", "bearer", "Token x"] {
        let answer = server.get("me").header("authorization", header).await;
        answer.problem("invalid_token");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    server.get("me").bearer(&page.access).bearer(&page.access).await.problem("invalid_token");
    let lower = server.get("me").header("authorization", format!("bearer {}", page.access)).await;
    lower.ok();
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_out_at_once() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    server.me(&first.access).await.problem("session_revoked");
    server.set_status(OWNER, AccountStatus::Active).await;
    let second = server.sign_in(OWNER).await;
    server.delete_account(OWNER).await;
    server.me(&second.access).await.problem("session_revoked");
}

#[tokio::test]
async fn what_changes_about_the_user_shows() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.advance(Duration::from_hours(1));
    let token = server.reset_token(OWNER).await;
    server.reset(&token, crate::harness::PASSWORD).await.ok();
    server.advance(Duration::from_hours(1));
    let signed = server.sign_in(OWNER).await;
    let user = server.me(&signed.access).await.ok()["user"].clone();
    assert_eq!(user["email_verified"], true, "whoever opened the mailed link reads that mailbox");
    assert_eq!(user["created_at"], "2026-02-03T14:31:45Z");
    assert_eq!(user["updated_at"], "2026-02-03T15:31:45Z");
    assert_eq!(user["last_sign_in_at"], "2026-02-03T16:31:45Z");
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_14_2_5_no_other_path_shows_a_user() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    for path in [
        "/api/co/auth/me/",
        "/api/co/auth/me/x.css",
        "/api/co/auth/me.css",
        "/api/co/auth/me;x.css",
        "/api/co/auth/ME",
        "/api/co//auth/me",
        "//api/co/auth/me",
        "/api/co/auth/me%2f",
        "/api/co/auth/../auth/me",
        "/api/co/me",
    ] {
        let answer = server.fetch(path).bearer(&signed.access).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{path}");
    }
    // A query changes nothing, and calls nobody back. (ASVS 3.5.6)
    let answer = server.fetch("/api/co/auth/me?callback=evil&x=1").bearer(&signed.access).await;
    assert_eq!(answer.text(), server.me(&signed.access).await.text());
}
