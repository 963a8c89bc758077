//! Refresh without a full token: by access token alone, or by a bearer-class token.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{OWNER, Setup, TestServer};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_access_token_alone_gets_new_access_and_rotates_nothing() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let written = server.writes();
    // As the published snippets send it: no body, or `{}`, or nothing but the content type.
    let bodies = [
        server.post("refresh"),
        server.post("refresh").json(&json!({})),
        server.post("refresh").header("content-type", "application/json"),
    ];
    for draft in bodies {
        let answer = draft.bearer(&owner.access).await;
        let new = answer.signed();
        assert!(answer.cookies().is_empty());
        assert_eq!(new.claim("gen"), 0);
        assert_ne!(new.refresh, owner.refresh, "a bearer-class token, not the owner's");
    }
    assert_eq!(server.writes(), written, "nothing is written");
}

#[tokio::test]
async fn a_bearer_class_token_extends_and_never_rotates() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let token = server.refresh(Bearer(&owner.access)).await.signed().refresh;
    for credential in [Body(&token), Bearer(&token), Body(&token)] {
        server.advance(HOUR);
        let new = server.refresh(credential).await.signed();
        assert_eq!(new.refresh, token, "the same generation and the same deadline give the same token");
        assert_eq!(new.claim("gen"), 0);
        server.me(&new.access).await.ok();
    }
}

#[tokio::test]
async fn a_bearer_only_client_never_disturbs_the_owners_chain() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    server.refresh(Bearer(&owner.access)).await.ok();
    let rotated = server.refresh(Body(&owner.refresh)).await.signed();
    server.refresh(Bearer(&rotated.access)).await.ok();
    server.advance(HOUR);
    let again = server.refresh(Body(&rotated.refresh)).await.signed();
    assert_eq!(again.claim("gen"), 2);
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn a_stolen_access_token_dies_with_the_owners_next_rotation() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let thief = server.refresh(Bearer(&owner.access)).await.signed();
    let rotated = server.refresh(Body(&owner.refresh)).await.signed();
    for stolen in [Bearer(&owner.access), Bearer(&thief.access), Body(&thief.refresh), Bearer(&thief.refresh)]
    {
        let answer = server.refresh(stolen).await;
        assert_eq!(answer.status, 401);
        answer.problem("token_superseded");
    }
    server.refresh(Body(&rotated.refresh)).await.ok();
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"], "a late access token is no theft alarm");
}

#[tokio::test]
async fn cve_2026_82469_a_chain_of_access_tokens_ends_after_a_day() {
    let server = TestServer::start().await;
    let mut access = server.owner().await.access;
    let start = server.refresh(Bearer(&access)).await.ok()["expires_at_unix"].as_i64().unwrap() - 3600;
    for _ in 0..24 {
        server.advance(HOUR - MINUTE);
        let body = server.refresh(Bearer(&access)).await.ok();
        access = body["access_token"].as_str().unwrap().to_owned();
        let end = body["expires_at_unix"].as_i64().unwrap();
        assert!(end <= start + 24 * 3600, "no access token outlives the chain");
    }
    // 23:36. The last access token ends with the chain at 24:00, and opens doors for a minute of leeway more.
    server.advance(24 * MINUTE - Duration::from_millis(1));
    server.refresh(Bearer(&access)).await.ok();
    server.advance(Duration::from_millis(1));
    server.refresh(Bearer(&access)).await.problem("reauthentication_required");
    server.advance(HOUR);
    server.refresh(Bearer(&access)).await.problem("token_expired");
    server.me(&access).await.problem("token_expired");
}

#[tokio::test]
async fn the_bearer_chain_to_hour_25() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let mut token = server.refresh(Bearer(&owner.access)).await.signed().refresh;
    for hour in 1..=25 {
        server.advance(HOUR);
        let answer = server.refresh(Body(&token)).await;
        if hour < 24 {
            token = answer.signed().refresh;
        } else {
            answer.problem("reauthentication_required");
        }
    }
    // The session itself goes on for whoever has a real proof.
    let rotated = server.refresh(Body(&owner.refresh)).await.signed();
    server.refresh(Bearer(&rotated.access)).await.ok();
    server.refresh(Body(&token)).await.problem("token_superseded");
}

