//! Nobody finds out by the answers who has an account (ASVS 6.3.8, CWE-204).

use crate::harness::{APP, EVIL, OWNER, PASSWORD, Setup, Site, TestServer};
use domain::account::AccountStatus;
use serde_json::json;
use std::collections::BTreeSet;

const WRONG: &str = "a wrong password";

/// A server where `OWNER` is active and `DISABLED` is not.
async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.sign_up(DISABLED).await;
    server.set_status(DISABLED, AccountStatus::Disabled).await;
    server
}

const DISABLED: &str = "other@example.com";
const UNKNOWN: &str = "nobody@example.com";

#[tokio::test]
async fn asvs_6_3_8_unknown_wrong_and_disabled_are_the_same_bytes() {
    let server = server().await;
    for (name, value) in [("accept", "*/*"), ("origin", APP), ("origin", EVIL), ("accept-language", "nb")] {
        let mut seen = BTreeSet::new();
        for (site, email) in [(&server.co, OWNER), (&server.co, DISABLED), (&server.co, UNKNOWN)] {
            let body = json!({ "email": email, "password": WRONG });
            let answer = site.post("sign-in").json(&body).header(name, value).await;
            answer.problem("invalid_credentials");
            assert_eq!(answer.status, 401);
            seen.insert(answer.bytes_but_request_id());
        }
        assert_eq!(seen.len(), 1, "{seen:#?}");
    }
}

#[tokio::test]
async fn every_namespace_gives_the_same_bytes() {
    let server = server().await;
    let refused = async |site: &Site, email| site.try_sign_in(email, WRONG).await.bytes_but_request_id();
    let in_co = refused(&server.co, OWNER).await;
    assert_eq!(in_co, refused(&server.ws, OWNER).await, "an account of the other namespace");
    assert_eq!(in_co, refused(&server.ws, UNKNOWN).await);
    assert_eq!(in_co, refused(&server.co, DISABLED).await);
}

#[tokio::test]
async fn the_state_of_an_account_is_told_only_to_who_knows_its_password() {
    let server = server().await;
    server.try_sign_in(DISABLED, WRONG).await.problem("invalid_credentials");
    server.try_sign_in(DISABLED, PASSWORD).await.problem("account_disabled");
}

#[tokio::test]
async fn every_attempt_is_one_hash_and_one_write_whoever_it_is_for() {
    let server = server().await;
    for email in [OWNER, DISABLED, UNKNOWN] {
        let before = server.writes();
        server.try_sign_in(email, WRONG).await.problem("invalid_credentials");
        assert_eq!(server.writes() - before, 1, "{email}");
    }
}

#[tokio::test]
async fn a_deleted_account_is_as_unknown_as_any() {
    let server = server().await;
    server.delete_account(OWNER).await;
    let (deleted, unknown) =
        (server.try_sign_in(OWNER, PASSWORD).await, server.try_sign_in(UNKNOWN, PASSWORD).await);
    deleted.problem("invalid_credentials");
    assert_eq!(deleted.bytes_but_request_id(), unknown.bytes_but_request_id());
}

#[tokio::test]
async fn forgot_password_answers_the_same_bytes_for_everybody() {
    let server = server().await;
    let mut seen = BTreeSet::new();
    for email in [OWNER, DISABLED, UNKNOWN] {
        let before = server.writes();
        let answer = server.forgot(email).await;
        assert_eq!(server.writes() - before, 1);
        seen.insert(answer.bytes_but_request_id());
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let letters = server.deliver_mail().await;
    assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [OWNER]);
}

#[tokio::test]
async fn the_limit_is_hit_after_the_same_count_and_with_the_same_bytes() {
    let server = server().await;
    let mut seen = BTreeSet::new();
    for email in [OWNER, DISABLED, UNKNOWN, "OWNER2@example.com"] {
        for _ in 0..3 {
            server.forgot(email).await.ok();
        }
        let answer = server.forgot(email).await;
        answer.problem("rate_limited");
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("3600")));
        seen.insert(answer.bytes_but_request_id());
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(server.deliver_mail().await.len(), 3);
}

#[tokio::test]
async fn cve_2025_24806_a_budget_belongs_to_an_address_in_every_spelling() {
    let server = server().await;
    for email in [OWNER, "OWNER@example.com", " Owner@Example.Com "] {
        server.forgot(email).await.ok();
    }
    server.forgot("oWNER@example.com").await.problem("rate_limited");
    // Another namespace's budget is another.
    server.ws.forgot(OWNER).await.ok();
    assert_eq!(server.deliver_mail().await.len(), 3);
}

#[tokio::test]
async fn a_redirect_that_is_not_allowed_is_refused_whether_or_not_the_account_exists() {
    let server = server().await;
    let mut seen = BTreeSet::new();
    for email in [OWNER, DISABLED, UNKNOWN] {
        let body = json!({ "email": email, "redirect_to": "https://evil.example/" });
        let answer = server.post("forgot-password").json(&body).await;
        answer.problem("redirect_not_allowed");
        seen.insert(answer.bytes_but_request_id());
    }
    assert_eq!(seen.len(), 1);
    // A refused request is charged to nobody.
    for _ in 0..3 {
        server.forgot(OWNER).await.ok();
    }
    assert_eq!(server.deliver_mail().await.len(), 3);
}

#[tokio::test]
async fn a_reset_token_of_nobody_is_like_any_that_is_not_ours() {
    let server = server().await;
    let token = server.reset_token(OWNER).await;
    let mut altered = token.clone();
    altered.replace_range(20..21, if &token[20..21] == "A" { "B" } else { "A" });
    let mut seen = BTreeSet::new();
    for text in [altered.as_str(), "mbp1_", "x", "mbr1_x"] {
        seen.insert(server.reset(text, "a new password").await.bytes_but_request_id());
    }
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn the_answers_are_alike_under_every_configuration() {
    for (key, value) in [
        ("NAMESPACES__CO__REFRESH_TOKENS_IN_BODIES", "false"),
        ("NAMESPACES__CO__SAME_SITE_IS_ALLOWED", "true"),
        ("NAMESPACES__CO__LOCALE", "nb"),
        ("LIMITS__ENABLED", "false"),
        ("KEYS__ALGORITHM", "EdDSA"),
    ] {
        let server = TestServer::with(Setup::default().with(key, value)).await;
        server.sign_up(OWNER).await;
        let (known, unknown) =
            (server.try_sign_in(OWNER, WRONG).await, server.try_sign_in(UNKNOWN, WRONG).await);
        known.problem("invalid_credentials");
        assert_eq!(known.bytes_but_request_id(), unknown.bytes_but_request_id(), "{key}");
    }
}
