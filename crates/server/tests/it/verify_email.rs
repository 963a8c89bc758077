//! `POST verify-email` and `POST resend-verification`

mod in_secret;

use crate::harness::{BASE, EVIL, OWNER, PASSWORD, Setup, TestServer};
use crate::limits::{assert_limited, stranger};
use app::ports::mailer::Delivery;
use axum::http::Method;
use domain::account::AccountStatus;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const NEW: &str = "violin-4711-Arkade";
/// All of one length.
const VERIFIED: &str = "older@example.com";
const DISABLED: &str = "other@example.com";
const NOBODY: &str = "elsie@example.com";

/// Asks for a verification mail and takes the token out of it.
async fn proof(server: &TestServer, email: &str) -> String {
    assert_eq!(server.resend(email).await.status, 202);
    let letter = server.one_letter().await;
    assert_eq!(letter.to, email);
    letter.token()
}

#[tokio::test]
async fn a_link_proves_the_address_once_and_changes_nothing_else() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let before = server.user(OWNER).await;
    let token = proof(&server, OWNER).await;
    let answer = server.verify(&token).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"message":"Email address verified."}"#));
    assert!(answer.cookies().is_empty(), "ASVS 7.6.2: a link signs nobody in");
    let after = server.user(OWNER).await;
    assert!(after.email_verified && !before.email_verified);
    assert_eq!(after.credential_epoch, before.credential_epoch);
    assert_eq!(server.me(&signed.access).await.ok()["user"]["email_verified"], true);
    let again = server.verify(&token).await;
    assert_eq!(again.status, 400);
    again.problem("verification_token_invalid");
    let events = server.event_names().await;
    assert_eq!(events, ["sign_up", "sign_in", "resend_verification", "email_verified"]);
}

#[tokio::test]
async fn asvs_7_6_2_a_scanner_that_opens_the_link_consumes_nothing() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.resend(OWNER).await;
    let link = server.one_letter().await.link();
    let (page, token) = link.split_once("#token=").unwrap();
    assert_eq!(page, format!("{BASE}/verify-email/co"));
    for method in [Method::GET, Method::HEAD] {
        let path = page.strip_prefix(BASE).unwrap();
        assert_eq!(server.call(method.clone(), path).await.status, 200);
        let call = format!("{}?token={token}", server.path("verify-email"));
        assert_eq!(server.call(method, &call).await.status, 405);
    }
    assert!(!server.user(OWNER).await.email_verified);
    server.verify(token).await.ok();
}

#[tokio::test]
async fn a_link_works_as_long_as_is_configured_to_the_millisecond() {
    for (hours, setup) in
        [(24, Setup::default()), (3, Setup::default().with("MAIL__VERIFICATION_VALID_HOURS", 3))]
    {
        let server = TestServer::with(setup).await;
        server.sign_up(OWNER).await;
        // Waiting in the outbox does not count.
        server.resend(OWNER).await;
        server.advance(Duration::from_hours(5));
        let token = server.one_letter().await.token();
        server.advance(Duration::from_hours(hours));
        let late = server.verify(&token).await;
        assert_eq!(late.status, 400);
        late.problem("verification_token_expired");
        server.clock.turn_back(Duration::from_millis(1));
        server.verify(&token).await.ok();
    }
}

#[tokio::test]
async fn the_newest_link_voids_the_older_ones() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let older = proof(&server, OWNER).await;
    server.advance(Duration::from_secs(1));
    let newer = proof(&server, OWNER).await;
    server.verify(&older).await.problem("verification_token_invalid");
    server.verify(&newer).await.ok();
}

#[tokio::test]
async fn every_change_of_the_credential_voids_the_link() {
    let mut server = TestServer::start().await;
    let signed = server.owner().await;
    let token = proof(&server, OWNER).await;
    server.change(&signed.access, PASSWORD, NEW).await.ok();
    server.verify(&token).await.problem("verification_token_invalid");
    assert_eq!(server.deliver_mail().await.len(), 1, "the notice");
    let token = proof(&server, OWNER).await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    server.verify(&token).await.problem("verification_token_invalid");
    server.set_status(OWNER, AccountStatus::Active).await;
    server.verify(&token).await.problem("verification_token_invalid");
    server.advance(Duration::from_hours(3));
    let token = proof(&server, OWNER).await;
    server.delete_account(OWNER).await;
    server.sign_up(OWNER).await;
    server.verify(&token).await.problem("verification_token_invalid");
    server.ignore_mail();
}

