//! The cookie gate: Fetch Metadata first, `Origin` where there is none.

use crate::harness::Credential::Cookie;
use crate::harness::{APP, BASE, EVIL, OWNER, Setup, TestServer, WS_APP};

/// `Sec-Fetch-Site`, `Origin`, and whether the cookie may be used.
const MATRIX: [(Option<&str>, Option<&str>, bool); 28] = [
    (None, None, true),
    (None, Some(APP), true),
    (None, Some(BASE), true),
    (None, Some(EVIL), false),
    (None, Some(WS_APP), false),
    (None, Some("null"), false),
    (None, Some(""), false),
    (None, Some("https://app.example.com/"), false),
    (None, Some("https://app.example.com.evil.example"), false),
    (None, Some("https://xapp.example.com"), false),
    (None, Some("http://app.example.com"), false),
    (None, Some("https://app.example.com:8443"), false),
    (Some("same-origin"), None, true),
    (Some("same-origin"), Some(BASE), true),
    (Some("none"), None, true),
    (Some("same-site"), None, false),
    (Some("same-site"), Some(APP), true),
    (Some("same-site"), Some("https://other.example.com"), false),
    (Some("cross-site"), None, false),
    (Some("cross-site"), Some(APP), true),
    (Some("cross-site"), Some(EVIL), false),
    (Some("cross-site"), Some("null"), false),
    (Some("Cross-Site"), None, false),
    (Some(""), None, false),
    (Some("same-origin, cross-site"), None, false),
    (Some("banana"), None, false),
    (Some("banana"), Some(APP), true),
    (Some("SAME-ORIGIN"), Some(EVIL), false),
];

#[tokio::test]
async fn asvs_3_5_1_a_page_that_may_not_use_the_cookie_changes_nothing() {
    let server = TestServer::start().await;
    let mut page = server.owner_on_page().await;
    for (site, origin, passes) in MATRIX {
        for call in ["refresh", "sign-out"] {
            let mut draft = server.post(call).cookie(&page.cookie);
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    draft = draft.header(name, value);
                }
            }
            let before = server.writes();
            let answer = draft.await;
            if !passes {
                assert_eq!(answer.status, 403, "{site:?} {origin:?}");
                answer.problem("csrf_rejected");
                assert!(answer.cookies().is_empty());
                assert_eq!(server.writes(), before, "nothing was written");
                continue;
            }
            assert_eq!(answer.status, 200, "{site:?} {origin:?}");
            if call == "refresh" {
                page = answer.signed();
            } else {
                page = server.sign_in_on_page(OWNER).await;
            }
        }
    }
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.status, 200);
}

#[tokio::test]
async fn a_namespace_may_trust_its_whole_site() {
    let server =
        TestServer::with(Setup::default().with("NAMESPACES__CO__SAME_SITE_IS_ALLOWED", "true")).await;
    let page = server.owner_on_page().await;
    let draft = server.post("refresh").cookie(&page.cookie).header("sec-fetch-site", "same-site");
    let new = draft.header("origin", "https://other.example.com").await.signed();
    let draft = server.post("refresh").cookie(&new.cookie).header("sec-fetch-site", "cross-site");
    draft.await.problem("csrf_rejected");
}

#[tokio::test]
async fn a_shut_gate_tells_nothing_about_the_cookie() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.sign_out(Cookie(&page.cookie)).await.ok();
    let live = server.sign_in_on_page(OWNER).await;
    let refused = async |cookie: &str| {
        server.post("refresh").cookie(cookie).header("origin", EVIL).await.bytes_but_request_id()
    };
    assert_eq!(refused(&page.cookie).await, refused(&live.cookie).await);
}
