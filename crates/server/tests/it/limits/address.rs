//! Whose limits a call counts against: the client's network address, by the word of our own proxies alone.

use super::{WRONG, guess, stranger};
use crate::harness::{Answer, OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use std::net::IpAddr;

const PROXY: [u8; 4] = [10, 1, 2, 3];

async fn behind_proxy() -> TestServer {
    let setup = Setup::default().limited().with("HTTP__TRUSTED_PROXIES", "10.0.0.0/8,fd00::/8");
    TestServer::with(setup).await
}

async fn guess_for(server: &TestServer, forwarded_for: &str, from: IpAddr, number: usize) -> Answer {
    let body = json!({ "email": format!("nobody{number}@example.com"), "password": WRONG });
    server.post("sign-in").json(&body).header("x-forwarded-for", forwarded_for).from(from).await
}

/// How many guesses pass before the first is refused.
async fn budget(server: &TestServer, spelling: impl Fn(usize) -> String, from: impl Into<IpAddr>) -> usize {
    let from = from.into();
    for number in 0..30 {
        if guess_for(server, &spelling(number), from, number).await.status == 429 {
            return number;
        }
    }
    30
}

#[tokio::test]
async fn each_client_behind_a_trusted_proxy_has_its_own_budget() {
    let server = behind_proxy().await;
    assert_eq!(budget(&server, |_| "203.0.113.1".to_owned(), PROXY).await, 10);
    assert_eq!(budget(&server, |_| "203.0.113.2".to_owned(), PROXY).await, 10);
    assert_eq!(budget(&server, |n| format!("203.0.114.{n}"), PROXY).await, 30);
}

#[tokio::test]
async fn rauthy_a_stranger_cannot_choose_an_address() {
    let server = behind_proxy().await;
    // Not a proxy: what it says is not heard.
    assert_eq!(budget(&server, |n| format!("203.0.114.{n}"), stranger(1)).await, 10);
    // Through the proxy, which appends what it saw: what stands before that is not heard either.
    assert_eq!(budget(&server, |n| format!("1.2.3.{n}, 203.0.113.7"), PROXY).await, 10);
    // Without a list nobody is a proxy.
    let plain = TestServer::with(Setup::default().limited()).await;
    assert_eq!(budget(&plain, |n| format!("203.0.114.{n}"), PROXY).await, 10);
}

#[tokio::test]
async fn cve_2024_47070_a_line_that_is_no_address_hides_nobody() {
    let server = behind_proxy().await;
    let garbage = ["a", "", ",", "1.2.3", "unknown", "203.0.113.7, x", "999.1.1.1", "::g"];
    assert_eq!(budget(&server, |n| garbage[n % garbage.len()].to_owned(), PROXY).await, 10);
}

#[tokio::test]
async fn cve_2026_45364_one_household_is_one_budget_in_every_spelling() {
    let server = behind_proxy().await;
    let v6 = |n: usize| match n % 3 {
        0 => format!("2001:db8:7:7::{n}"),
        1 => format!("2001:DB8:7:7:{n}:0:0:1"),
        _ => format!("[2001:0db8:0007:0007::{n}]:44{n}"),
    };
    assert_eq!(budget(&server, v6, PROXY).await, 10);
    let v4 = |n: usize| match n % 3 {
        0 => "203.0.113.9".to_owned(),
        1 => "::ffff:203.0.113.9".to_owned(),
        _ => format!("203.0.113.9:4{n}"),
    };
    assert_eq!(budget(&server, v4, PROXY).await, 10);
    assert_eq!(budget(&server, |n| format!("2001:db8:8:{n}::1"), PROXY).await, 30);
}

#[tokio::test]
async fn session_list_and_audit_log_show_the_same_address() {
    let server = behind_proxy().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let draft = server.post("sign-in").json(&body).from(PROXY);
    let signed = draft.header("x-forwarded-for", "6.6.6.6, ::ffff:203.0.113.9").await.signed();
    let sessions = server.get("sessions").bearer(&signed.access).await.ok();
    assert_eq!(sessions["sessions"][0]["address"], "203.0.113.9");
    let events = server.events().await;
    let last = events.iter().rfind(|row| row.kind.name() == "sign_in").unwrap();
    assert_eq!(last.audit.address.as_deref(), Some("203.0.113.9"));
}

#[tokio::test]
async fn ghsa_x732_6j76_qmhm_no_other_spelling_of_the_path_has_a_budget_of_its_own() {
    let server = TestServer::with(Setup::default().limited()).await;
    for n in 0..10 {
        guess(&server, &format!("nobody{n}@example.com"), stranger(1)).await.problem("invalid_credentials");
    }
    let body = json!({ "email": OWNER, "password": WRONG });
    for path in [
        "//api/co/auth/sign-in",
        "/api//co/auth/sign-in",
        "/api/co/auth//sign-in",
        "/api/co/auth/sign-in/",
        "/api/co/auth/Sign-In",
        "/api/co/auth/sign-in.json",
        "/api/co/auth/./sign-in",
        "/api/co/auth/x/../sign-in",
        "/api/co/auth/sign%2Din",
        "/api/co/auth/sign-in?a=b",
    ] {
        let status = server.call(axum::http::Method::POST, path).json(&body).from(stranger(1)).await.status;
        assert!(matches!(status, 404 | 429), "{path}: {status}");
    }
}