#[tokio::test]
async fn cve_2023_26481_a_token_is_worth_nothing_changed_or_elsewhere() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.ws.sign_up(OWNER).await;
    let token = proof(&server, OWNER).await;
    server.ws.verify(&token).await.problem("verification_token_invalid");
    for at in (5..token.len()).step_by(3) {
        let mut bent = token.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        server.verify(&String::from_utf8(bent).unwrap()).await.problem("verification_token_invalid");
    }
    let reset = server.reset_token(OWNER).await;
    server.verify(&reset).await.problem("verification_token_invalid");
    server.reset(&token, NEW).await.problem("reset_token_invalid");
    assert!(!server.user(OWNER).await.email_verified);
    server.verify(&token).await.ok();
}

#[tokio::test]
async fn asvs_6_3_8_asking_again_says_nothing_of_anybody() {
    let server = TestServer::start().await;
    for email in [OWNER, VERIFIED, DISABLED] {
        server.sign_up(email).await;
    }
    server.set_status(DISABLED, AccountStatus::Disabled).await;
    let token = proof(&server, VERIFIED).await;
    server.verify(&token).await.ok();
    let mut answers = BTreeSet::new();
    for email in [OWNER, VERIFIED, DISABLED, NOBODY] {
        let answer = server.resend(email).await;
        assert_eq!(answer.status, 202, "{email}");
        answers.insert(answer.bytes_but_request_id());
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(server.one_letter().await.to, OWNER, "nobody else waits for a proof");
}

#[tokio::test]
async fn a_link_leads_where_the_configuration_lets_it_and_never_where_a_header_says() {
    const PAGE: &str = "https://platform.minbil.no/confirm";
    let server = TestServer::with(Setup::default().with("NAMESPACES__CO__VERIFY_REDIRECT_TO", PAGE)).await;
    server.sign_up(OWNER).await;
    let ask = async |target: &str| {
        let body = json!({ "email": OWNER, "redirect_to": target });
        server.post("resend-verification").json(&body).header("x-forwarded-host", "evil.example").await
    };
    assert_eq!(ask(PAGE).await.status, 202);
    let link = server.one_letter().await.link();
    assert!(link.starts_with(&format!("{PAGE}#token=mbv1_")), "{link}");
    for target in [
        EVIL,
        "https://platform.minbil.no/confirm/",
        "https://platform.minbil.no/reset-password",
        &format!("{BASE}/reset-password/co"),
    ] {
        let refused = ask(target).await;
        assert_eq!(refused.status, 400, "{target}");
        refused.problem("redirect_not_allowed");
    }
    assert_eq!(ask(&format!("{BASE}/verify-email/co")).await.status, 202);
    let link = server.one_letter().await.link();
    assert!(link.starts_with(&format!("{BASE}/verify-email/co#token=")), "{link}");
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_and_its_resend_both_work() {
    for used in 0..2 {
        let server = TestServer::start().await;
        server.sign_up(OWNER).await;
        server.resend(OWNER).await;
        let reason = "the connection broke".to_owned();
        server.mail_server_answers(Delivery::Failed {
            is_permanent: false,
            may_have_reached_data: true,
            reason,
        });
        let first = server.one_letter().await;
        server.advance(Duration::from_secs(10));
        let second = server.one_letter().await;
        assert_eq!(first.id, second.id);
        server.verify(&[first, second][used].token()).await.ok();
    }
}

#[tokio::test]
async fn asking_again_is_limited_like_asking_for_a_reset_and_apart_from_it() {
    let server = TestServer::with(Setup::default().limited()).await;
    server.sign_up(OWNER).await;
    let resend = async |email: &str, from: u32| {
        server.post("resend-verification").json(&json!({ "email": email })).from(stranger(from)).await
    };
    for n in 0..10 {
        assert_eq!(resend(&format!("nobody{n}@example.com"), 1).await.status, 202);
    }
    assert_limited(&resend(OWNER, 1).await, "verification-address", 360);
    for email in [OWNER, NOBODY] {
        for _ in 0..3 {
            assert_eq!(resend(email, 2).await.status, 202);
        }
        assert_limited(&resend(email, 2).await, "verification", 3600);
    }
    server.forgot(OWNER).await.ok();
    assert_eq!(server.deliver_mail().await.len(), 4, "three proofs and a reset link");
}

#[tokio::test]
async fn wrong_tokens_are_counted_with_those_of_resets() {
    let server = TestServer::with(Setup::default().limited()).await;
    server.sign_up(OWNER).await;
    let token = proof(&server, OWNER).await;
    for _ in 0..10 {
        server.verify("mbv1_x").await.problem("verification_token_invalid");
    }
    assert_limited(&server.verify(&token).await, "reset-address", 6);
    server.advance(Duration::from_secs(6));
    server.verify(&token).await.ok();
}
