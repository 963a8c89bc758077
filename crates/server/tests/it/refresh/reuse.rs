//! Spent refresh tokens: lost answers, delayed duplicates, and thefts.

use crate::harness::Credential::{self, Bearer, Body, Cookie};
use crate::harness::{OWNER, Setup, TestServer};
use std::time::Duration;

const GRACE: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_lost_answer_is_given_again_until_the_end_of_the_grace() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.refresh(Body(&first.refresh)).await.signed();
    for wait in [Duration::ZERO, GRACE / 2, GRACE / 2] {
        server.advance(wait);
        let again = server.refresh(Body(&first.refresh)).await.signed();
        assert_eq!(again.refresh, second.refresh, "the same successor, not another");
        assert_eq!(again.claim("gen"), 1);
    }
    assert_eq!(server.refresh(Body(&second.refresh)).await.signed().claim("gen"), 2, "it rotated once");
    let expected = ["sign_up", "sign_in", "refresh_grace", "refresh_grace", "refresh_grace"];
    assert_eq!(server.event_names().await, expected);
}

#[tokio::test]
async fn a_regrant_moves_no_window() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    server.refresh(Body(&first.refresh)).await.ok();
    server.advance(GRACE);
    server.refresh(Body(&first.refresh)).await.ok();
    server.advance(TICK);
    server.refresh(Body(&first.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}

#[tokio::test]
async fn a_spent_token_after_the_grace_ends_the_session_and_tells_the_owner() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.refresh(Body(&first.refresh)).await.signed();
    server.advance(GRACE + TICK);
    let answer = server.refresh(Body(&first.refresh)).await;
    assert_eq!(answer.status, 401);
    answer.problem("refresh_reused");
    assert!(answer.cookies().is_empty(), "no cookie came");
    server.refresh(Body(&second.refresh)).await.problem("refresh_reused");
    server.refresh(Bearer(&second.access)).await.problem("refresh_reused");
    server.me(&second.access).await.problem("refresh_reused");
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "refresh_reused"]);
    let letter = server.one_letter().await;
    assert_eq!(letter.to, OWNER);
    assert!(!letter.text.contains("#token="));
}

#[tokio::test]
async fn a_reuse_is_recorded_with_the_request_that_showed_it() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    server.refresh(Body(&first.refresh)).await.ok();
    server.advance(GRACE + TICK);
    let answer =
        server.post("refresh").presenting(Body(&first.refresh)).header("x-request-id", "trace-me").await;
    assert_eq!(answer.header("x-request-id"), Some("trace-me"));
    let event = server.events().await.pop().unwrap();
    assert_eq!(event.kind.name(), "refresh_reused");
    assert_eq!(event.session.unwrap().to_string(), first.session());
    assert_eq!(event.user.unwrap(), server.user(OWNER).await.id);
    assert_eq!(event.audit.request_id.as_deref(), Some("trace-me"));
    assert_eq!(event.audit.address.as_deref(), Some("192.0.2.7"));
    server.one_letter().await;
}

#[tokio::test]
async fn a_reused_cookie_ends_the_session_and_is_cleared() {
    let server = TestServer::start().await;
    let first = server.owner_on_page().await;
    server.refresh(Cookie(&first.cookie)).await.ok();
    server.advance(GRACE + TICK);
    let answer = server.refresh(Cookie(&first.cookie)).await;
    answer.problem("refresh_reused");
    let cleared = answer.cookie();
    assert!(cleared.is_cleared());
    let attributes = ["Path=/api/co/auth", "Max-Age=0", "Secure", "HttpOnly", "SameSite=Strict"];
    assert_eq!(cleared.attributes, attributes);
    server.refresh(Body(&first.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}

#[tokio::test]
async fn a_body_token_of_the_cookies_session_that_is_reused_clears_the_cookie_too() {
    let server = TestServer::start().await;
    let first = server.owner_on_page().await;
    server.refresh(Body(&first.refresh)).await.ok();
    server.advance(GRACE + TICK);
    let answer = server.post("refresh").presenting(Body(&first.refresh)).cookie(&first.cookie).await;
    answer.problem("refresh_reused");
    assert!(answer.cookie().is_cleared());
    server.one_letter().await;
}

#[tokio::test]
async fn a_delayed_duplicate_of_an_honest_burst_is_only_late() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.refresh(Body(&first.refresh)).await.signed();
    server.advance(GRACE / 2);
    let third = server.refresh(Body(&second.refresh)).await.signed();
    server.advance(GRACE / 2);
    server.refresh(Body(&first.refresh)).await.problem("token_superseded");
    server.refresh(Body(&third.refresh)).await.ok();
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn a_duplicate_that_is_two_behind_and_later_than_the_grace_is_reuse() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.refresh(Body(&first.refresh)).await.signed();
    server.advance(GRACE / 2);
    server.refresh(Body(&second.refresh)).await.ok();
    server.advance(GRACE / 2 + TICK);
    server.refresh(Body(&first.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}

#[tokio::test]
async fn a_thief_who_rotates_all_the_time_cannot_hide_the_owners_spent_token() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let mut thief = owner.clone();
    for _ in 0..3 {
        thief = server.refresh(Body(&thief.refresh)).await.signed();
    }
    server.refresh(Body(&owner.refresh)).await.problem("refresh_reused");
    server.refresh(Body(&thief.refresh)).await.problem("refresh_reused");
    assert_eq!(server.one_letter().await.to, OWNER);
}

#[tokio::test]
async fn keycloak_50999_generations_are_told_apart_within_one_second() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for age in 1..=20_usize {
        let mut tokens = vec![server.sign_in(OWNER).await.refresh];
        for _ in 0..20 {
            tokens.push(server.refresh(Body(tokens.last().unwrap())).await.signed().refresh);
        }
        let old = &tokens[tokens.len() - 1 - age];
        let answer = server.refresh(Body(old)).await;
        match age {
            1 => assert_eq!(&answer.signed().refresh, tokens.last().unwrap()),
            2 => drop(answer.problem("token_superseded")),
            _ => {
                answer.problem("refresh_reused");
                server.refresh(Body(tokens.last().unwrap())).await.problem("refresh_reused");
                server.one_letter().await;
            }
        }
    }
}

fn put(is_cookie: bool, token: &str) -> Credential<'_> {
    if is_cookie { Cookie(token) } else { Bearer(token) }
}

