//! `Idempotency-Key`: a call that is repeated under one key happens once (draft-ietf-httpapi-idempotency-key-header).

use crate::harness::Credential::Body;
use crate::harness::{APP, Answer, Draft, OWNER, PASSWORD, Setup, TestServer};
use app::outbox::MailOrder;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::any::Any;
use std::future::IntoFuture as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::watched_store::{StoreWatcher, WatchedStore};

const HEADER: &str = "idempotency-key";
const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const OTHER_KEY: &str = "0c7a4f52-5a0e-4f0e-9a9a-3f1a52b8f001";
const NEW: &str = "an even better password";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn sign_up(server: &TestServer, email: &str, password: &str) -> Draft {
    server.post("sign-up").json(&json!({ "email": email, "password": password })).header(HEADER, KEY)
}

fn forgot(server: &TestServer, email: &str) -> Draft {
    server.post("forgot-password").json(&json!({ "email": email })).header(HEADER, KEY)
}

fn change(server: &TestServer, access: &str, new: &str) -> Draft {
    let body = json!({ "current_password": PASSWORD, "new_password": new });
    server.post("change-password").bearer(access).json(&body).header(HEADER, KEY)
}

/// What a client can tell two answers apart by, but for what differs each time: ids of requests, and tokens.
fn told(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json())
}

async fn count(server: &TestServer, event: &str) -> usize {
    server.event_names().await.iter().filter(|name| **name == event).count()
}

#[tokio::test]
async fn five_sign_ups_under_one_key_are_one_account_and_one_answer() {
    let server = TestServer::start().await;
    let first = sign_up(&server, OWNER, PASSWORD).await;
    assert_eq!(first.status, 201);
    for _ in 0..5 {
        assert_eq!(told(&sign_up(&server, OWNER, PASSWORD).await), told(&first));
    }
    // The same key as RFC 8941 writes it, and the same address as people write it.
    let quoted = server.post("sign-up").json(&json!({ "password": PASSWORD, "email": "Owner@Example.com" }));
    assert_eq!(told(&quoted.header(HEADER, format!("\"{KEY}\"")).await), told(&first));
    assert_eq!(count(&server, "sign_up").await, 1);
    assert_eq!(first.json()["uid"], server.user(OWNER).await.id.to_string());
    let fresh = sign_up(&server, OWNER, PASSWORD).instead(HEADER, OTHER_KEY).await;
    fresh.problem("email_taken");
}

#[tokio::test]
async fn a_refused_sign_up_stays_refused_under_its_key() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for _ in 0..3 {
        let answer = sign_up(&server, OWNER, PASSWORD).await;
        answer.problem("email_taken");
        assert_eq!((answer.status, answer.header("retry-after")), (409, None));
    }
    server.delete_account(OWNER).await;
    sign_up(&server, OWNER, PASSWORD).await.problem("email_taken");
}

#[tokio::test]
async fn what_changed_nothing_is_not_remembered() {
    let server = TestServer::start().await;
    assert_eq!(sign_up(&server, OWNER, "short").await.field_errors(), ["password:too_short"]);
    sign_up(&server, OWNER, "password123").await.problem("validation_failed");
    assert_eq!(sign_up(&server, OWNER, PASSWORD).await.status, 201);
}

#[tokio::test]
async fn five_requests_for_a_link_under_one_key_are_one_mail() {
    let server = TestServer::with(Setup::default().limited()).await;
    server.sign_up(OWNER).await;
    let first = forgot(&server, OWNER).await;
    for _ in 0..5 {
        // The fourth one would be one too many, if it were a request of its own.
        assert_eq!(told(&forgot(&server, OWNER).await), told(&first));
    }
    server.one_letter().await.token();
    assert_eq!(count(&server, "forgot_password").await, 1);
}

#[tokio::test]
async fn asvs_6_3_8_a_key_tells_nobody_whether_there_is_an_account() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for (number, email) in [OWNER, "nobody@example.com"].into_iter().enumerate() {
        let key = format!("{KEY}-{number}");
        let ask = |email: &str| {
            server.post("forgot-password").json(&json!({ "email": email })).header(HEADER, &key)
        };
        let (first, again) = (ask(email).await, ask(email).await);
        assert_eq!(first.bytes_but_request_id(), again.bytes_but_request_id());
        assert_eq!(first.status, 200);
        ask("other@example.com").await.problem("idempotency_key_reused");
    }
    server.one_letter().await;
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_answered_again() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    change(&server, &owner.access, NEW).lose().await;
    // The session of this access token is over, because the change has ended it.
    server.get("me").bearer(&owner.access).await.problem("password_changed");
    let (first, second) =
        (change(&server, &owner.access, NEW).await, change(&server, &owner.access, NEW).await);
    let (one, two) = (first.signed(), second.signed());
    assert_eq!((&one.refresh, one.session()), (&two.refresh, two.session()));
    assert_eq!(
        (first.json()["user"].clone(), first.json()["message"].clone()),
        (second.json()["user"].clone(), json!("Password changed."))
    );
    assert_eq!((count(&server, "password_changed").await, count(&server, "sign_in").await), (1, 2));
    server.one_letter().await;
    server.get("me").bearer(&two.access).await.ok();
    server.refresh(Body(&two.refresh)).await.ok();
    server.try_sign_in(OWNER, NEW).await.ok();
}

