//! Faults on order, which development mode alone carries out.

use crate::harness::{APP, OWNER, PASSWORD, Setup, TestServer};
use axum::http::Method;
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
async fn in_production_an_order_means_nothing() {
    let server = TestServer::start().await;
    let fields = json!({ "email": OWNER, "password": PASSWORD });
    let answer = server.post("sign-up").json(&fields).header(FAULT, "problem=server_busy").await;
    assert_eq!(answer.status, 201);
    for order in ["drop", "problem=internal_error", "nonsense"] {
        let answer = server.post("sign-in").json(&fields).header(FAULT, order).await;
        assert_eq!(answer.status, 200, "{order}");
    }
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
