//! What a browser is told beside the page itself, through everything that stands around it.

use crate::harness::TestServer;
use axum::http::Method;

const PAGES: [&str; 8] = [
    "/docs",
    "/docs/problems/",
    "/docs/problems/refresh-reused",
    "/docs/guides/staying-signed-in",
    "/docs/api-reference/carowner/auth",
    "/docs/api-reference/workshop/auth",
    "/reset-password/co",
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
async fn the_front_leads_to_the_documentation() {
    let server = TestServer::start().await;
    let answer = server.fetch("/").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/docs")));
}
