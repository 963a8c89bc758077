//! A namespace that insists on proved addresses tells nobody but the mailbox who has an account.

use super::{NEW, NOBODY};
use crate::harness::{Answer, BASE, OWNER, PASSWORD, Setup, TestServer};
use crate::limits::assert_limited;
use app::ports::store::AccountKey;
use domain::ids::UserId;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const THEIRS: &str = "what the stranger chose";

async fn required() -> TestServer {
    TestServer::with(Setup::default().with("NAMESPACES__CO__EMAIL_VERIFICATION", "required")).await
}

/// Signs up, opens the mail and clicks.
async fn verified(server: &TestServer, email: &str) {
    server.sign_up(email).await;
    let token = server.one_letter().await.token();
    server.verify(&token).await.ok();
}

async fn sign_up(server: &TestServer, email: &str, password: &str) -> Answer {
    server.post("sign-up").json(&json!({ "email": email, "password": password })).await
}

/// An answer without what is random in it.
fn but_the_id(answer: &Answer) -> String {
    let uid = answer.json()["uid"].as_str().unwrap().to_owned();
    answer.bytes_but_request_id().replace(&uid, "uid")
}

#[tokio::test]
async fn asvs_6_3_8_a_taken_address_signs_up_like_a_free_one_and_its_owner_is_told() {
    let server = required().await;
    verified(&server, OWNER).await;
    let before = server.user(OWNER).await;
    let (taken, free) = (sign_up(&server, OWNER, THEIRS).await, sign_up(&server, NOBODY, THEIRS).await);
    assert_eq!((taken.status, free.status), (201, 201));
    assert_eq!(but_the_id(&taken), but_the_id(&free));
    let uid: uuid::Uuid = taken.json()["uid"].as_str().unwrap().parse().unwrap();
    assert_eq!(uid.get_version_num(), 7, "of the same form");
    let key = AccountKey::Id(UserId::new(uid));
    assert!(server.service.store.find_account(&before.namespace, &key).await.unwrap().is_none());
    assert_eq!(server.user(OWNER).await, before);
    server.try_sign_in(OWNER, PASSWORD).await.ok();
    let letters = server.deliver_mail().await;
    let [to_owner, to_new] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((to_owner.to.as_str(), to_new.to.as_str()), (OWNER, NOBODY));
    assert!(to_owner.text.contains(&format!("{BASE}/reset-password/co\n")), "{}", to_owner.text);
    assert!(!to_owner.text.contains("token="), "{}", to_owner.text);
    assert!(to_new.link().starts_with(&format!("{BASE}/verify-email/co#token=")));
}

#[tokio::test]
async fn asvs_6_3_8_signing_up_and_then_in_tells_nothing_either() {
    let server = required().await;
    verified(&server, OWNER).await;
    let mut answers = Vec::new();
    for email in [OWNER, NOBODY] {
        assert_eq!(sign_up(&server, email, THEIRS).await.status, 201);
        let answer = server.try_sign_in(email, THEIRS).await;
        answer.problem("invalid_credentials");
        answers.push(answer.bytes_but_request_id());
        answers.push(server.resend(email).await.bytes_but_request_id());
    }
    assert_eq!(answers[..2], answers[2..]);
    let mut server = server;
    server.ignore_mail();
}

