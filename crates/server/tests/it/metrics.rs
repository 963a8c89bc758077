//! `GET /metrics`, on a listener of its own.

use crate::harness::Credential::{Body, Cookie};
use crate::harness::{OWNER, TestServer};
use std::time::Duration;

/// The value of one series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(&format!("{series} ")));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn metrics_are_not_on_the_main_listener() {
    let server = TestServer::start().await;
    server.fetch("/metrics").await.problem("not_found");
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    server.me(&signed.access).await.ok();
    server.me("x").await.problem("invalid_token");
    server.delete("sessions/some-secret-id").bearer(&signed.access).await.problem("session_not_found");
    server.fetch("/an/unknown/path?token=secret").await.problem("not_found");
    let text = server.metrics_text().await;
    for (operation, status) in [
        ("/api/{ns}/auth/sign-in", 200),
        ("/api/{ns}/auth/me", 200),
        ("/api/{ns}/auth/me", 401),
        ("/api/{ns}/auth/sessions/{id}", 404),
        ("unmatched", 404),
    ] {
        let series = format!("minbil_auth_requests_total{{operation=\"{operation}\",status=\"{status}\"}}");
        assert!((value(&text, &series) - 1.0).abs() < f64::EPSILON, "{series} in {text}");
    }
    assert!(!text.contains("secret") && !text.contains("unknown/path"), "{text}");
    assert!((value(&text, "minbil_auth_requests_under_way") - 0.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn what_became_of_refreshes_and_mails_is_counted() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let second = server.refresh(Body(&page.refresh)).await.signed();
    server.refresh(Body(&page.refresh)).await.ok();
    server.post("refresh").bearer(&second.access).await.ok();
    server.refresh(Cookie("x")).await.problem("invalid_token");
    server.advance(Duration::from_mins(2));
    server.refresh(Body(&page.refresh)).await.problem("refresh_reused");
    server.one_letter().await;
    let text = server.metrics_text().await;
    for signal in ["rotated", "regranted", "extended", "refused", "reused"] {
        let series = format!("minbil_auth_signals_total{{signal=\"refresh_{signal}\"}}");
        assert!((value(&text, &series) - 1.0).abs() < f64::EPSILON, "{series} in {text}");
    }
    assert!((value(&text, "minbil_auth_signals_total{signal=\"mail_sent\"}") - 1.0).abs() < f64::EPSILON);
    assert!(value(&text, "minbil_auth_store_writes_total") > 3.0);
    assert!(value(&text, "minbil_auth_store_flushes_total") > 3.0);
}

#[tokio::test]
async fn no_metric_says_whether_an_account_exists() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let refused = async |email: &str| {
        let before = server.metrics_text().await;
        server.try_sign_in(email, "a wrong password").await.problem("invalid_credentials");
        server.forgot(email).await.ok();
        changed(&before, &server.metrics_text().await)
    };
    let (known, unknown) = (refused(OWNER).await, refused("nobody@example.com").await);
    assert_eq!(known, unknown);
    assert!(!known.is_empty());
    assert_eq!(server.deliver_mail().await.len(), 1);
}

/// The counters that moved, with how far, but for times.
fn changed(before: &str, after: &str) -> Vec<(String, i64)> {
    let is_count = |line: &&str| !line.starts_with('#') && !line.contains("request_seconds");
    let series = |line: &str| line.rsplit_once(' ').unwrap().0.to_owned();
    #[expect(clippy::cast_possible_truncation, reason = "a test counts few things")]
    let moved = |name: &String| (value(after, name) - value(before, name)) as i64;
    let lines = after.lines().filter(is_count).map(series);
    lines.map(|name| (name.clone(), moved(&name))).filter(|(_, by)| *by != 0).collect()
}