#[tokio::test]
async fn a_page_gets_its_cookie_again_too() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let page = server.sign_in_on_page(OWNER).await;
    let on_page = || change(&server, &page.access, NEW).header("origin", APP);
    let (first, second) = (on_page().await.signed(), on_page().await.signed());
    assert!(!first.cookie.is_empty());
    assert_eq!(first.cookie, second.cookie);
    server.one_letter().await;
}

#[tokio::test]
async fn a_stolen_access_token_repeats_no_change_without_key_and_passwords() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    change(&server, &owner.access, NEW).await.ok();
    let without = json!({ "current_password": PASSWORD, "new_password": NEW });
    let draft = || server.post("change-password").bearer(&owner.access);
    draft().json(&without).await.problem("password_changed");
    draft().json(&without).header(HEADER, OTHER_KEY).await.problem("password_changed");
    change(&server, &owner.access, "another new password").await.problem("password_changed");
    let wrong = json!({ "current_password": "a wrong password", "new_password": NEW });
    draft().json(&wrong).header(HEADER, KEY).await.problem("password_changed");
    draft().json(&json!({})).header(HEADER, KEY).await.problem("password_changed");
    // Somebody else's access token with everything else right.
    server.sign_up("thief@example.com").await;
    let thief = server.sign_in("thief@example.com").await;
    let answer = change(&server, &thief.access, NEW).await.signed();
    assert_ne!(answer.claim("sub"), owner.claim("sub"), "it is a change of its own");
    // Past its time it is no proof of anything.
    server.advance(Duration::from_secs(3600 + 61));
    change(&server, &owner.access, NEW).await.problem("token_expired");
    assert_eq!(server.deliver_mail().await.len(), 2);
}

#[tokio::test]
async fn a_change_is_not_answered_again_when_its_session_is_over() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let changed = change(&server, &owner.access, NEW).await.signed();
    server.sign_out(Body(&changed.refresh)).await.ok();
    change(&server, &owner.access, NEW).await.problem("password_changed");
    server.one_letter().await;
}

/// Makes opening a session fail as long as it is on: a crash between the two writes of a change, as its client sees it.
struct Closed(AtomicBool);

