//! `GET sessions`, `DELETE sessions/{id}`

use crate::harness::Credential::{Body, Cookie};
use crate::harness::{APP, OWNER, PASSWORD, TestServer};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_user_sees_their_live_sessions_the_latest_first() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let phone = server.post("sign-in").json(&body).header("user-agent", "Phone/1").await.signed();
    server.advance(Duration::from_mins(10));
    let plain = server.sign_in(OWNER).await;
    let ended = server.sign_in(OWNER).await;
    server.sign_out(Body(&ended.refresh)).await.ok();
    server.sign_up("other@example.com").await;
    server.sign_in("other@example.com").await;
    server.advance(Duration::from_mins(10));
    server.refresh(Body(&phone.refresh)).await.ok();
    let answer = server.get("sessions").bearer(&plain.access).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let expected = json!({
        "message": "Sessions of this account.",
        "sessions": [
            {
                "id": phone.session(), "created_at": "2026-02-03T14:31:45Z", "last_used_at": "2026-02-03T14:51:45Z",
                "expires_at": "2026-03-05T14:51:45Z", "current": false, "user_agent": "Phone/1", "address": "192.0.2.7",
            },
            {
                "id": plain.session(), "created_at": "2026-02-03T14:41:45Z", "last_used_at": "2026-02-03T14:41:45Z",
                "expires_at": "2026-03-05T14:41:45Z", "current": true, "user_agent": null, "address": "192.0.2.7",
            },
        ],
    });
    assert_eq!(answer.ok(), expected);
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_shortened_and_must_be_plain() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let agent_of = async |agent: &[u8]| {
        let signed = server.post("sign-in").json(&body).header("user-agent", agent).await.signed();
        let list = server.get("sessions").bearer(&signed.access).await.ok();
        let sessions = list["sessions"].as_array().unwrap().clone();
        sessions.into_iter().find(|one| one["current"] == true).unwrap()["user_agent"].clone()
    };
    assert_eq!(agent_of(&[b'a'; 5000]).await, json!("a".repeat(200)));
    assert_eq!(agent_of(b"%s%n{}{:?} <b>'\"").await, json!("%s%n{}{:?} <b>'\""));
    assert_eq!(agent_of("Bil/1 ✨".as_bytes()).await, Value::Null);
}

#[tokio::test]
async fn another_session_is_ended_from_the_list() {
    let server = TestServer::start().await;
    let (mine, other) = (server.owner_on_page().await, server.sign_in(OWNER).await);
    let call = format!("sessions/{}", other.session());
    let answer = server.delete(&call).bearer(&mine.access).cookie(&mine.cookie).await;
    assert_eq!(answer.text(), r#"{"message":"Session ended."}"#);
    assert!(answer.cookies().is_empty());
    server.refresh(Body(&other.refresh)).await.problem("session_revoked");
    server.me(&other.access).await.problem("session_revoked");
    server.me(&mine.access).await.ok();
    server.delete(&call).bearer(&mine.access).await.ok();
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "sign_in", "session_revoked"]);
}

#[tokio::test]
async fn the_own_session_is_ended_and_its_cookie_taken_away() {
    let server = TestServer::start().await;
    let mine = server.owner_on_page().await;
    let call = format!("sessions/{}", mine.session());
    let answer = server.delete(&call).bearer(&mine.access).header("origin", APP).await;
    answer.ok();
    assert!(answer.cookie().is_cleared());
    server.refresh(Cookie(&mine.cookie)).await.problem("session_revoked");
    assert_eq!(server.event_names().await, ["sign_up", "sign_in", "sign_out"]);
}

#[tokio::test]
async fn asvs_8_2_2_somebody_elses_session_is_not_found() {
    let server = TestServer::start().await;
    let mine = server.owner().await;
    server.sign_up("other@example.com").await;
    let (other, in_ws) = (server.sign_in("other@example.com").await, server.ws.owner().await);
    for id in [other.session(), in_ws.session(), "00000000-0000-0000-0000-000000000000".to_owned()] {
        let answer = server.delete(&format!("sessions/{id}")).bearer(&mine.access).await;
        assert_eq!(answer.status, 404);
        answer.problem("session_not_found");
    }
    server.me(&other.access).await.ok();
    server.ws.me(&in_ws.access).await.ok();
}

#[tokio::test]
async fn what_is_no_id_names_no_session() {
    let server = TestServer::start().await;
    let mine = server.owner().await;
    for id in ["x", "1", "%00", "'%20OR%201=1", "..%2f..", &"a".repeat(4000), "%ff", "null"] {
        let answer = server.delete(&format!("sessions/{id}")).bearer(&mine.access).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    server.delete("sessions/").bearer(&mine.access).await.problem("not_found");
    server.me(&mine.access).await.ok();
}

#[tokio::test]
async fn both_calls_need_an_access_token() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let call = format!("sessions/{}", page.session());
    for draft in [server.get("sessions"), server.delete(&call)] {
        draft.cookie(&page.cookie).await.problem("credentials_missing");
    }
    for draft in [server.get("sessions"), server.delete(&call)] {
        draft.bearer(&page.refresh).await.problem("invalid_token");
    }
    server.advance(Duration::from_hours(2));
    for draft in [server.get("sessions"), server.delete(&call)] {
        draft.bearer(&page.access).await.problem("token_expired");
    }
    server.refresh(Cookie(&page.cookie)).await.ok();
}
