//! Refresh by the cookie.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{APP, OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_cookie_rotates_and_the_script_gets_no_full_token() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    // As the published browser snippet does: `{}` and credentials.
    let answer = server.post("refresh").json(&json!({})).cookie(&page.cookie).header("origin", APP).await;
    let new = answer.signed();
    let cookie = answer.cookie();
    assert_eq!(cookie.name, "__Secure-minbil_rt_co");
    assert_ne!(cookie.value, page.cookie);
    assert_ne!(new.refresh, cookie.value, "ASVS 3.3.4: the cookie's value is never in a body");
    assert_eq!((new.claim("slot"), new.claim("gen")), (json!("cookie"), json!(1)));
    // What the body carries is of the bearer class: it extends, it sets no cookie, it rotates nothing.
    let extended = server.refresh(Body(&new.refresh)).await;
    assert!(extended.cookies().is_empty());
    assert_eq!(extended.signed().claim("gen"), 1);
    server.refresh(Cookie(&cookie.value)).await.ok();
}

#[tokio::test]
async fn the_cookie_lives_as_long_as_the_session_can() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.advance(Duration::from_hours(24 * 10));
    let cookie = server.refresh(Cookie(&page.cookie)).await.cookie();
    let expected = ["Path=/api/co/auth", "Max-Age=14688000", "Secure", "HttpOnly", "SameSite=Strict"];
    assert_eq!(cookie.attributes, expected);
}

#[tokio::test]
async fn a_lost_answer_gives_the_same_cookie_again() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let first = server.refresh(Cookie(&page.cookie)).await.signed();
    server.advance(Duration::from_secs(59));
    let again = server.refresh(Cookie(&page.cookie)).await.signed();
    assert_eq!((again.cookie, again.refresh), (first.cookie, first.refresh));
}

#[tokio::test]
async fn two_cookies_of_the_name_count_as_none() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let name = "__Secure-minbil_rt_co";
    let tossed = format!("{name}=tossed; {name}={}", page.cookie);
    server.post("refresh").header("cookie", &tossed).await.problem("credentials_missing");
    let two_lines = server.post("refresh").cookie(&page.cookie).cookie(&page.cookie).await;
    two_lines.problem("credentials_missing");
    // With an access token beside them the access token counts.
    server.post("refresh").header("cookie", &tossed).bearer(&page.access).await.ok();
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().claim("gen"), 1, "nothing had rotated");
}

#[tokio::test]
async fn a_cookie_is_known_by_its_exact_name() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for name in ["minbil_rt_co", "__Secure-minbil_rt_ws", "__secure-minbil_rt_co", "__Host-minbil_rt_co"] {
        let answer = server.post("refresh").header("cookie", format!("{name}={}", page.cookie)).await;
        answer.problem("credentials_missing");
    }
    let among_others = format!("a=b; __Secure-minbil_rt_co={}; c=d", page.cookie);
    server.post("refresh").header("cookie", among_others).await.ok();
}

#[tokio::test]
async fn a_token_counts_only_where_its_slot_travels() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let by_cookie = server.refresh(Cookie(&page.cookie)).await.signed();
    let bearer_class = server.refresh(Bearer(&page.access)).await.signed().refresh;
    for wrong in [
        Body(&by_cookie.cookie),
        Bearer(&by_cookie.cookie),
        Cookie(&page.refresh),
        Cookie(&bearer_class),
        Cookie(&by_cookie.refresh),
        Cookie(&page.access),
        Body(&page.access),
    ] {
        server.refresh(wrong).await.problem("invalid_token");
    }
    server.refresh(Cookie(&by_cookie.cookie)).await.ok();
    server.refresh(Body(&page.refresh)).await.ok();
}

#[tokio::test]
async fn a_refused_cookie_is_cleared_only_when_its_session_is_over() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let second = server.refresh(Cookie(&page.cookie)).await.signed();
    server.refresh(Cookie(&second.cookie)).await.ok();
    let late = server.refresh(Cookie(&page.cookie)).await;
    late.problem("token_superseded");
    assert!(late.cookies().is_empty(), "the session goes on, so does the browser's newer cookie");
    server.advance(Duration::from_hours(31 * 24));
    let over = server.refresh(Cookie(&second.cookie)).await;
    over.problem("session_expired");
    assert!(over.cookie().is_cleared());
}

#[tokio::test]
async fn a_namespace_of_browsers_carries_no_refresh_token_in_bodies() {
    let setup = Setup::default().with("NAMESPACES__CO__REFRESH_TOKENS_IN_BODIES", "false");
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let answer = server.post("sign-in").json(&body).header("origin", APP).await;
    assert_eq!(answer.ok().get("refresh_token"), None);
    let page = answer.signed();
    assert_eq!(page.claim("slot"), "cookie");
    let refreshed = server.refresh(Cookie(&page.cookie)).await;
    assert_eq!(refreshed.ok().get("refresh_token"), None);
    let extended = server.refresh(Bearer(&refreshed.signed().access)).await;
    assert_eq!(extended.ok().get("refresh_token"), None);
    server.refresh(Cookie(&refreshed.signed().cookie)).await.ok();
}
