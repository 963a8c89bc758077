//! The mode without configuration: this machine alone, no TLS, mail caught.

use crate::harness::Credential::Cookie;
use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;

async fn server() -> TestServer {
    TestServer::with(Setup::development()).await
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered() {
    let server = server().await;
    for good in
        ["localhost:5000", "localhost", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST:5000", "127.0.0.1:9"]
    {
        server.fetch("/healthz").instead("host", good).await.ok();
    }
    for bad in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:5000",
        "192.0.2.7:5000",
        "0.0.0.0:5000",
        "[::2]:5000",
        "localhost@evil.example",
        "",
    ] {
        for path in ["/healthz", "/api/co/auth/me", "/dev/inbox", "/dev/inbox.json", "/nothing"] {
            let answer = server.fetch(path).instead("host", bad).await;
            assert_eq!(answer.status, 421, "{bad} {path}");
            answer.problem("host_not_allowed");
        }
    }
    server.fetch("/healthz").header("host", "evil.example").await.problem("host_not_allowed");
}

#[tokio::test]
async fn a_request_that_came_through_a_proxy_gets_nothing_at_all() {
    let server = server().await;
    server.sign_up(OWNER).await;
    for name in [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-real-ip",
    ] {
        for value in ["127.0.0.1", "localhost", ""] {
            let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD }));
            let answer = draft.header(name, value).await;
            assert_eq!(answer.status, 421, "{name}");
            answer.problem("host_not_allowed");
        }
    }
    assert_eq!(server.event_names().await, ["sign_up"]);
}

#[tokio::test]
async fn asvs_4_1_3_in_production_such_headers_mean_nothing() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": "a wrong password" }));
    let draft = draft.header("x-forwarded-for", "203.0.113.9").header("x-real-ip", "203.0.113.9");
    draft.header("forwarded", "for=203.0.113.9").await.problem("invalid_credentials");
    let event = server.events().await.pop().unwrap();
    assert_eq!(event.audit.address.as_deref(), Some("192.0.2.7"), "the peer, not what it says");
}

#[tokio::test]
async fn the_cookie_works_without_tls() {
    let server = server().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    for origin in ["http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000", crate::harness::APP]
    {
        let answer = server.post("sign-in").json(&body).header("origin", origin).await;
        let cookie = answer.cookie();
        assert_eq!(cookie.name, "minbil_rt_co");
        assert_eq!(
            cookie.attributes,
            ["Path=/api/co/auth", "Max-Age=15552000", "HttpOnly", "SameSite=Strict"]
        );
        assert_eq!(server.refresh(Cookie(&cookie.value)).await.cookie().name, "minbil_rt_co");
    }
    let other_port = server.post("sign-in").json(&body).header("origin", "http://localhost:3000").await;
    assert!(other_port.cookies().is_empty());
}

#[tokio::test]
async fn links_and_issuer_name_this_machine() {
    let server = server().await;
    server.sign_up(OWNER).await;
    let token = server.sign_in(OWNER).await;
    assert_eq!(token.claim("iss"), "http://localhost:5000/api/co");
    server.forgot(OWNER).await.ok();
    let letter = server.one_letter().await;
    assert!(letter.link().starts_with("http://localhost:5000/reset-password/co#token="), "{}", letter.link());
    let problem = server.get("me").await.json();
    assert_eq!(problem["type"], "http://localhost:5000/docs/problems/credentials-missing");
}

#[tokio::test]
async fn the_root_key_is_made_once_and_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = server().await;
    let signed = server.owner().await;
    for file in ["root.key", "minbil-auth.db"] {
        let mode = std::fs::metadata(server.data_dir().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let server = server.restart(&[("PASSWORDS__THREADS", "1")]).await;
    server.me(&signed.access).await.ok();
}

#[tokio::test]
async fn the_host_of_an_http_2_request_counts_as_well() {
    let server = server().await;
    let call = |address: &str| server.fetch(&format!("http://{address}/healthz"));
    call("localhost:5000").await.ok();
    call("evil.example").await.problem("host_not_allowed");
    call("evil.example").instead("host", "localhost:5000").await.problem("host_not_allowed");
    call("localhost@evil.example").await.problem("host_not_allowed");
}
