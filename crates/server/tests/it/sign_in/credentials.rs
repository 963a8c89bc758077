//! What is a right password, and what is recorded of a wrong one.

use crate::harness::{OWNER, PASSWORD, TestServer};
use serde_json::json;

#[tokio::test]
async fn an_address_signs_in_in_any_spelling_of_its_case() {
    let server = TestServer::start().await;
    server.sign_up("Owner@Example.COM").await;
    for email in ["owner@example.com", "OWNER@example.com", " owner@EXAMPLE.com  "] {
        assert_eq!(server.try_sign_in(email, PASSWORD).await.ok()["user"]["email"], OWNER);
    }
}

#[tokio::test]
async fn asvs_6_2_8_a_password_is_verified_exactly_as_it_was_chosen() {
    let server = TestServer::start().await;
    let chosen = "Blåbær-tur på Årøya ✨";
    server.sign_up_with(OWNER, chosen).await;
    let decomposed = "Bla\u{30a}bær-tur pa\u{30a} A\u{30a}røya ✨";
    for wrong in [
        &chosen.to_lowercase(),
        &chosen.to_uppercase(),
        &format!("{chosen} "),
        &format!(" {chosen}"),
        &format!("{chosen}\0"),
        &format!("{chosen}\n"),
        &chosen[..chosen.len() - 4].to_owned(),
        &decomposed.to_owned(),
    ] {
        server.try_sign_in(OWNER, wrong).await.problem("invalid_credentials");
    }
    server.try_sign_in(OWNER, chosen).await.ok();
    server.one_letter().await;
}

#[tokio::test]
async fn cve_2025_22228_every_character_of_a_long_password_counts() {
    let server = TestServer::start().await;
    let start = "a".repeat(72);
    server.sign_up_with(OWNER, &format!("{start}right")).await;
    for wrong in [start.clone(), format!("{start}wrong"), format!("{start}right!")] {
        server.try_sign_in(OWNER, &wrong).await.problem("invalid_credentials");
    }
    server.try_sign_in(OWNER, &format!("{start}right")).await.ok();
}

#[tokio::test]
async fn a_presented_password_is_bounded_and_otherwise_only_right_or_wrong() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let errors = async |password: &str| server.try_sign_in(OWNER, password).await.field_errors();
    assert_eq!(errors("").await, ["password:missing"]);
    assert_eq!(errors(&"a".repeat(257)).await, ["password:too_long"]);
    // Shorter than anybody may choose today, yet it may have been chosen under another rule.
    server.try_sign_in(OWNER, "a").await.problem("invalid_credentials");
}

#[tokio::test]
async fn asvs_16_3_1_every_attempt_leaves_one_event_of_one_shape() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let attempt = async |email: &str, id: &str| {
        let draft = server.post("sign-in").json(&json!({ "email": email, "password": "wrong password" }));
        draft.header("x-request-id", id).await.problem("invalid_credentials");
        server.events().await.pop().unwrap()
    };
    let (known, unknown) = (attempt(OWNER, "one").await, attempt("nobody@example.com", "two").await);
    for (row, id) in [(&known, "one"), (&unknown, "two")] {
        assert_eq!(row.kind.name(), "sign_in_refused");
        assert_eq!(row.audit.request_id.as_deref(), Some(id));
        assert_eq!(row.audit.address.as_deref(), Some("192.0.2.7"));
        assert!(row.user.is_some() && row.session.is_none() && row.namespace.is_some());
    }
    assert_eq!(known.user, Some(server.user(OWNER).await.id));
    assert_ne!(known.user, unknown.user);
}

#[tokio::test]
async fn a_refused_sign_in_touches_no_session_and_no_account() {
    let server = TestServer::start().await;
    let signed = server.owner_on_page().await;
    let before = server.user(OWNER).await;
    for _ in 0..5 {
        let answer = server.try_sign_in(OWNER, "wrong password").await;
        answer.problem("invalid_credentials");
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(server.user(OWNER).await, before);
    server.me(&signed.access).await.ok();
}
