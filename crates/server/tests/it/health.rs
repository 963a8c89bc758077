//! `GET /healthz`, `GET /readyz`

use crate::harness::TestServer;
use axum::http::Method;

#[tokio::test]
async fn a_server_that_can_write_is_alive_and_ready() {
    let server = TestServer::start().await;
    let (alive, ready) = (server.fetch("/healthz").await, server.fetch("/readyz").await);
    assert_eq!((alive.status, alive.text().as_str()), (200, r#"{"status":"alive"}"#));
    assert_eq!((ready.status, ready.text().as_str()), (200, r#"{"status":"ready"}"#));
    for answer in [alive, ready] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_server_on_its_way_out_is_alive_and_not_ready() {
    let server = TestServer::start().await;
    server.stop.cancel();
    let answer = server.fetch("/readyz").await;
    assert_eq!(answer.status, 503);
    answer.problem("service_unavailable");
    server.fetch("/healthz").await.ok();
    server.owner().await;
}

#[tokio::test]
async fn asvs_16_5_2_a_server_whose_store_is_gone_is_alive_and_not_ready() {
    let server = TestServer::start().await;
    server.take_store_away().await;
    server.fetch("/readyz").await.problem("service_unavailable");
    server.fetch("/healthz").await.ok();
}

#[tokio::test]
async fn a_look_at_readiness_is_a_write_that_changes_nothing() {
    let server = TestServer::start().await;
    server.owner().await;
    let (events, writes) = (server.events().await, server.writes());
    for _ in 0..3 {
        server.fetch("/readyz").await.ok();
    }
    assert_eq!((server.events().await, server.writes()), (events, writes + 3));
    let post = server.call(Method::POST, "/readyz").await;
    assert_eq!((post.status, post.header("allow")), (405, Some("GET,HEAD")));
}
