//! Signing in where a browser is signed in already (ASVS 7.2.4): the session that its cookie opens ends with the beginning of the
//! new one, and nothing else does.

use crate::harness::Credential::{Body, Cookie};
use crate::harness::{APP, Answer, Draft, EVIL, OWNER, PASSWORD, Setup, Signed, TestServer, WS_APP};
use domain::account::AccountStatus;
use serde_json::json;
use std::future::IntoFuture as _;
use std::time::Duration;

const OTHER: &str = "other@example.com";

/// A sign-in from a page of the namespace.
fn from_page(server: &TestServer, email: &str, password: &str) -> Draft {
    let body = json!({ "email": email, "password": password });
    server.post("sign-in").json(&body).header("origin", APP)
}

/// Whether its session lives.
async fn lives(server: &TestServer, signed: &Signed) -> bool {
    let answer = server.me(&signed.access).await;
    if answer.status != 200 {
        answer.problem("session_revoked");
    }
    answer.status == 200
}

/// What a client can tell two sign-ins apart by: everything but the tokens and the moment.
fn told(answer: &Answer) -> (u16, Vec<String>, Vec<String>) {
    let names = |keys: Vec<&str>| keys.into_iter().map(str::to_owned).collect();
    let body = answer.json();
    let cookies =
        answer.cookies().into_iter().map(|cookie| format!("{} {:?}", cookie.name, cookie.attributes));
    let fields = names(body.as_object().unwrap().keys().map(String::as_str).collect());
    (answer.status, fields, cookies.collect())
}

#[tokio::test]
async fn asvs_7_2_4_a_browser_that_signs_in_again_leaves_no_session_behind() {
    let server = TestServer::start().await;
    let elsewhere = server.owner().await;
    let old = server.sign_in_on_page(OWNER).await;
    server.advance(Duration::from_mins(5));
    let new = from_page(&server, OWNER, PASSWORD).cookie(&old.cookie).await.signed();
    assert_ne!((new.session(), &new.cookie), (old.session(), &old.cookie));
    for spent in [Cookie(&old.cookie), Body(&old.refresh)] {
        server.refresh(spent).await.problem("session_revoked");
    }
    assert!(!lives(&server, &old).await && lives(&server, &new).await && lives(&server, &elsewhere).await);
    server.refresh(Cookie(&new.cookie)).await.ok();
    let list = server.get("sessions").bearer(&new.access).await.ok();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 2, "{list}");
    let events = server.events().await;
    let ended: Vec<_> = events.iter().filter(|event| event.kind.name() == "sign_out").collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].session.unwrap().to_string(), old.session());
    assert_eq!(ended[0].detail.as_deref(), Some("signed_in_again"));
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "sign_in", "sign_out", "sign_in"]);
}

#[tokio::test]
async fn asvs_7_2_4_whoever_signs_in_next_in_a_browser_ends_the_session_before() {
    let server = TestServer::start().await;
    let old = server.owner_on_page().await;
    server.sign_up(OTHER).await;
    let new = from_page(&server, OTHER, PASSWORD).cookie(&old.cookie).await.signed();
    assert_ne!(new.claim("sub"), old.claim("sub"));
    assert!(!lives(&server, &old).await && lives(&server, &new).await);
    let refreshed = server.refresh(Cookie(&new.cookie)).await.signed();
    assert_eq!(refreshed.claim("sub"), new.claim("sub"));
}

#[tokio::test]
async fn asvs_7_2_4_a_sign_in_that_fails_ends_nothing() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.sign_up(OTHER).await;
    server.set_status(OTHER, AccountStatus::Disabled).await;
    for (email, password, code) in [
        (OWNER, "a wrong password", "invalid_credentials"),
        ("nobody@example.com", PASSWORD, "invalid_credentials"),
        (OTHER, PASSWORD, "account_disabled"),
        ("no address", PASSWORD, "validation_failed"),
    ] {
        let answer = from_page(&server, email, password).cookie(&page.cookie).await;
        answer.problem(code);
        assert!(answer.cookies().is_empty(), "{code}");
    }
    let full = server.fill_hashing_queue();
    from_page(&server, OWNER, PASSWORD).cookie(&page.cookie).await.problem("server_busy");
    drop(full);
    assert!(lives(&server, &page).await);
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().session(), page.session());
}