#[tokio::test]
async fn the_same_rows_hold_for_the_header_and_for_the_cookie() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for is_cookie in [false, true] {
        let first = server.sign_in_on_page(OWNER).await;
        let value = if is_cookie { first.cookie } else { first.refresh };
        let next = async |token: &str| {
            let signed = server.refresh(put(is_cookie, token)).await.signed();
            if is_cookie { signed.cookie } else { signed.refresh }
        };
        let second = next(&value).await;
        assert_eq!(next(&value).await, second);
        server.advance(GRACE);
        assert_eq!(next(&value).await, second);
        let third = next(&second).await;
        server.refresh(put(is_cookie, &value)).await.problem("token_superseded");
        server.advance(TICK);
        assert_eq!(next(&second).await, third);
        server.refresh(put(is_cookie, &value)).await.problem("refresh_reused");
        server.refresh(put(is_cookie, &third)).await.problem("refresh_reused");
        server.one_letter().await;
    }
}

#[tokio::test]
async fn a_grace_from_another_client_is_marked() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let body = serde_json::json!({ "email": OWNER, "password": crate::harness::PASSWORD });
    let first = server.post("sign-in").json(&body).header("user-agent", "Phone/1").await.signed();
    server.refresh(Body(&first.refresh)).await.ok();
    for (agent, mark) in [("Phone/1", None), ("Laptop/2", Some("other_client"))] {
        server.post("refresh").presenting(Body(&first.refresh)).header("user-agent", agent).await.ok();
        let event = server.events().await.pop().unwrap();
        assert_eq!((event.kind.name(), event.detail.as_deref()), ("refresh_grace", mark), "{agent}");
    }
}

#[tokio::test]
async fn a_grace_of_zero_is_no_grace_but_for_the_same_millisecond() {
    let server = TestServer::with(Setup::default().with("SESSIONS__REFRESH_GRACE_SECONDS", 0)).await;
    let first = server.owner().await;
    server.refresh(Body(&first.refresh)).await.ok();
    server.advance(TICK);
    server.refresh(Body(&first.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}

#[tokio::test]
async fn the_grace_is_each_namespaces_own() {
    let setup = Setup::default().with("NAMESPACES__WS__SESSIONS__REFRESH_GRACE_SECONDS", 10);
    let server = TestServer::with(setup).await;
    let (co, ws) = (server.owner().await, server.ws.owner().await);
    server.co.refresh(Body(&co.refresh)).await.ok();
    server.ws.refresh(Body(&ws.refresh)).await.ok();
    server.advance(Duration::from_secs(10) + TICK);
    server.co.refresh(Body(&co.refresh)).await.ok();
    server.ws.refresh(Body(&ws.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}

#[tokio::test]
async fn the_two_chains_are_independent_and_end_together() {
    let server = TestServer::start().await;
    let first = server.owner_on_page().await;
    let mut cookie = first.cookie.clone();
    for _ in 0..5 {
        cookie = server.refresh(Cookie(&cookie)).await.signed().cookie;
    }
    server.advance(Duration::from_hours(1));
    let second = server.refresh(Body(&first.refresh)).await.signed();
    assert_eq!(second.claim("gen"), 1, "the cookie's five rotations are the cookie's");
    server.refresh(Cookie(&first.cookie)).await.problem("refresh_reused");
    server.refresh(Body(&second.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
}
