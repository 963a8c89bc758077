//! Attempts at once.

use super::{WRONG, limited};
use crate::harness::{Answer, OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use tokio::task::JoinSet;

async fn at_once(server: &TestServer, count: u32, password: &'static str, spread: bool) -> Vec<Answer> {
    let mut set = JoinSet::new();
    for number in 0..count {
        let from = super::stranger(if spread { number } else { 1 });
        let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": password })).from(from);
        set.spawn(draft.into_future());
    }
    set.join_all().await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cve_2024_4629_of_a_hundred_wrong_passwords_at_once_ten_reach_the_hash() {
    for spread in [false, true] {
        let server = limited().await;
        let answers = at_once(&server, 100, WRONG, spread).await;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 90));
        let refused = server.event_names().await.iter().filter(|name| **name == "sign_in_refused").count();
        assert_eq!(refused, 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keycloak_48272_twenty_right_passwords_at_once_all_get_in() {
    for spread in [false, true] {
        let mut server = limited().await;
        // Of twenty first sign-ins at once, some find that there was one already, from another device.
        server.ignore_mail();
        let answers = at_once(&server, 20, PASSWORD, spread).await;
        assert_eq!(count(&answers, 200), 20);
        // And they leave nothing behind.
        assert_eq!(count(&at_once(&server, 10, WRONG, spread).await, 401), 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn where_nothing_is_limited_a_crowd_is_told_to_wait_and_not_that_it_came_too_often() {
    let setup = Setup::default().with("LIMITS__ENABLED", false);
    let mut server = TestServer::with(setup).await;
    server.ignore_mail();
    server.sign_up(OWNER).await;
    let answers = at_once(&server, 400, PASSWORD, false).await;
    let others: Vec<_> =
        answers.iter().map(|answer| answer.status).filter(|status| ![200, 503].contains(status)).collect();
    assert_eq!(others, [0_u16; 0]);
}

#[tokio::test]
async fn an_attempt_whose_client_goes_away_counts_as_failed() {
    let server = limited().await;
    for _ in 0..10 {
        let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": WRONG }));
        let call = tokio::spawn(draft.into_future());
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        call.abort();
        let _ = call.await;
    }
    let mut more = 0;
    while super::guess(&server, OWNER, super::stranger(9)).await.status == 401 {
        more += 1;
    }
    assert!(more <= 10, "{more}");
}

use std::future::IntoFuture as _;