#[tokio::test]
async fn a_real_proof_begins_a_new_day_for_new_bearer_chains_only() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let old = server.refresh(Bearer(&owner.access)).await.signed();
    server.advance(20 * HOUR);
    let rotated = server.refresh(Body(&owner.refresh)).await.signed();
    server.refresh(Body(&old.refresh)).await.problem("token_superseded");
    let fresh = server.refresh(Bearer(&rotated.access)).await.signed();
    server.advance(23 * HOUR);
    server.refresh(Body(&fresh.refresh)).await.ok();
}

#[tokio::test]
async fn bearer_tokens_can_be_switched_off_by_a_chain_of_zero() {
    let server = TestServer::with(Setup::default().with("SESSIONS__BEARER_CHAIN_SECONDS", 0)).await;
    let owner = server.owner().await;
    server.refresh(Bearer(&owner.access)).await.problem("reauthentication_required");
    server.refresh(Body(&owner.refresh)).await.ok();
}

#[tokio::test]
async fn an_access_token_is_good_for_a_minute_of_leeway_and_no_more() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    server.advance(HOUR + MINUTE - Duration::from_millis(1));
    server.refresh(Bearer(&owner.access)).await.ok();
    server.me(&owner.access).await.ok();
    server.advance(Duration::from_millis(1));
    server.refresh(Bearer(&owner.access)).await.problem("token_expired");
    server.me(&owner.access).await.problem("token_expired");
}

#[tokio::test]
async fn an_access_token_of_the_cookies_chain_belongs_to_that_chain() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let by_cookie = server.refresh(Cookie(&page.cookie)).await.signed();
    assert_eq!(by_cookie.claim("slot"), "cookie");
    // The body's rotation does not touch it, the cookie's does.
    server.refresh(Body(&page.refresh)).await.ok();
    let extended = server.refresh(Bearer(&by_cookie.access)).await.signed();
    assert_eq!(extended.claim("slot"), "cookie");
    server.refresh(Cookie(&by_cookie.cookie)).await.ok();
    server.refresh(Bearer(&extended.access)).await.problem("token_superseded");
    server.refresh(Body(&extended.refresh)).await.problem("token_superseded");
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn a_rotation_breaks_no_other_tabs_access_token_on_our_own_routes() {
    let server = TestServer::start().await;
    let tab = server.owner().await;
    let other = server.refresh(Body(&tab.refresh)).await.signed();
    server.refresh(Body(&other.refresh)).await.ok();
    assert_eq!(server.me(&tab.access).await.ok()["user"]["email"], OWNER);
}

#[tokio::test]
async fn a_bearer_chain_keeps_the_end_it_was_given_when_the_policy_grows() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let token = server.refresh(Bearer(&owner.access)).await.signed().refresh;
    let two_days = [("SESSIONS__BEARER_CHAIN_SECONDS", "172800"), ("PASSWORDS__THREADS", "1")];
    let server = server.restart(&two_days).await;
    server.advance(24 * HOUR - Duration::from_millis(1001));
    server.refresh(Body(&token)).await.ok();
    server.advance(Duration::from_millis(1));
    server.refresh(Body(&token)).await.problem("reauthentication_required");
}

#[tokio::test]
async fn a_bearer_chain_ends_earlier_when_the_policy_shrinks() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let token = server.refresh(Bearer(&owner.access)).await.signed().refresh;
    let an_hour = [("SESSIONS__BEARER_CHAIN_SECONDS", "3600"), ("PASSWORDS__THREADS", "1")];
    let server = server.restart(&an_hour).await;
    server.advance(HOUR);
    server.refresh(Body(&token)).await.problem("reauthentication_required");
    server.refresh(Body(&owner.refresh)).await.ok();
}
