//! Pages, and what only development mode has.

use crate::harness::Credential::Body;
use crate::harness::{EVIL, OWNER, PASSWORD, Setup, TestServer};
use axum::http::Method;
use http_api::ProblemCode;
use serde_json::json;

const PAGES: [&str; 8] = [
    "/docs",
    "/docs/console",
    "/docs/problems/",
    "/docs/problems/refresh-reused",
    "/docs/api-reference/carowner/auth",
    "/docs/api-reference/workshop/auth",
    "/reset-password/co",
    "/reset-password/ws",
];

const INBOX: [&str; 4] =
    ["/dev/inbox", "/dev/inbox.json", "/dev/inbox/019c237c-c368-7000-8000-00000000000d", "/dev/inbox/x/html"];

#[tokio::test]
async fn production_has_no_inbox() {
    let server = TestServer::start().await;
    for path in INBOX {
        server.fetch(path).await.problem("not_found");
    }
    let development = TestServer::with(Setup::development()).await;
    development.fetch("/dev/inbox.json").await.ok();
    assert_eq!(development.fetch("/dev/inbox").await.status, 200);
}

#[tokio::test]
async fn asvs_3_4_3_no_page_runs_a_script_of_its_own_or_can_be_framed() {
    for setup in [Setup::default(), Setup::development()] {
        let server = TestServer::with(setup).await;
        for path in PAGES {
            let answer = server.fetch(path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
            let policy = answer.header("content-security-policy").unwrap();
            for rule in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            for loose in ["unsafe-eval", "http:", "https:", "data: 'self'", "*"] {
                assert!(!policy.contains(loose), "{path}: {policy}");
            }
            let script = policy.split(';').find(|rule| rule.trim().starts_with("script-src"));
            assert!(script.is_none_or(|rule| !rule.contains("unsafe-inline")), "{path}: {policy}");
        }
    }
}

#[tokio::test]
async fn pages_are_the_same_whoever_looks_and_whatever_the_request_says_of_itself() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for path in PAGES {
        let plain = server.fetch(path).await.text();
        let signed_in = server.fetch(path).bearer(&page.access).cookie(&page.cookie).await;
        assert_eq!(signed_in.text(), plain, "ASVS 3.5.7: {path}");
        let poisoned = server.fetch(&format!("{path}?url={EVIL}&configUrl={EVIL}&redirect_to={EVIL}"));
        let poisoned =
            poisoned.instead("host", "evil.example").header("x-forwarded-host", "evil.example").await;
        assert_eq!(poisoned.text(), plain, "CVE-2018-25031: {path}");
        for token in [&page.access, &page.refresh, &page.cookie] {
            assert!(!plain.contains(token.as_str()), "{path}");
        }
    }
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
async fn without_documentation_there_are_no_pages_of_it() {
    let server = TestServer::with(Setup::default().with("DOCS__ENABLED", "false")).await;
    for path in ["/", "/docs", "/docs/console", "/docs/problems/", "/docs/api-reference/carowner/auth"] {
        server.fetch(path).await.problem("not_found");
    }
    assert_eq!(server.fetch("/reset-password/co").await.status, 200, "mailed links lead here");
    let server = TestServer::with(Setup::default().with("DOCS__CONSOLE", "false")).await;
    server.fetch("/docs/console").await.problem("not_found");
    assert_eq!(server.fetch("/docs").await.status, 200);
}

#[tokio::test]
async fn faults_on_order_mean_nothing_in_production() {
    let server = TestServer::start().await;
    let mut signed = server.owner().await;
    for order in ["drop", "problem=server_busy", "delay=20000", "banana"] {
        let draft = server.post("refresh").presenting(Body(&signed.refresh)).header("x-minbil-fault", order);
        signed = draft.await.signed();
    }
}

#[tokio::test]
async fn in_development_every_problem_can_be_ordered_and_nothing_is_done() {
    let server = TestServer::with(Setup::development()).await;
    server.sign_up(OWNER).await;
    let before = server.writes();
    for code in ProblemCode::ALL {
        let draft = server.post("sign-in").json(&json!({ "email": OWNER, "password": PASSWORD }));
        // 405 without `Allow` is no answer of ours, and only the router makes one.
        if code.status() != 405 {
            let answer = draft.header("x-minbil-fault", format!("problem={}", code.code())).await;
            assert_eq!(answer.status, code.status());
            answer.problem(code.code());
        }
    }
    assert_eq!(server.writes(), before);
}

#[tokio::test]
async fn an_answer_that_was_lost_on_order_is_given_again() {
    let server = TestServer::with(Setup::development()).await;
    let owner = server.owner().await;
    let draft = server.post("refresh").presenting(Body(&owner.refresh)).header("x-minbil-fault", "drop");
    draft.lose().await;
    let again = server.refresh(Body(&owner.refresh)).await.signed();
    assert_eq!(again.claim("gen"), 1);
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "refresh_grace"]);
    server.refresh(Body(&again.refresh)).await.ok();
}
