//! `POST sign-out`

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{EVIL, OWNER, TestServer};
use axum::http::Method;
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const TICK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn the_published_answer_whatever_the_body_and_the_content_type() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for number in 0..5 {
        let signed = server.sign_in(OWNER).await;
        let draft = server.post("sign-out").bearer(&signed.access);
        let answer = match number {
            0 => draft,
            1 => draft.header("content-type", "application/json"),
            2 => draft.json(&json!({})),
            3 => draft.header("accept", "application/json"),
            _ => draft.json(&json!({ "scope": null, "refresh_token": null, "unknown": 1 })),
        };
        let answer = answer.await;
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"message":"Sign-out successful."}"#));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        server.me(&signed.access).await.problem("session_revoked");
        server.refresh(Body(&signed.refresh)).await.problem("session_revoked");
    }
}

#[tokio::test]
async fn any_credential_of_a_session_ends_it() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for number in 0..6 {
        let page = server.sign_in_on_page(OWNER).await;
        let bearer = server.refresh(Bearer(&page.access)).await.signed().refresh;
        let all = [
            Body(&page.refresh),
            Bearer(&page.refresh),
            Cookie(&page.cookie),
            Bearer(&page.access),
            Body(&bearer),
            Bearer(&bearer),
        ];
        server.sign_out(all[number]).await.ok();
        server.refresh(Cookie(&page.cookie)).await.problem("session_revoked");
        server.me(&page.access).await.problem("session_revoked");
        let event = server.events().await.pop().unwrap();
        assert_eq!(event.kind.name(), "sign_out");
        assert_eq!(event.session.unwrap().to_string(), page.session());
    }
}

#[tokio::test]
async fn local_ends_this_session_and_no_other() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner().await, server.sign_in(OWNER).await);
    let body = json!({ "refresh_token": mine.refresh, "scope": "local" });
    server.post("sign-out").json(&body).await.ok();
    server.me(&mine.access).await.problem("session_revoked");
    server.me(&other.access).await.ok();
}

#[tokio::test]
async fn others_ends_all_but_this_one() {
    let server = TestServer::start().await;
    let (mine, a, b) =
        (server.owner_on_page().await, server.sign_in(OWNER).await, server.sign_in(OWNER).await);
    server.sign_up("other@example.com").await;
    let stranger = server.sign_in("other@example.com").await;
    let draft = server.post("sign-out").json(&json!({ "scope": "others" })).cookie(&mine.cookie);
    let answer = draft.await;
    answer.ok();
    assert!(answer.cookies().is_empty(), "this browser's session lives");
    for ended in [a, b] {
        server.me(&ended.access).await.problem("session_revoked");
        server.refresh(Body(&ended.refresh)).await.problem("session_revoked");
    }
    server.me(&mine.access).await.ok();
    server.refresh(Cookie(&mine.cookie)).await.ok();
    server.me(&stranger.access).await.ok();
    assert_eq!(server.events().await.pop().unwrap().detail.as_deref(), Some("2"));
}

#[tokio::test]
async fn global_ends_all() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner_on_page().await, server.sign_in(OWNER).await);
    let in_ws = server.ws.owner().await;
    let draft = server.post("sign-out").json(&json!({ "scope": "global" })).bearer(&mine.access);
    let answer = draft.cookie(&mine.cookie).await;
    answer.ok();
    assert!(answer.cookie().is_cleared());
    for ended in [mine, other] {
        server.me(&ended.access).await.problem("session_revoked");
    }
    server.ws.me(&in_ws.access).await.ok();
}

#[tokio::test]
async fn a_scope_that_is_none_is_said_to_be_wrong_and_ends_nothing() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    for (scope, code) in [
        (json!("everything"), "unknown_value"),
        (json!("LOCAL"), "unknown_value"),
        (json!(""), "unknown_value"),
        (json!(1), "wrong_type"),
        (json!(["local"]), "wrong_type"),
    ] {
        let answer = server.post("sign-out").json(&json!({ "scope": scope })).bearer(&signed.access).await;
        assert_eq!(answer.field_errors(), [format!("scope:{code}")]);
    }
    server.me(&signed.access).await.ok();
}

#[tokio::test]
async fn a_full_token_however_old_signs_out_without_an_alarm() {
    let server = TestServer::start().await;
    let first = server.owner_on_page().await;
    let mut last = first.clone();
    for _ in 0..5 {
        server.advance(5 * DAY);
        last = server.refresh(Body(&last.refresh)).await.signed();
    }
    server.sign_out(Body(&first.refresh)).await.ok();
    server.refresh(Body(&last.refresh)).await.problem("session_revoked");
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "sign_out"]);
}

#[tokio::test]
async fn an_old_token_signs_nobody_else_out() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner().await, server.sign_in(OWNER).await);
    server.refresh(Body(&mine.refresh)).await.ok();
    server.advance(HOUR);
    for scope in ["others", "global"] {
        let body = json!({ "refresh_token": mine.refresh, "scope": scope });
        let answer = server.post("sign-out").json(&body).await;
        assert_eq!(answer.status, 401);
        answer.problem("token_superseded");
    }
    server.me(&other.access).await.ok();
    server.refresh(Body(&other.refresh)).await.ok();
}

#[tokio::test]
async fn an_expired_access_token_ends_its_own_session_for_a_day() {
    let server = TestServer::start().await;
    let (early, late) = (server.owner().await, server.sign_in(OWNER).await);
    server.advance(HOUR + DAY - TICK);
    for scope in ["others", "global"] {
        let draft = server.post("sign-out").json(&json!({ "scope": scope })).bearer(&early.access);
        draft.await.problem("token_expired");
    }
    server.sign_out(Bearer(&early.access)).await.ok();
    server.refresh(Body(&early.refresh)).await.problem("session_revoked");
    server.advance(TICK);
    server.sign_out(Bearer(&late.access)).await.problem("token_expired");
    server.refresh(Body(&late.refresh)).await.ok();
}

