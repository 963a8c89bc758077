//! `POST change-password`

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{APP, OWNER, PASSWORD, TestServer};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;

const NEW: &str = "quite another password";

#[tokio::test]
async fn asvs_6_2_2_the_password_changes_and_the_caller_is_signed_in_anew() {
    let server = TestServer::start().await;
    let before = server.owner().await;
    server.advance(Duration::from_mins(5));
    let answer = server.change(&before.access, PASSWORD, NEW).await;
    let body = answer.ok();
    assert_eq!(body["message"], "Password changed.");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("bearer"), &json!(3600)));
    assert_eq!(
        (&body["user"]["email"], &body["user"]["updated_at"]),
        (&json!(OWNER), &json!("2026-02-03T14:36:45Z"))
    );
    let after = answer.signed();
    assert_ne!(after.session(), before.session());
    server.me(&after.access).await.ok();
    server.refresh(Body(&after.refresh)).await.ok();
    server.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    server.try_sign_in(OWNER, NEW).await.ok();
    let names = server.event_names().await;
    assert_eq!(names[..4], ["sign_up", "sign_in", "password_changed", "sign_in"]);
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_6_3_7_the_owner_is_told() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let draft = server.post("change-password").bearer(&signed.access).header("accept-language", "nb-NO");
    draft.json(&json!({ "current_password": PASSWORD, "new_password": NEW })).await.ok();
    let letter = server.one_letter().await;
    assert_eq!(letter.to, OWNER);
    assert!(letter.subject.to_lowercase().contains("passord"), "{}", letter.subject);
    assert!(
        !letter.text.contains(NEW) && !letter.text.contains(PASSWORD) && !letter.text.contains("#token=")
    );
}

#[tokio::test]
async fn every_session_ends_the_calling_one_too() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner().await, server.sign_in_on_page(OWNER).await);
    server.change(&mine.access, PASSWORD, NEW).await.ok();
    for credential in [Body(&mine.refresh), Bearer(&mine.access), Cookie(&other.cookie), Body(&other.refresh)]
    {
        server.refresh(credential).await.problem("password_changed");
    }
    server.me(&mine.access).await.problem("password_changed");
    server.one_letter().await;
}

#[tokio::test]
async fn a_page_gets_the_cookie_of_the_new_session() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let draft =
        server.post("change-password").bearer(&page.access).cookie(&page.cookie).header("origin", APP);
    let new = draft.json(&json!({ "current_password": PASSWORD, "new_password": NEW })).await.signed();
    assert!(!new.cookie.is_empty() && new.cookie != page.cookie);
    server.refresh(Cookie(&new.cookie)).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_6_2_3_a_wrong_current_password_changes_nothing() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let answer = server.change(&signed.access, "a wrong password", NEW).await;
    assert_eq!(answer.status, 403);
    answer.problem("current_password_wrong");
    server.me(&signed.access).await.ok();
    server.sign_in(OWNER).await;
    server.try_sign_in(OWNER, NEW).await.problem("invalid_credentials");
    assert_eq!(server.event_names().await[2], "password_change_refused");
}

#[tokio::test]
async fn both_passwords_must_be_there_and_the_new_one_long_enough() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let errors =
        async |body| server.post("change-password").bearer(&signed.access).json(&body).await.field_errors();
    assert_eq!(errors(json!({})).await, ["current_password:missing", "new_password:missing"]);
    assert_eq!(errors(json!({ "new_password": NEW })).await, ["current_password:missing"]);
    let short = json!({ "current_password": PASSWORD, "new_password": "seven.." });
    assert_eq!(errors(short).await, ["new_password:too_short"]);
    let types = json!({ "current_password": 1, "new_password": { "a": 1 } });
    assert_eq!(errors(types).await, ["current_password:wrong_type", "new_password:wrong_type"]);
    server.me(&signed.access).await.ok();
}

#[tokio::test]
async fn it_takes_an_access_token() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let draft = || server.post("change-password").json(&body);
    draft().await.problem("credentials_missing");
    draft().cookie(&page.cookie).await.problem("credentials_missing");
    draft().bearer(&page.refresh).await.problem("invalid_token");
    server.advance(Duration::from_hours(2));
    draft().bearer(&page.access).await.problem("token_expired");
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn supabase_cf74a14_a_mailed_link_is_void_after_a_change() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let token = server.reset_token(OWNER).await;
    server.change(&signed.access, PASSWORD, NEW).await.ok();
    server.reset(&token, "a third password").await.problem("reset_token_invalid");
    server.try_sign_in(OWNER, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_changes_one_is_made_and_its_password_holds() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let mut running = JoinSet::new();
    for number in 0..10 {
        let (co, access) = (server.co.clone(), signed.access.clone());
        running.spawn(async move {
            let new = format!("password number {number}");
            (co.change(&access, PASSWORD, &new).await, new)
        });
    }
    let mut done = Vec::new();
    for (answer, new) in running.join_all().await {
        match answer.status {
            200 => done.push((answer.signed(), new)),
            401 => drop(answer.problem("password_changed")),
            _ => drop(answer.problem("current_password_wrong")),
        }
    }
    assert_eq!(done.len(), 1);
    server.me(&done[0].0.access).await.ok();
    server.try_sign_in(OWNER, &done[0].1).await.ok();
    server.one_letter().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sign_in_with_the_old_password_that_races_a_change_leaves_no_session() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    for round in 0..40 {
        let (old, new) = if round % 2 == 0 { (PASSWORD, NEW) } else { (NEW, PASSWORD) };
        let co = server.co.clone();
        let racing = tokio::spawn(async move { co.try_sign_in(OWNER, old).await });
        let changed = server.change(&signed.access, old, new).await;
        let raced = racing.await.unwrap();
        if raced.status == 200 {
            server.me(&raced.signed().access).await.problem("password_changed");
            server.refresh(Body(&raced.signed().refresh)).await.problem("password_changed");
        }
        signed = changed.signed();
        server.me(&signed.access).await.ok();
    }
    assert_eq!(server.deliver_mail().await.len(), 40);
}
