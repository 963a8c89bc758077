//! Which of several credentials counts.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{APP, EVIL, OWNER, TestServer};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_body_beats_the_header_and_the_cookie() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (mine, other) = (server.sign_in_on_page(OWNER).await, server.sign_in_on_page(OWNER).await);
    let draft = server.post("refresh").presenting(Body(&mine.refresh));
    let answer = draft.bearer(&other.refresh).cookie(&other.cookie).await;
    assert_eq!(answer.signed().session(), mine.session());
    assert!(answer.cookies().is_empty());
    // Nothing of the other session has moved.
    assert_eq!(server.refresh(Body(&other.refresh)).await.signed().claim("gen"), 1);
    assert_eq!(server.refresh(Cookie(&other.cookie)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn a_refresh_token_in_the_header_beats_the_cookie() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (mine, other) = (server.sign_in(OWNER).await, server.sign_in_on_page(OWNER).await);
    let answer = server.post("refresh").bearer(&mine.refresh).cookie(&other.cookie).await;
    assert_eq!(answer.signed().session(), mine.session());
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn the_cookie_beats_an_access_token_of_the_same_session() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let answer = server.post("refresh").bearer(&page.access).cookie(&page.cookie).await;
    assert_eq!(answer.signed().claim("slot"), "cookie");
    assert_ne!(answer.cookie().value, page.cookie);
    // Also when the access token has expired, which is when browsers refresh.
    server.advance(Duration::from_hours(2));
    let draft = server.post("refresh").bearer(&page.access).cookie(&answer.cookie().value);
    assert_eq!(draft.await.signed().claim("gen"), 2);
}

#[tokio::test]
async fn a_cookie_of_another_session_than_the_access_token_is_ignored() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (mine, other) = (server.sign_in(OWNER).await, server.sign_in_on_page(OWNER).await);
    let answer = server.post("refresh").bearer(&mine.access).cookie(&other.cookie).await;
    assert_eq!(answer.signed().session(), mine.session());
    assert!(answer.cookies().is_empty());
    // An expired access token is still a validly signed statement of whose call this is.
    server.advance(Duration::from_hours(2));
    let answer = server.post("refresh").bearer(&mine.access).cookie(&other.cookie).await;
    answer.problem("token_expired");
    assert!(answer.cookies().is_empty(), "somebody else's cookie is not this answer's to clear");
    assert_eq!(server.refresh(Cookie(&other.cookie)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn a_body_token_of_another_session_than_the_access_token_is_a_mismatch() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (mine, other) = (server.sign_in(OWNER).await, server.sign_in(OWNER).await);
    let answer = server.post("refresh").presenting(Body(&mine.refresh)).bearer(&other.access).await;
    assert_eq!(answer.status, 401);
    answer.problem("session_mismatch");
    server.advance(Duration::from_hours(2));
    let expired = server.post("refresh").presenting(Body(&mine.refresh)).bearer(&other.access).await;
    expired.problem("session_mismatch");
    assert_eq!(server.refresh(Body(&mine.refresh)).await.signed().claim("gen"), 1, "nothing had rotated");
    let both = server.post("refresh").presenting(Body(&other.refresh)).bearer(&other.access).await;
    both.ok();
}

#[tokio::test]
async fn an_unreadable_header_is_ignored() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let (mut body, mut cookie) = (page.refresh, page.cookie);
    for header in
        ["Bearer undefined", "Bearer null", "Bearer", "Bearer ", "Basic b3duZXI6eA==", "", "Bearer a b"]
    {
        let with_body = server.post("refresh").presenting(Body(&body)).header("authorization", header);
        body = with_body.await.signed().refresh;
        let with_cookie = server.post("refresh").cookie(&cookie).header("authorization", header);
        cookie = with_cookie.await.signed().cookie;
    }
    let two = server.post("refresh").presenting(Body(&body)).bearer("a").bearer("b").await;
    two.ok();
}

#[tokio::test]
async fn a_foreign_access_token_beside_a_good_credential_is_unreadable() {
    let server = TestServer::start().await;
    let (mine, foreign) = (server.owner_on_page().await, server.ws.owner().await);
    let by_cookie = server.post("refresh").bearer(&foreign.access).cookie(&mine.cookie).await;
    assert_eq!(by_cookie.signed().session(), mine.session());
    let by_body = server.post("refresh").presenting(Body(&mine.refresh)).bearer(&foreign.access).await;
    assert_eq!(by_body.signed().session(), mine.session());
}

#[tokio::test]
async fn a_refused_token_never_falls_through_to_a_good_credential() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (thief, good) = (server.sign_in(OWNER).await, server.sign_in_on_page(OWNER).await);
    server.refresh(Body(&thief.refresh)).await.ok();
    server.advance(Duration::from_secs(61));
    let answer = server.post("refresh").presenting(Body(&thief.refresh)).cookie(&good.cookie).await;
    answer.problem("refresh_reused");
    assert!(answer.cookies().is_empty(), "the cookie's session lives");
    server.one_letter().await;
    // The same with the header, and with a text that is not ours at all.
    server.post("refresh").bearer(&thief.refresh).cookie(&good.cookie).await.problem("refresh_reused");
    let not_ours = server.post("refresh").presenting(Body("mbr1_nothing")).cookie(&good.cookie).await;
    not_ours.problem("invalid_token");
    let not_ours = server.post("refresh").bearer("mbr1_nothing").cookie(&good.cookie).await;
    not_ours.problem("invalid_token");
    assert_eq!(server.refresh(Cookie(&good.cookie)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn a_reused_cookie_does_not_fall_through_to_the_access_token() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let new = server.refresh(Cookie(&page.cookie)).await.signed();
    server.advance(Duration::from_secs(61));
    let answer = server.post("refresh").bearer(&new.access).cookie(&page.cookie).await;
    answer.problem("refresh_reused");
    assert!(answer.cookie().is_cleared());
    server.one_letter().await;
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_is_ignored_beside_an_access_token() {
    let server = TestServer::start().await;
    let (mine, foreign) = (server.owner().await, server.ws.owner_on_page().await);
    for junk in ["junk", "", &foreign.cookie, &mine.refresh] {
        let answer = server.post("refresh").bearer(&mine.access).cookie(junk).await;
        assert_eq!(answer.signed().session(), mine.session());
        server.refresh(Cookie(junk)).await.problem("invalid_token");
    }
}

#[tokio::test]
async fn a_shut_gate_matters_only_where_the_cookie_would_count() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let (mine, page) = (server.sign_in(OWNER).await, server.sign_in_on_page(OWNER).await);
    let evil = || server.post("refresh").header("origin", EVIL).header("sec-fetch-site", "cross-site");
    evil().cookie(&page.cookie).await.problem("csrf_rejected");
    evil().cookie(&page.cookie).bearer(&page.access).await.problem("csrf_rejected");
    evil().cookie(&page.cookie).bearer(&mine.access).await.ok();
    evil().cookie(&page.cookie).json(&json!({ "refresh_token": mine.refresh })).await.ok();
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().claim("gen"), 1, "nothing had rotated");
    server.post("refresh").header("origin", APP).bearer(&mine.access).await.problem("token_superseded");
}

#[tokio::test]
async fn without_any_credential_the_challenge_names_no_error() {
    let server = TestServer::start().await;
    let none = server.post("refresh").await;
    assert_eq!(none.status, 401);
    none.problem("credentials_missing");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    let bad = server.refresh(Bearer("undefined")).await;
    bad.problem("invalid_token");
    assert_eq!(bad.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
}