#[async_trait]
impl StoreWatcher for Closed {
    async fn before(&self, method: &'static str, _: Option<&MailOrder>) {
        if method == "open_session" && self.0.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    fn after(&self, _: &'static str, _: &dyn Any) {}
}

#[tokio::test]
async fn a_change_that_was_cut_off_before_its_session_is_finished_by_the_retry() {
    let closed = Arc::new(Closed(AtomicBool::new(false)));
    let watcher = Arc::clone(&closed);
    let watch = move |service: &mut app::service::Service| {
        service.store = Arc::new(WatchedStore::new(Arc::clone(&service.store), watcher));
    };
    let server = TestServer::with(Setup::default().change(watch)).await;
    let owner = server.owner().await;
    closed.0.store(true, Ordering::SeqCst);
    let changed = async {
        while count(&server, "password_changed").await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = changed => {}
        answer = change(&server, &owner.access, NEW).into_future() => panic!("{answer:?}"),
    }
    closed.0.store(false, Ordering::SeqCst);
    let answered = change(&server, &owner.access, NEW).await.signed();
    server.get("me").bearer(&answered.access).await.ok();
    assert_eq!(count(&server, "password_changed").await, 1);
    server.one_letter().await;
}

#[tokio::test]
async fn one_key_with_another_body_is_refused_at_every_call_that_takes_one() {
    let server = TestServer::start().await;
    sign_up(&server, OWNER, PASSWORD).await.ok();
    for (email, password) in [(OWNER, "another password"), ("other@example.com", PASSWORD)] {
        let answer = sign_up(&server, email, password).await;
        answer.problem("idempotency_key_reused");
        assert_eq!(answer.status, 422);
    }
    forgot(&server, OWNER).await.ok();
    forgot(&server, "other@example.com").await.problem("idempotency_key_reused");
    let redirect = json!({ "email": OWNER, "redirect_to": "https://platform.minbil.no/reset-password" });
    let elsewhere = server.post("forgot-password").json(&redirect).header(HEADER, KEY);
    elsewhere.await.problem("idempotency_key_reused");
    let owner = server.sign_in(OWNER).await;
    let changed = change(&server, &owner.access, NEW).await.signed();
    change(&server, &changed.access, "another new password").await.problem("idempotency_key_reused");
    assert_eq!(server.deliver_mail().await.len(), 2);
    assert_eq!(server.event_names().await.len(), 5, "{:?}", server.event_names().await);
}

#[tokio::test]
async fn a_key_counts_in_its_namespace_and_for_its_call_alone() {
    let mut server = TestServer::start().await;
    server.ignore_mail();
    sign_up(&server, OWNER, PASSWORD).await.ok();
    let body = json!({ "email": "other@example.com", "password": PASSWORD });
    server.ws.post("sign-up").json(&body).header(HEADER, KEY).await.ok();
    forgot(&server, "somebody@example.com").await.ok();
}

#[tokio::test]
async fn of_calls_at_once_one_runs_and_the_others_are_told_to_wait() {
    let server = TestServer::start().await;
    let in_use = |answers: &[Answer]| {
        let late: Vec<_> = answers.iter().filter(|answer| answer.status == 409).collect();
        for answer in &late {
            answer.problem("idempotency_key_in_use");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        late.len()
    };
    let answers =
        futures_util::future::join_all((0..10).map(|_| sign_up(&server, OWNER, PASSWORD).into_future()))
            .await;
    assert_eq!((in_use(&answers), answers.iter().filter(|answer| answer.status == 201).count()), (9, 1));
    let answers = futures_util::future::join_all((0..10).map(|_| forgot(&server, OWNER).into_future())).await;
    assert_eq!((in_use(&answers), answers.iter().filter(|answer| answer.status == 200).count()), (9, 1));
    let access = server.sign_in(OWNER).await.access;
    let answers =
        futures_util::future::join_all((0..10).map(|_| change(&server, &access, NEW).into_future())).await;
    assert_eq!((in_use(&answers), answers.iter().filter(|answer| answer.status == 200).count()), (9, 1));
    assert_eq!(server.deliver_mail().await.len(), 2);
    for event in ["sign_up", "forgot_password", "password_changed"] {
        assert_eq!(count(&server, event).await, 1, "{event}");
    }
}

#[tokio::test]
async fn a_malformed_key_is_refused_by_its_name_before_anything_happens() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    let drafts = || {
        let change = change(&server, &owner.access, NEW);
        [sign_up(&server, "other@example.com", PASSWORD), forgot(&server, OWNER), change]
    };
    for bad in
        [&b""[..], b"short", b"\"8e03978e-40d5-43dd", b"two words of some length", &[b'a'; 256], b"\xff"]
    {
        for draft in drafts() {
            let answer = draft.instead(HEADER, bad).await;
            assert_eq!(
                (answer.status, answer.field_errors()),
                (400, vec!["Idempotency-Key:malformed".to_owned()])
            );
        }
    }
    for draft in drafts() {
        assert_eq!(draft.header(HEADER, OTHER_KEY).await.field_errors(), ["Idempotency-Key:malformed"]);
    }
    // A call that takes none does not look.
    server.get("me").bearer(&owner.access).header(HEADER, "short").await.ok();
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn a_call_is_remembered_for_a_day_or_as_long_as_the_server_is_told() {
    for (hours, kept) in [(None, DAY), (Some(2), DAY / 12)] {
        let setup = hours
            .map_or_else(Setup::default, |hours| Setup::default().with("IDEMPOTENCY__KEEP_HOURS", hours));
        let server = TestServer::with(setup).await;
        forgot(&server, OWNER).await.ok();
        server.advance(kept - Duration::from_secs(1));
        forgot(&server, OWNER).await.ok();
        assert_eq!(count(&server, "forgot_password").await, 1);
        server.advance(Duration::from_secs(1));
        forgot(&server, OWNER).await.ok();
        assert_eq!(count(&server, "forgot_password").await, 2);
        assert!(server.deliver_mail().await.is_empty());
    }
}

#[tokio::test]
async fn a_call_without_a_key_happens_each_time() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        server.forgot(OWNER).await.ok();
    }
    assert_eq!(count(&server, "forgot_password").await, 2);
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn a_retry_survives_a_restart() {
    let server = TestServer::start().await;
    let first = sign_up(&server, OWNER, PASSWORD).await;
    let server = server.restart(&[]).await;
    assert_eq!(told(&sign_up(&server, OWNER, PASSWORD).await), told(&first));
}

/// ASVS 14.2.6: neither the key, nor the body, nor what would let somebody try passwords against it.
#[tokio::test]
async fn neither_key_nor_body_nor_token_is_written_anywhere() {
    let server = TestServer::start().await;
    sign_up(&server, OWNER, PASSWORD).await.ok();
    let owner = server.sign_in(OWNER).await;
    let changed = change(&server, &owner.access, NEW).await.signed();
    server.one_letter().await;
    let mut stored = Vec::new();
    for file in ["minbil-auth.db", "minbil-auth.db-wal"] {
        stored.extend(std::fs::read(server.data_dir().join(file)).unwrap_or_default());
    }
    let is_there = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(is_there("signed_up") && is_there("password_changed"));
    for secret in [KEY, PASSWORD, NEW, &changed.access, &changed.refresh] {
        assert!(!is_there(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_document_describes_the_header_where_it_counts() {
    let server = TestServer::start().await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut with_key = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for call in methods.as_object().unwrap().values() {
            let parameters = call["parameters"].as_array().into_iter().flatten();
            if parameters.clone().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header") {
                with_key.push(path.rsplit('/').next().unwrap().to_owned());
            }
        }
    }
    with_key.sort();
    with_key.dedup();
    assert_eq!(with_key, ["change-password", "forgot-password", "sign-up"]);
}