#[tokio::test]
async fn a_session_that_has_ended_already_is_signed_out_successfully() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.sign_out(Body(&page.refresh)).await.ok();
    for credential in [Body(&page.refresh), Bearer(&page.refresh), Cookie(&page.cookie), Bearer(&page.access)]
    {
        server.sign_out(credential).await.ok();
    }
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "sign_out"], "it ended once");
    let idle = server.sign_in(OWNER).await;
    server.advance(40 * DAY);
    server.sign_out(Body(&idle.refresh)).await.ok();
    // Purged long since, and so is the account.
    server.service.store.purge(server.settings.retention, 500).await.unwrap();
    server.delete_account(OWNER).await;
    server.sign_out(Body(&page.refresh)).await.ok();
}

#[tokio::test]
async fn the_other_scopes_need_a_session_that_lives() {
    let server = TestServer::start().await;
    let (ended, other) = (server.owner().await, server.sign_in(OWNER).await);
    server.sign_out(Body(&ended.refresh)).await.ok();
    for scope in ["others", "global"] {
        let by_token = json!({ "refresh_token": ended.refresh, "scope": scope });
        server.post("sign-out").json(&by_token).await.problem("session_revoked");
        let draft = server.post("sign-out").json(&json!({ "scope": scope })).bearer(&ended.access);
        draft.await.problem("session_revoked");
    }
    server.me(&other.access).await.ok();
}

#[tokio::test]
async fn without_a_genuine_credential_nobody_is_signed_out() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let none = server.post("sign-out").await;
    none.problem("credentials_missing");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    for credential in [Body("x"), Body(""), Bearer("undefined"), Cookie("x"), Bearer(&signed.refresh[1..])] {
        server.sign_out(credential).await.problem("invalid_token");
    }
    server.me(&signed.access).await.ok();
}

#[tokio::test]
async fn the_chooser_is_that_of_refresh() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner_on_page().await, server.sign_in_on_page(OWNER).await);
    let mismatch = server.post("sign-out").presenting(Body(&mine.refresh)).bearer(&other.access).await;
    mismatch.problem("session_mismatch");
    let ambient = server.post("sign-out").bearer(&mine.access).cookie(&other.cookie).await;
    assert!(ambient.cookies().is_empty());
    server.me(&mine.access).await.problem("session_revoked");
    server.me(&other.access).await.ok();
    let unreadable =
        server.post("sign-out").header("authorization", "Bearer undefined").cookie(&other.cookie);
    assert!(unreadable.await.cookie().is_cleared());
}

#[tokio::test]
async fn asvs_14_3_1_the_cookie_is_taken_away_with_its_own_attributes() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let answer = server.sign_out(Cookie(&page.cookie)).await;
    let cookie = answer.cookie();
    assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("__Secure-minbil_rt_co", ""));
    let expected = ["Path=/api/co/auth", "Max-Age=0", "Secure", "HttpOnly", "SameSite=Strict"];
    assert_eq!(cookie.attributes, expected);
    assert!(
        server.sign_out(Cookie(&page.cookie)).await.cookie().is_cleared(),
        "also when it is over already"
    );
}

#[tokio::test]
async fn a_page_of_another_site_signs_nobody_out() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for scope in ["local", "others", "global"] {
        let draft = server.post("sign-out").json(&json!({ "scope": scope })).cookie(&page.cookie);
        let answer = draft.header("origin", EVIL).await;
        assert_eq!(answer.status, 403);
        answer.problem("csrf_rejected");
        assert!(answer.cookies().is_empty());
    }
    server.refresh(Cookie(&page.cookie)).await.ok();
}

#[tokio::test]
async fn other_methods_are_405_and_end_nothing() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
        let draft = server.post("sign-out").method(method).bearer(&page.access).cookie(&page.cookie);
        let answer = draft.await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    }
    let text = server.post("sign-out").raw("text/plain", "{}").bearer(&page.access).await;
    text.problem("unsupported_media_type");
    server.me(&page.access).await.ok();
}

#[tokio::test]
async fn cve_2020_15223_a_store_that_is_gone_is_no_successful_sign_out() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    server.take_store_away().await;
    for credential in [Body(&page.refresh), Cookie(&page.cookie), Bearer(&page.access)] {
        let answer = server.sign_out(credential).await;
        assert_eq!(answer.status, 503);
        answer.problem("service_unavailable");
        assert!(answer.cookies().is_empty(), "the session may live, so the cookie stays");
    }
}

#[tokio::test]
async fn a_bearer_token_whose_chain_is_over_signs_its_session_out_for_a_day() {
    let server = TestServer::start().await;
    let (early, late) = (server.owner().await, server.sign_in(OWNER).await);
    let early_bearer = server.refresh(Bearer(&early.access)).await.signed().refresh;
    let late_bearer = server.refresh(Bearer(&late.access)).await.signed().refresh;
    server.advance(2 * DAY - TICK);
    for scope in ["others", "global"] {
        let body = json!({ "refresh_token": early_bearer, "scope": scope });
        server.post("sign-out").json(&body).await.problem("reauthentication_required");
    }
    server.sign_out(Body(&early_bearer)).await.ok();
    server.refresh(Body(&early.refresh)).await.problem("session_revoked");
    server.advance(TICK);
    server.sign_out(Body(&late_bearer)).await.problem("reauthentication_required");
    server.refresh(Body(&late.refresh)).await.ok();
}
