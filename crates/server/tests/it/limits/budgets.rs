//! How much there is of each, alike for every address.

use super::{assert_limited, guess, limited, stranger};
use crate::harness::{APP, OWNER, PASSWORD, Setup, TestServer};
use domain::account::AccountStatus;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn asvs_6_3_1_ten_guesses_from_one_address_and_then_one_every_twelve_seconds() {
    let server = limited().await;
    for number in 0..10 {
        guess(&server, &format!("nobody{number}@example.com"), stranger(1))
            .await
            .problem("invalid_credentials");
    }
    let refused = guess(&server, "nobody@example.com", stranger(1)).await;
    assert_limited(&refused, "sign-in-address", 12);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"sign-in-address\";q=10;w=120"));
    guess(&server, "nobody@example.com", stranger(2)).await.problem("invalid_credentials");
    server.advance(Duration::from_secs(12));
    guess(&server, "nobody@example.com", stranger(1)).await.problem("invalid_credentials");
    guess(&server, "nobody@example.com", stranger(1)).await.problem("rate_limited");
}

#[tokio::test]
async fn asvs_6_3_8_the_account_limit_comes_at_the_same_attempt_with_the_same_bytes_for_everybody() {
    let server = limited().await;
    server.sign_up("disabled@example.com").await;
    server.set_status("disabled@example.com", AccountStatus::Disabled).await;
    let mut seen = BTreeSet::new();
    for (number, email) in [OWNER, "disabled@example.com", "nobody@example.com"].into_iter().enumerate() {
        let from = |n: u32| stranger(1000 * u32::try_from(number).unwrap() + n);
        for n in 0..10 {
            guess(&server, email, from(n)).await.problem("invalid_credentials");
        }
        let refused = guess(&server, email, from(10)).await;
        assert_limited(&refused, "sign-in-account", 30);
        seen.insert(refused.bytes_but_request_id());
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
}

#[tokio::test]
async fn cve_2025_24806_every_spelling_of_an_address_is_one_row_of_failures() {
    let server = limited().await;
    for (n, email) in
        ["Owner@Example.com", " owner@example.com ", "OWNER@EXAMPLE.COM"].iter().cycle().take(10).enumerate()
    {
        guess(&server, email, stranger(u32::try_from(n).unwrap())).await.problem("invalid_credentials");
    }
    assert_limited(&guess(&server, OWNER, stranger(99)).await, "sign-in-account", 30);
    // The other namespace's account of that address is another.
    guess(&server.ws, OWNER, stranger(99)).await.problem("invalid_credentials");
}

#[tokio::test]
async fn nist_800_63b_the_101st_failure_in_a_row_is_refused_whatever_the_source() {
    let server = limited().await;
    let (mut failures, mut number) = (0, 0);
    while failures < 100 {
        number += 1;
        let answer = guess(&server, OWNER, stranger(number)).await;
        match answer.status {
            401 => failures += 1,
            _ => server.advance(Duration::from_secs(answer.header("retry-after").unwrap().parse().unwrap())),
        }
    }
    server.advance(Duration::from_secs(3600));
    assert_limited(&guess(&server, OWNER, stranger(5000)).await, "sign-in-account", 23 * 3600);
    // Even the right password does not pass from a device that nobody knows.
    server.try_sign_in(OWNER, PASSWORD).await.problem("rate_limited");
    server.advance(Duration::from_secs(23 * 3600));
    server.sign_in(OWNER).await;
}

#[tokio::test]
async fn a_right_password_costs_nothing_and_ends_the_row() {
    let server = limited().await;
    for _ in 0..40 {
        server.sign_in(OWNER).await;
    }
    for round in 0..3 {
        for n in 0..9 {
            guess(&server, OWNER, stranger(10 * round + n)).await.problem("invalid_credentials");
        }
        server.sign_in(OWNER).await;
        assert!(server.one_letter().await.subject.contains("after wrong passwords"));
    }
}

#[tokio::test]
async fn a_refused_attempt_never_reaches_the_hash_and_writes_nothing() {
    let server = limited().await;
    for n in 0..10 {
        guess(&server, OWNER, stranger(n)).await.problem("invalid_credentials");
    }
    let before = server.writes();
    guess(&server, OWNER, stranger(50)).await.problem("rate_limited");
    assert_eq!(server.writes(), before);
    // Nor does it cost its network address anything.
    for _ in 0..30 {
        guess(&server, OWNER, stranger(50)).await.problem("rate_limited");
    }
    guess(&server, "nobody@example.com", stranger(50)).await.problem("invalid_credentials");
}

#[tokio::test]
async fn three_sign_ups_an_hour_from_one_address_taken_or_not() {
    let server = TestServer::with(Setup::default().limited()).await;
    let body = |email: &str| json!({ "email": email, "password": PASSWORD });
    let sign_up = async |email: &str| server.post("sign-up").json(&body(email)).from(stranger(1)).await;
    assert_eq!(sign_up(OWNER).await.status, 201);
    sign_up(OWNER).await.problem("email_taken");
    // What is not even tried costs nothing.
    for _ in 0..5 {
        assert_eq!(sign_up("not an address").await.field_errors(), ["email:malformed"]);
    }
    assert_eq!(sign_up("other@example.com").await.status, 201);
    assert_limited(&sign_up("third@example.com").await, "sign-up-address", 1200);
    assert_limited(&sign_up(OWNER).await, "sign-up-address", 1200);
    server.advance(Duration::from_secs(1200));
    assert_eq!(sign_up("third@example.com").await.status, 201);
}

#[tokio::test]
async fn ten_reset_mails_from_one_address_and_a_refused_one_is_charged_to_nobody() {
    let server = limited().await;
    let forgot = async |email: &str, from| {
        server.post("forgot-password").json(&json!({ "email": email })).from(from).await
    };
    for n in 0..10 {
        forgot(&format!("nobody{n}@example.com"), stranger(1)).await.ok();
    }
    assert_limited(&forgot(OWNER, stranger(1)).await, "forgot-password-address", 360);
    for _ in 0..3 {
        forgot(OWNER, stranger(2)).await.ok();
    }
    assert_limited(&forgot(OWNER, stranger(2)).await, "forgot-password", 3600);
    assert_eq!(server.deliver_mail().await.len(), 3);
}

#[tokio::test]
async fn a_namespace_has_a_brake_on_all_mail_that_strangers_order() {
    let setup = Setup::default().with("LIMITS__MAIL_NAMESPACE_BURST", 5);
    let server = TestServer::with(setup).await;
    for n in 0..5 {
        server.forgot(&format!("nobody{n}@example.com")).await.ok();
    }
    assert_limited(&server.forgot("nobody9@example.com").await, "namespace-mail", 1);
    server.ws.forgot("nobody9@example.com").await.ok();
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn ten_wrong_reset_tokens_from_one_address_and_a_right_one_costs_nothing() {
    let server = limited().await;
    let reset = async |token: &str, from| {
        let body = json!({ "token": token, "password": "another horse battery" });
        server.post("reset-password").json(&body).from(from).await
    };
    let token = server.reset_token(OWNER).await;
    for _ in 0..10 {
        reset("mbp1_x", stranger(1)).await.problem("reset_token_invalid");
    }
    assert_limited(&reset(&token, stranger(1)).await, "reset-address", 6);
    reset(&token, stranger(2)).await.ok();
    for _ in 0..10 {
        reset("mbp1_x", stranger(2)).await.problem("reset_token_invalid");
    }
    assert_eq!(server.deliver_mail().await.len(), 1, "the notice");
}

#[tokio::test]
async fn a_stolen_access_token_buys_no_more_guesses_at_the_password() {
    let server = limited().await;
    let owner = server.sign_in(OWNER).await;
    for _ in 0..10 {
        server.change(&owner.access, WRONG, "a new password 1").await.problem("current_password_wrong");
    }
    assert_limited(&server.change(&owner.access, PASSWORD, "a new password 1").await, "current-password", 6);
    server.advance(Duration::from_secs(6));
    server.change(&owner.access, PASSWORD, "a new password 1").await.ok();
    assert_eq!(server.deliver_mail().await.len(), 1, "the notice");
}

use super::WRONG;

#[tokio::test]
async fn a_refresh_that_could_succeed_is_never_refused_for_those_that_could_not() {
    let server = TestServer::with(Setup::default().limited().with("LIMITS__REFRESH_ADDRESS_BURST", 20)).await;
    let mut owner = server.owner().await;
    let ended = server.sign_in(OWNER).await;
    server.post("sign-out").bearer(&ended.access).await.ok();
    let refresh = async |token: &str| server.post("refresh").json(&json!({ "refresh_token": token })).await;
    for _ in 0..20 {
        refresh("mbr1_x").await.problem("invalid_token");
    }
    for _ in 0..100 {
        assert_limited(&refresh("mbr1_x").await, "refresh-address", 1);
        owner = refresh(&owner.refresh).await.signed();
        refresh(&ended.refresh).await.problem("session_revoked");
    }
}

#[tokio::test]
async fn a_page_of_the_namespace_may_read_when_to_come_back() {
    let server = limited().await;
    for _ in 0..10 {
        guess(&server, OWNER, stranger(1)).await.problem("invalid_credentials");
    }
    let body = json!({ "email": OWNER, "password": WRONG });
    let answer = server.post("sign-in").json(&body).from(stranger(1)).header("origin", APP).await;
    assert_limited(&answer, "sign-in-address", 12);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
        assert!(exposed.split(',').any(|one| one.trim() == name), "{exposed}");
    }
}

#[tokio::test]
async fn cve_2025_64102_every_public_call_that_could_be_worth_trying_is_limited() {
    let setup = Setup::default().change(|service| {
        service.limiter = std::sync::Arc::new(crate::harness::BrokenLimiter);
        service.address_limiter = std::sync::Arc::new(crate::harness::BrokenLimiter);
    });
    let server = TestServer::with(setup).await;
    let body = json!({ "email": OWNER, "password": PASSWORD, "token": "mbp1_x" });
    for call in
        ["sign-in", "sign-up", "forgot-password", "reset-password", "verify-email", "resend-verification"]
    {
        // No counter, no answer: it fails closed.
        server.post(call).json(&body).await.problem("service_unavailable");
    }
    assert!(server.event_names().await.is_empty());
}

#[tokio::test]
async fn limits_that_are_off_are_all_off() {
    let server = TestServer::with(Setup::default().limited().with("LIMITS__ENABLED", "false")).await;
    server.sign_up(OWNER).await;
    for _ in 0..150 {
        guess(&server, OWNER, stranger(1)).await.problem("invalid_credentials");
    }
    for n in 0..20 {
        server.sign_up(&format!("user{n}@example.com")).await;
        server.forgot(OWNER).await.ok();
    }
    let mut server = server;
    server.ignore_mail();
}

#[tokio::test]
async fn in_development_nothing_is_counted_by_address_and_accounts_still_are() {
    let server = TestServer::with(Setup::development().limited()).await;
    for n in 0..20 {
        server.sign_up(&format!("user{n}@example.com")).await;
    }
    for n in 0..20 {
        guess(&server, &format!("user{n}@example.com"), stranger(1)).await.problem("invalid_credentials");
    }
    for _ in 0..9 {
        guess(&server, "user0@example.com", stranger(1)).await.problem("invalid_credentials");
    }
    assert_limited(&guess(&server, "user0@example.com", stranger(1)).await, "sign-in-account", 30);
}
