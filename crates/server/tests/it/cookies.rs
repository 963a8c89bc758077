//! The refresh cookie: who gets it, and what it looks like.

use crate::harness::{APP, BASE, EVIL, OWNER, PASSWORD, Setup, TestServer, WS_APP};
use serde_json::json;

fn body() -> serde_json::Value {
    json!({ "email": OWNER, "password": PASSWORD })
}

#[tokio::test]
async fn asvs_3_3_1_the_cookie_is_bound_to_tls_to_its_path_and_to_its_site() {
    let server = TestServer::start().await;
    for site in [&server.co, &server.ws] {
        site.sign_up(OWNER).await;
        let origin = if site.namespace == "co" { APP } else { WS_APP };
        let cookie = site.post("sign-in").json(&body()).header("origin", origin).await.cookie();
        assert_eq!(cookie.name, format!("__Secure-minbil_rt_{}", site.namespace));
        let path = format!("Path=/api/{}/auth", site.namespace);
        assert_eq!(cookie.attributes, [&path, "Max-Age=15552000", "Secure", "HttpOnly", "SameSite=Strict"]);
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(cookie.value.chars().all(legal) && cookie.value.len() < 200, "{}", cookie.value);
    }
}

#[tokio::test]
async fn only_a_page_that_may_use_the_cookie_gets_it() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let gets = async |origin: &str| {
        let answer = server.post("sign-in").json(&body()).header("origin", origin).await;
        answer.ok();
        !answer.cookies().is_empty()
    };
    assert!(gets(APP).await && gets(BASE).await);
    for origin in [
        EVIL,
        WS_APP,
        "null",
        "",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "http://app.example.com",
        "https://APP.example.com",
        "https://app.example.com, https://evil.example",
        "*",
    ] {
        assert!(!gets(origin).await, "{origin:?}");
    }
    assert!(server.try_sign_in(OWNER, PASSWORD).await.cookies().is_empty(), "not a browser");
}

#[tokio::test]
async fn no_cookie_without_a_session() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let wrong = json!({ "email": OWNER, "password": "a wrong password" });
    for draft in [
        server.post("sign-in").json(&wrong),
        server.post("sign-up").json(&body()),
        server.post("sign-up").json(&json!({ "email": "other@example.com", "password": PASSWORD })),
        server.post("forgot-password").json(&json!({ "email": "nobody@example.com" })),
        server.post("refresh"),
        server.get("me"),
        server.fetch("/api/co/.well-known/jwks.json"),
        server.fetch("/nothing"),
    ] {
        assert!(draft.header("origin", APP).await.cookies().is_empty());
    }
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn the_cookies_of_two_namespaces_live_side_by_side() {
    let server = TestServer::start().await;
    let (co, ws) = (server.co.owner_on_page().await, server.ws.owner_on_page().await);
    let both = format!("__Secure-minbil_rt_co={}; __Secure-minbil_rt_ws={}", co.cookie, ws.cookie);
    let by_co = server.co.post("refresh").header("cookie", &both).await.signed();
    let by_ws = server.ws.post("refresh").header("cookie", &both).await.signed();
    assert_eq!((by_co.session(), by_ws.session()), (co.session(), ws.session()));
}

#[tokio::test]
async fn a_cookie_lives_no_longer_than_browsers_keep_one() {
    let server = TestServer::with(Setup::default().with("SESSIONS__ABSOLUTE_SECONDS", 500 * 24 * 3600)).await;
    server.sign_up(OWNER).await;
    let cookie = server.post("sign-in").json(&body()).header("origin", APP).await.cookie();
    assert_eq!(cookie.attributes[1], "Max-Age=34560000");
}
