//! Pages, through everything that stands around them.

use crate::harness::{EVIL, Setup, TestServer};
use axum::http::Method;
use http_api::ProblemCode;
use serde_json::json;

const PAGES: [&str; 9] = [
    "/docs",
    "/docs/problems/",
    "/docs/problems/refresh-reused",
    "/docs/guides/staying-signed-in",
    "/docs/api-reference/carowner/auth",
    "/docs/api-reference/workshop/auth",
    "/reset-password/co",
    "/verify-email/co",
    "/docs/console",
];

#[tokio::test]
async fn asvs_3_4_pages_carry_their_own_policy_and_everybodys_headers() {
    let server = TestServer::start().await;
    for path in PAGES {
        let answer = server.fetch(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self';") && !policy.contains("sandbox"), "{path}: {policy}");
        assert!(path == "/docs/console" || !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
    }
}

#[tokio::test]
async fn a_page_answers_head_alike_and_304_to_who_has_it() {
    let server = TestServer::start().await;
    for path in PAGES {
        let full = server.fetch(path).await;
        let head = server.call(Method::HEAD, path).await;
        assert!(head.body.is_empty(), "{path}");
        for name in ["etag", "content-type", "content-length", "content-security-policy", "vary"] {
            assert_eq!(head.header(name), full.header(name), "{path} {name}");
        }
        let known = server.fetch(path).header("if-none-match", full.header("etag").unwrap()).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_there_is_a_problem_like_anything_else() {
    let server = TestServer::start().await;
    for path in [
        "/docs/problems/nothing",
        "/docs/problems/refresh_reused",
        "/docs/guides/nothing",
        "/docs/api-reference/co/auth",
        "/docs/api-reference/%3Cscript%3E/auth",
        "/reset-password/xx",
        "/verify-email/xx",
        "/static/nothing.css",
        "/docs/nothing",
    ] {
        let answer = server.fetch(path).await;
        assert_eq!(answer.status, 404, "{path}");
        answer.problem("not_found");
    }
    for path in ["/docs", "/reset-password/co", "/static/style.css", "/docs/console"] {
        let answer = server.call(Method::POST, path).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")), "{path}");
    }
}

#[tokio::test]
async fn asvs_3_5_7_a_page_is_the_same_for_everybody() {
    let server = TestServer::start().await;
    server.sign_up(crate::harness::OWNER).await;
    let signed = server.sign_in(crate::harness::OWNER).await;
    for path in PAGES {
        let anybody = server.fetch(path).await;
        let somebody = server.fetch(path).bearer(&signed.access).cookie(&signed.cookie).await;
        assert!(anybody.body == somebody.body, "{path}");
    }
}

#[tokio::test]
async fn the_front_leads_to_the_documentation() {
    let server = TestServer::start().await;
    let answer = server.fetch("/").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/docs")));
    let without = TestServer::with(Setup::default().with("DOCS__ENABLED", "false")).await;
    without.fetch("/").await.problem("not_found");
    without.fetch("/docs/problems/not-found").await.problem("not_found");
    assert_eq!(without.fetch("/reset-password/co").await.status, 200);
}

#[tokio::test]
async fn only_a_development_server_has_an_inbox() {
    let development = TestServer::with(Setup::development()).await;
    assert_eq!(development.fetch("/dev/inbox").await.status, 200);
    assert_eq!(development.fetch("/dev/inbox.json").await.header("cache-control"), Some("no-store"));
    development.fetch("/dev/inbox/0198c0de-0000-7000-8000-000000000000").await.problem("not_found");
    let production = TestServer::start().await;
    for path in ["/dev/inbox", "/dev/inbox.json", "/dev/inbox/x", "/dev/inbox/x/html"] {
        production.fetch(path).await.problem("not_found");
    }
}

#[tokio::test]
async fn cve_2018_25031_nothing_in_a_request_changes_what_a_page_loads() {
    let server = TestServer::start().await;
    for path in PAGES {
        let plain = server.fetch(path).await;
        let poisoned = server.fetch(&format!("{path}?url={EVIL}&configUrl={EVIL}&redirect_to={EVIL}"));
        let poisoned =
            poisoned.instead("host", "evil.example").header("x-forwarded-host", "evil.example").await;
        assert!(plain.body == poisoned.body, "{path}");
        assert_eq!(plain.header("content-security-policy"), poisoned.header("content-security-policy"));
    }
}

#[tokio::test]
async fn every_problem_has_the_page_that_its_type_names() {
    let server = TestServer::start().await;
    for code in ProblemCode::ALL {
        let page = server.fetch(&format!("/docs/problems/{}", code.slug())).await;
        assert_eq!(page.status, 200, "{code:?}");
        assert!(page.text().contains(code.code()) && page.text().contains(code.title()), "{code:?}");
    }
}

#[tokio::test]
async fn the_console_can_be_left_out() {
    let server = TestServer::with(Setup::default().with("DOCS__CONSOLE", "false")).await;
    server.fetch("/docs/console").await.problem("not_found");
    assert_eq!(server.fetch("/docs").await.status, 200);
}

#[tokio::test]
async fn a_page_takes_no_post() {
    let server = TestServer::start().await;
    for path in PAGES {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = server.call(method, path).json(&json!({})).await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET,HEAD")), "{path}");
        }
    }
    for path in
        ["/docs/problems/nothing", "/docs/problems/..%2f", "/reset-password/xx", "/static/..%2f..%2froot.key"]
    {
        server.fetch(path).await.problem("not_found");
    }
}
