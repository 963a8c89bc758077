//! `POST refresh`: the table of the contract, row by row.

mod bearer;
mod chooser;
mod concurrency;
mod cookie;
mod ended;
mod forms;
mod reuse;
mod tampering;

use crate::harness::Credential::{Bearer, Body};
use crate::harness::{OWNER, TestServer, claims_of};
use std::time::Duration;

#[tokio::test]
async fn the_published_answer_has_six_token_fields_and_no_user() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let answer = server.refresh(Body(&signed.refresh)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let (body, new) = (answer.json(), answer.signed());
    let expected = format!(
        r#"{{"message":"Token refreshed.","access_token":"{}","refresh_token":"{}","expires_in":3600,"expires_at":"2026-02-03T15:31:45Z","expires_at_unix":1770132705,"token_type":"bearer"}}"#,
        new.access, new.refresh
    );
    assert_eq!(answer.text(), expected);
    assert_eq!(claims_of(&new.access)["exp"], body["expires_at_unix"]);
    assert!(answer.cookies().is_empty(), "no cookie came, so none is set");
}

#[tokio::test]
async fn a_current_token_in_the_body_or_in_the_header_rotates_the_body_chain() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    let session = signed.session();
    for generation in 1..=6 {
        let by_header = generation % 2 == 0;
        let token = signed.refresh.clone();
        let answer = server.refresh(if by_header { Bearer(&token) } else { Body(&token) }).await;
        signed = answer.signed();
        assert_ne!(signed.refresh, token);
        assert_eq!(signed.claim("gen"), generation);
        assert_eq!(signed.claim("slot"), "body");
        assert_eq!(signed.session(), session);
        assert_eq!(server.me(&signed.access).await.ok()["user"]["email"], OWNER);
    }
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"], "a rotation is a number, not an event");
}

#[tokio::test]
async fn a_rotation_moves_the_idle_deadline_and_never_the_absolute_one() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    // Nine times twenty days: never idle for thirty, and at day 180 it is over all the same. (ASVS 7.3.2)
    for _ in 0..8 {
        server.advance(Duration::from_hours(20 * 24));
        signed = server.refresh(Body(&signed.refresh)).await.signed();
    }
    server.advance(Duration::from_hours(20 * 24) - Duration::from_millis(1));
    let last = server.refresh(Body(&signed.refresh)).await;
    let last = last.signed();
    server.advance(Duration::from_millis(1));
    server.refresh(Body(&last.refresh)).await.problem("session_expired");
    server.me(&last.access).await.problem("session_expired");
}

#[tokio::test]
async fn asvs_7_3_1_an_idle_session_ends_to_the_millisecond() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    server.advance(Duration::from_hours(30 * 24) - Duration::from_millis(1));
    let new = server.refresh(Body(&signed.refresh)).await.signed();
    server.advance(Duration::from_hours(30 * 24));
    server.refresh(Body(&new.refresh)).await.problem("session_expired");
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    for _ in 0..8 {
        server.advance(Duration::from_hours(20 * 24));
        signed = server.refresh(Body(&signed.refresh)).await.signed();
    }
    server.advance(Duration::from_hours(20 * 24) - Duration::from_mins(10));
    let body = server.refresh(Body(&signed.refresh)).await.ok();
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["expires_at"], "2026-08-02T14:31:45Z");
}

#[tokio::test]
async fn a_clock_that_is_put_back_ends_no_session() {
    let server = TestServer::start().await;
    let first = server.owner().await;
    let second = server.refresh(Body(&first.refresh)).await.signed();
    server.clock.turn_back(Duration::from_hours(2));
    // A negative age is no age: the lost answer is still given again, and the current token rotates.
    assert_eq!(server.refresh(Body(&first.refresh)).await.signed().refresh, second.refresh);
    let third = server.refresh(Body(&second.refresh)).await.signed();
    assert_eq!(third.claim("gen"), 2);
    server.me(&third.access).await.ok();
}
