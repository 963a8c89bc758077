//! Calls that were refused: a row for many.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{EVIL, OWNER, Setup, TestServer};
use app::fault::Fault;
use app::ports::store::AuditRow;
use std::net::IpAddr;

async fn write(server: &TestServer) -> Result<(), Fault> {
    app::refused_calls::write(server.service.store.as_ref(), &server.service.refused_calls).await
}

/// The rows of the window, in the order of what was called.
async fn rows(server: &TestServer) -> Vec<AuditRow> {
    write(server).await.unwrap();
    let mut rows = server.events().await;
    rows.retain(|row| row.kind.name() == "calls_refused");
    rows.sort_by_key(|row| (row.detail.clone(), row.problem.clone(), row.audit.address.clone()));
    rows
}

fn told(row: &AuditRow) -> (&str, &str, u32) {
    (row.detail.as_deref().unwrap(), row.problem.as_deref().unwrap(), row.times.unwrap())
}

#[tokio::test]
async fn asvs_16_3_2_who_is_not_let_in_is_in_the_log_with_call_problem_source_and_request() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let browser = server.sign_in_on_page(OWNER).await;
    for _ in 0..3 {
        server
            .get("me")
            .presenting(Bearer("garbage"))
            .header("x-request-id", "first-of-many")
            .await
            .problem("invalid_token");
    }
    server.refresh(Body("mbr1_garbage")).await.problem("invalid_token");
    server
        .post("refresh")
        .presenting(Cookie(&browser.cookie))
        .header("origin", EVIL)
        .await
        .problem("csrf_rejected");
    let body = serde_json::json!({ "email": OWNER, "password": "another good password" });
    server.post("sign-up").json(&body).await.problem("email_taken");
    server.get("me").await.problem("credentials_missing");
    // These have rows of their own.
    server.try_sign_in(OWNER, "a wrong password").await.problem("invalid_credentials");
    let change =
        serde_json::json!({ "current_password": "wrong it is", "new_password": "another good password" });
    server
        .post("change-password")
        .presenting(Bearer(&signed.access))
        .json(&change)
        .await
        .problem("current_password_wrong");
    let rows = rows(&server).await;
    let expected = [
        ("me", "credentials_missing", 1),
        ("me", "invalid_token", 3),
        ("refresh", "csrf_rejected", 1),
        ("refresh", "invalid_token", 1),
        ("sign-up", "email_taken", 1),
    ];
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    let many = &rows[1];
    assert_eq!(
        (many.audit.actor.name(), many.audit.request_id.as_deref()),
        ("client", Some("first-of-many"))
    );
    assert_eq!(many.namespace.as_ref().map(ToString::to_string).as_deref(), Some("co"));
    assert!(many.audit.address.is_some());
    assert!(
        rows[0].audit.address.is_none(),
        "what happens to everybody every day is counted without its source"
    );
    let names = server.event_names().await;
    for own in ["sign_in_refused", "password_change_refused"] {
        assert_eq!(names.iter().filter(|name| **name == own).count(), 1, "{own}");
    }
}

/// CWE-400: a refusal by a limit costs no write, however many there are.
#[tokio::test]
async fn asvs_16_3_3_a_flood_of_limited_calls_is_one_row_that_names_the_limit() {
    let server = TestServer::with(Setup::default().limited().with("LIMITS__ACCOUNT_FREE", 2)).await;
    server.sign_up(OWNER).await;
    let from = IpAddr::from([198, 51, 100, 7]);
    let body = serde_json::json!({ "email": OWNER, "password": "a wrong password" });
    let guess = || server.post("sign-in").json(&body).from(from);
    while guess().await.status != 429 {}
    let before = (server.writes(), server.events().await.len());
    for _ in 0..50 {
        guess().await.problem("rate_limited");
    }
    assert_eq!((server.writes(), server.events().await.len()), before);
    let rows = rows(&server).await;
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [("sign-in sign-in-account", "rate_limited", 51)]);
    assert_eq!(rows[0].audit.address.as_deref(), Some("198.51.100.7"));
    assert_eq!(server.writes(), before.0 + 1);
    // A window without refusals writes nothing.
    write(&server).await.unwrap();
    assert_eq!(server.writes(), before.0 + 1);
}

/// What was counted is not lost with a store that does not answer.
#[tokio::test]
async fn counts_that_cannot_be_written_stay() {
    let server = TestServer::start().await;
    server.get("me").presenting(Bearer("garbage")).await.problem("invalid_token");
    server.take_store_away().await;
    assert!(write(&server).await.is_err());
    assert!(write(&server).await.is_err(), "there is still something to write");
}

/// Never a word that a client typed: a path that is none of ours may hold anything.
#[tokio::test]
async fn asvs_16_4_1_a_row_repeats_nothing_that_a_client_typed() {
    let server = TestServer::with(Setup::default()).await;
    server.delete("sessions/%0d%0aforged").presenting(Bearer("garbage")).await;
    server.get("%0d%0aforged").presenting(Bearer("garbage")).await;
    let rows = rows(&server).await;
    assert!(!format!("{rows:?}").contains("forged"), "{rows:?}");
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), [("sessions", "invalid_token", 1)]);
}