/// A repeat under one `Idempotency-Key` must neither do the second thing nor tell that the first was another: for a free address
/// the repeat finds it taken.
#[tokio::test]
async fn asvs_6_3_8_a_sign_up_that_is_repeated_under_its_key_tells_nothing_and_happens_once() {
    let server = required().await;
    verified(&server, OWNER).await;
    let owner = server.user(OWNER).await;
    let events = server.event_names().await.len();
    let mut refusals = Vec::new();
    for (email, event) in [(OWNER, "sign_up_taken"), (NOBODY, "sign_up")] {
        let key = format!("a key for the sign-up of {email}").replace(' ', "-");
        let ask = |email: &str, password: &str| {
            let body = json!({ "email": email, "password": password });
            server.post("sign-up").json(&body).header("idempotency-key", &key)
        };
        let first = ask(email, THEIRS).await;
        assert_eq!(first.status, 201);
        // More often than a mailbox may be written to.
        for _ in 0..5 {
            assert_eq!(ask(email, THEIRS).await.bytes_but_request_id(), first.bytes_but_request_id());
        }
        for (email, password) in [(email, PASSWORD), ("third@example.com", THEIRS)] {
            let answer = ask(email, password).await;
            answer.problem("idempotency_key_reused");
            assert_eq!(answer.status, 422);
            refusals.push(answer.bytes_but_request_id());
        }
        assert_eq!(server.one_letter().await.to, email);
        assert_eq!(server.event_names().await.last(), Some(&event));
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    assert_eq!(server.event_names().await.len(), events + 2);
    let accounts = server.service.store.list_accounts(&owner.namespace, None, 10).await.unwrap();
    let addresses: BTreeSet<_> = accounts.iter().map(|user| user.email.as_str()).collect();
    assert_eq!(addresses, BTreeSet::from([OWNER, NOBODY]));
    assert_eq!(server.user(OWNER).await, owner);
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn an_account_signs_in_once_its_address_is_proved_and_not_before() {
    let server = required().await;
    server.sign_up(OWNER).await;
    let token = server.one_letter().await.token();
    server.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    server.verify(&token).await.ok();
    let signed = server.sign_in(OWNER).await;
    assert_eq!(server.me(&signed.access).await.ok()["user"]["email_verified"], true);
    let events = server.event_names().await;
    assert_eq!(events, ["sign_up", "sign_in_refused", "email_verified", "sign_in"]);
}

/// Whoever signs up first with somebody's address gets nothing by it.
#[tokio::test]
async fn cve_2024_38351_a_stranger_who_was_first_is_out_when_the_owner_resets_the_password() {
    let server = TestServer::start().await;
    server.sign_up_with(OWNER, THEIRS).await;
    let stranger = server.try_sign_in(OWNER, THEIRS).await.signed();
    let token = server.reset_token(OWNER).await;
    server.reset(&token, NEW).await.ok();
    server.me(&stranger.access).await.problem("password_changed");
    server.refresh(crate::harness::Credential::Body(&stranger.refresh)).await.problem("password_changed");
    server.try_sign_in(OWNER, THEIRS).await.problem("invalid_credentials");
    assert!(server.user(OWNER).await.email_verified, "the reset proved it");
    server.try_sign_in(OWNER, NEW).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn cve_2026_44166_an_account_that_nobody_proved_does_not_lock_the_owner_out() {
    let server = required().await;
    server.sign_up_with(OWNER, THEIRS).await;
    let strangers = server.one_letter().await.token();
    // The owner signs up as if nothing had happened, and is told the way.
    server.sign_up(OWNER).await;
    let letter = server.one_letter().await;
    assert!(letter.text.contains(&format!("{BASE}/reset-password/co")), "{}", letter.text);
    server.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    let token = server.reset_token(OWNER).await;
    server.reset(&token, NEW).await.ok();
    server.try_sign_in(OWNER, NEW).await.ok();
    server.try_sign_in(OWNER, THEIRS).await.problem("invalid_credentials");
    server.verify(&strangers).await.problem("verification_token_invalid");
    server.one_letter().await;
}

#[tokio::test]
async fn a_sign_up_is_charged_as_the_mail_that_it_orders() {
    let server = required().await;
    verified(&server, OWNER).await;
    for email in [OWNER, NOBODY] {
        // The owner's own sign-up was the first.
        for _ in 0..(if email == OWNER { 2 } else { 3 }) {
            assert_eq!(sign_up(&server, email, THEIRS).await.status, 201);
        }
        assert_limited(&sign_up(&server, email, THEIRS).await, "verification", 3600);
        assert_limited(&server.resend(email).await, "verification", 3600);
    }
    server.advance(Duration::from_hours(1));
    assert_eq!(server.resend(NOBODY).await.status, 202);
    assert_eq!(server.deliver_mail().await.len(), 2 + 3 + 1);
}

#[tokio::test]
async fn a_password_that_everybody_knows_is_refused_before_anybody_is_looked_up() {
    let server = required().await;
    verified(&server, OWNER).await;
    let answers = [OWNER, NOBODY].map(|email| sign_up(&server, email, "password1"));
    let [taken, free] = futures_util::future::join_all(answers).await.try_into().unwrap();
    assert_eq!(taken.field_errors(), ["password:password_blocked"]);
    assert_eq!(taken.bytes_but_request_id(), free.bytes_but_request_id());
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn other_namespaces_go_on_as_before() {
    let server = required().await;
    server.ws.sign_up(OWNER).await;
    sign_up_is_taken(&server).await;
    server.ws.sign_in(OWNER).await;
    assert!(server.deliver_mail().await.is_empty());
}

async fn sign_up_is_taken(server: &TestServer) {
    let answer = server.ws.post("sign-up").json(&json!({ "email": OWNER, "password": PASSWORD })).await;
    assert_eq!(answer.status, 409);
    answer.problem("email_taken");
}

#[tokio::test]
async fn sessions_from_before_the_switch_go_on() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let server = server.restart(&[("NAMESPACES__CO__EMAIL_VERIFICATION", "required")]).await;
    let signed = server.refresh(crate::harness::Credential::Body(&signed.refresh)).await.signed();
    server.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    server.resend(OWNER).await;
    let token = server.one_letter().await.token();
    server.verify(&token).await.ok();
    server.sign_in(OWNER).await;
    server.me(&signed.access).await.ok();
}
