//! Faults on order: what a client sees of them.

use crate::harness::Credential::Body;
use crate::harness::{APP, OWNER, PASSWORD, Setup, TestServer};
use axum::http::Method;
use http_api::ProblemCode;
use serde_json::json;

const FAULT: &str = "x-minbil-fault";

#[tokio::test]
async fn a_forced_problem_is_the_real_one_in_everything() {
    let server = TestServer::with(Setup::development()).await;
    let answer = server.post("refresh").header(FAULT, "problem=refresh_reused").await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    answer.problem("refresh_reused");
    let busy = server.post("sign-up").json(&json!({ "email": OWNER, "password": PASSWORD }));
    let answer = busy.header(FAULT, "problem=server_busy").await;
    answer.problem("server_busy");
    assert!(answer.header("retry-after").is_some());
    assert!(server.event_names().await.is_empty(), "nothing was done");
}

#[tokio::test]
async fn a_misspelt_order_is_refused() {
    let server = TestServer::with(Setup::development()).await;
    let answer = server.post("refresh").header(FAULT, "porblem=refresh_reused").await;
    assert_eq!(answer.field_errors(), ["X-Minbil-Fault:unknown_value"]);
}

#[tokio::test]
async fn pages_of_other_origins_may_order_in_development_alone() {
    let allowed = |server: &TestServer| {
        let draft = server.call(Method::OPTIONS, &server.path("refresh")).header("origin", APP);
        draft.header("access-control-request-method", "POST").header("access-control-request-headers", FAULT)
    };
    let development = TestServer::with(Setup::development()).await;
    let answer = allowed(&development).await;
    assert!(answer.all("access-control-allow-headers").contains(FAULT));
    let production = TestServer::start().await;
    let answer = allowed(&production).await;
    assert!(!answer.all("access-control-allow-headers").contains(FAULT));
}

#[tokio::test]
async fn an_answer_that_was_lost_on_order_is_given_again() {
    let server = TestServer::with(Setup::development()).await;
    let owner = server.owner().await;
    server.post("refresh").presenting(Body(&owner.refresh)).header(FAULT, "drop").lose().await;
    let again = server.refresh(Body(&owner.refresh)).await.signed();
    assert_eq!(again.claim("gen"), 1);
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "refresh_grace"]);
    server.refresh(Body(&again.refresh)).await.ok();
}

#[tokio::test]
async fn in_development_every_problem_can_be_ordered_and_nothing_is_done() {
    let server = TestServer::with(Setup::development()).await;
    server.sign_up(OWNER).await;
    let before = server.writes();
    for code in ProblemCode::ALL {
        let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD }));
        // 405 without `Allow` is no answer of ours, and only the router makes one.
        if code.status() != 405 {
            let answer = draft.header("x-minbil-fault", format!("problem={}", code.code())).await;
            assert_eq!(answer.status, code.status());
            answer.problem(code.code());
        }
    }
    assert_eq!(server.writes(), before);
}

#[tokio::test]
async fn faults_on_order_mean_nothing_in_production() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    for order in ["drop", "problem=server_busy", "delay=20000", "banana"] {
        let draft = server.post("refresh").presenting(Body(&signed.refresh)).header("x-minbil-fault", order);
        signed = draft.await.signed();
    }
}