/// Only what a refresh would take is taken; and whether it was is in no answer.
#[tokio::test]
async fn a_cookie_that_opens_nothing_ends_nothing_and_is_no_oracle() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.ws.sign_up(OWNER).await;
    let neighbour = server.ws.sign_in_on_page(OWNER).await;
    let rotated = server.refresh(Cookie(&page.cookie)).await.signed();
    let newest = server.refresh(Cookie(&rotated.cookie)).await.signed();
    let end = if newest.cookie.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{end}", &newest.cookie[..newest.cookie.len() - 1]);
    let expected = told(&from_page(&server, OWNER, PASSWORD).await);
    let attempt = async |cookie: &str, why: &str| {
        let answer = from_page(&server, OWNER, PASSWORD).cookie(cookie).await;
        assert_eq!(told(&answer), expected, "{why}");
        assert!(lives(&server, &page).await, "{why}");
    };
    // Two generations behind, and its own replacement a moment ago: what a refresh calls superseded.
    attempt(&page.cookie, "superseded").await;
    server.advance(Duration::from_secs(61));
    for (cookie, why) in [
        (page.cookie.as_str(), "spent"),
        (&rotated.cookie, "spent, beyond the grace"),
        (&forged, "forged"),
        (&neighbour.cookie, "of another namespace"),
        (&page.refresh, "a token of the body"),
        (&newest.refresh, "of the bearer class"),
        (&page.access, "an access token"),
        ("", "empty"),
    ] {
        attempt(cookie, why).await;
    }
    let twice = from_page(&server, OWNER, PASSWORD).cookie(&newest.cookie).cookie(&newest.cookie).await;
    assert_eq!(told(&twice), expected);
    assert!(lives(&server, &page).await, "two of a name count as none");
    assert!(server.ws.me(&neighbour.access).await.status == 200);
    let names = server.event_names().await;
    assert!(!names.contains(&"sign_out") && !names.contains(&"refresh_reused"), "{names:?}");
    assert!(server.deliver_mail().await.is_empty());
    // The one that opens something has the same answer.
    assert_eq!(told(&from_page(&server, OWNER, PASSWORD).cookie(&newest.cookie).await), expected);
    assert!(!lives(&server, &page).await);
}

#[tokio::test]
async fn a_cookie_whose_successor_was_lost_ends_its_session_within_the_grace() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.refresh(Cookie(&page.cookie)).await.ok();
    server.advance(Duration::from_secs(60));
    from_page(&server, OWNER, PASSWORD).cookie(&page.cookie).await.ok();
    assert!(!lives(&server, &page).await);
}

/// Login CSRF: a page of another site that signs the browser in does not sign anybody out by it.
#[tokio::test]
async fn asvs_3_5_1_a_page_of_another_site_ends_no_session_by_signing_in() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.sign_up(OTHER).await;
    let body = json!({ "email": OTHER, "password": PASSWORD });
    for (site, origin) in [
        (Some("cross-site"), Some(EVIL)),
        (Some("cross-site"), None),
        (Some("same-site"), Some(WS_APP)),
        (None, Some(EVIL)),
        (None, Some("null")),
    ] {
        let mut draft = server.post("sign-in").json(&body).cookie(&page.cookie);
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            if let Some(value) = value {
                draft = draft.header(name, value);
            }
        }
        assert!(draft.await.cookies().is_empty(), "{site:?} {origin:?}");
        assert!(lives(&server, &page).await, "{site:?} {origin:?}");
    }
    assert!(!server.event_names().await.contains(&"sign_out"));
}

/// A client that keeps cookies and is no page gets none in place of the one that ended.
#[tokio::test]
async fn a_cookie_that_is_not_replaced_is_taken_away() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let answer = server.post("sign-in").json(&body).cookie(&page.cookie).await;
    let cleared = answer.cookie();
    assert!(cleared.is_cleared() && cleared.name == "__Secure-minbil_rt_co", "{cleared:?}");
    assert_eq!(
        cleared.attributes,
        ["Path=/api/co/auth", "Max-Age=0", "Secure", "HttpOnly", "SameSite=Strict"]
    );
    assert!(!lives(&server, &page).await && lives(&server, &answer.signed()).await);
    // It had ended before: there is nothing to take away.
    let answer = server.post("sign-in").json(&body).cookie(&page.cookie).await;
    assert!(answer.cookies().is_empty());
}

/// What a client holds itself is its own business: a sign-in reads no token out of the header.
#[tokio::test]
async fn tokens_that_a_client_keeps_itself_end_with_its_sign_out_alone() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let body = json!({ "email": OWNER, "password": PASSWORD, "refresh_token": owner.refresh });
    for token in [&owner.access, &owner.refresh] {
        server.post("sign-in").json(&body).bearer(token).await.ok();
    }
    assert!(lives(&server, &owner).await);
}

/// The end of the old session is part of the write that opens the new one: no flush of its own, and no moment between.
#[tokio::test]
async fn ending_the_old_session_is_no_write_of_its_own() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let writes_of = async |draft: Draft| {
        let before = server.writes();
        draft.await.ok();
        server.writes() - before
    };
    let without = writes_of(from_page(&server, OWNER, PASSWORD)).await;
    assert_eq!(writes_of(from_page(&server, OWNER, PASSWORD).cookie(&page.cookie)).await, without);
    assert!(!lives(&server, &page).await);
}

/// Both tabs hold the cookie of one session: it ends once, each tab has a session of its own, and the browser keeps the cookie of
/// one of them, which the next sign-in ends.
#[tokio::test]
async fn two_tabs_that_sign_in_at_once_both_get_in() {
    let server = TestServer::with(Setup::default()).await;
    let old = server.owner_on_page().await;
    let tab = || from_page(&server, OWNER, PASSWORD).cookie(&old.cookie).into_future();
    let (one, two) = tokio::join!(tab(), tab());
    let (one, two) = (one.signed(), two.signed());
    assert!(!lives(&server, &old).await && lives(&server, &one).await && lives(&server, &two).await);
    let ended = |names: Vec<&str>| names.iter().filter(|name| **name == "sign_out").count();
    assert_eq!(ended(server.event_names().await), 1);
    from_page(&server, OWNER, PASSWORD).cookie(&two.cookie).await.ok();
    assert!(!lives(&server, &two).await);
    assert_eq!(ended(server.event_names().await), 2);
}
