//! `POST forgot-password`

mod delivery;
mod redirects;

use crate::harness::{APP, BASE, EVIL, OWNER, PASSWORD, Setup, TestServer};
use domain::account::AccountStatus;
use serde_json::json;

const TARGET: &str = "https://platform.minbil.no/reset-password";

#[tokio::test]
async fn the_answer_says_what_happens_without_saying_to_whom() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "redirect_to": TARGET });
    let answer = server.post("forgot-password").json(&body).await;
    let expected =
        r#"{"message":"If an account exists for this address, a password reset link is on its way."}"#;
    assert_eq!((answer.status, answer.text().as_str()), (200, expected));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let letter = server.one_letter().await;
    assert_eq!(letter.to, OWNER);
    assert!(
        letter.link().starts_with("https://platform.minbil.no/reset-password#token=mbp1_"),
        "{}",
        letter.link()
    );
    assert_eq!(server.event_names().await, ["sign_up", "forgot_password"]);
}

#[tokio::test]
async fn without_a_target_the_link_leads_to_the_servers_own_page() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let own = format!("{BASE}/reset-password/co");
    for body in [
        json!({ "email": OWNER }),
        json!({ "email": OWNER, "redirect_to": null }),
        json!({ "email": OWNER, "redirect_to": own }),
    ] {
        server.post("forgot-password").json(&body).await.ok();
        assert!(server.one_letter().await.link().starts_with(&format!("{own}#token=")));
    }
}

#[tokio::test]
async fn an_unknown_and_a_disabled_account_get_no_mail() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    server.set_status(OWNER, AccountStatus::Disabled).await;
    server.ws.sign_up("workshop@example.com").await;
    for email in [OWNER, "nobody@example.com", "workshop@example.com"] {
        server.forgot(email).await.ok();
    }
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn cve_2019_19844_mail_goes_to_the_stored_address_alone() {
    let server = TestServer::start().await;
    server.sign_up("mike@example.org").await;
    for email in [
        "mıke@example.org",
        "mi\u{212a}e@example.org",
        "ｍike@example.org",
        "mike@example.org,e@evil.example",
    ] {
        assert_eq!(server.forgot(email).await.field_errors(), ["email:malformed"], "{email}");
    }
    server.forgot("MIKE@EXAMPLE.ORG").await.ok();
    assert_eq!(server.one_letter().await.to, "mike@example.org");
}

#[tokio::test]
async fn what_is_wrong_with_the_fields_is_said_and_nothing_is_ordered() {
    let server = TestServer::start().await;
    let errors = async |body| server.post("forgot-password").json(&body).await.field_errors();
    assert_eq!(errors(json!({})).await, ["email:missing"]);
    assert_eq!(errors(json!({ "email": ["a@example.com"] })).await, ["email:wrong_type"]);
    assert_eq!(errors(json!({ "email": OWNER, "redirect_to": 1 })).await, ["redirect_to:wrong_type"]);
    let long = format!("{TARGET}?{}", "x".repeat(600));
    assert_eq!(errors(json!({ "email": OWNER, "redirect_to": long })).await, ["redirect_to:too_long"]);
    let both = json!({ "email": "x", "redirect_to": true });
    assert_eq!(errors(both).await, ["email:malformed", "redirect_to:wrong_type"]);
    assert!(server.event_names().await.is_empty());
}

#[tokio::test]
async fn ghsa_3529_5m8x_rpv3_no_header_of_a_request_reaches_a_link() {
    let server = TestServer::start().await;
    let mut expected = None;
    for (number, (name, value)) in [
        ("accept", "*/*"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-proto", "https://evil.example/"),
        ("x-forwarded-port", "8080"),
        ("x-forwarded-prefix", "/evil"),
        ("x_forwarded_host", "evil.example"),
        ("x-original-host", "evil.example"),
        ("x-original-url", "https://evil.example/"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", EVIL),
        ("origin", APP),
        ("referer", "https://evil.example/reset-password/co"),
        ("host", "evil.example"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("owner{number}@example.com");
        server.sign_up(&email).await;
        let draft = server.post("forgot-password").json(&json!({ "email": email })).instead(name, value);
        draft.await.ok();
        let letter = server.one_letter().await;
        let base = letter.link().split_once('#').unwrap().0.to_owned();
        assert_eq!(base, *expected.get_or_insert_with(|| format!("{BASE}/reset-password/co")), "{name}");
        for part in [&letter.subject, &letter.text, &letter.html] {
            assert!(!part.contains("evil"), "{name}: {part}");
        }
    }
}

#[tokio::test]
async fn the_mail_is_in_the_language_that_the_client_asks_for() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for (accept, language) in
        [("nb-NO,nb;q=0.9,en;q=0.8", "lang=\"nb\""), ("de,en;q=0.1", "lang=\"en\""), ("fr", "lang=\"en\"")]
    {
        let draft = server.post("forgot-password").json(&json!({ "email": OWNER }));
        draft.header("accept-language", accept).await.ok();
        let letter = server.one_letter().await;
        assert!(letter.html.contains(language), "{accept}: {}", letter.html);
    }
}

#[tokio::test]
async fn the_budget_comes_back_with_time() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for _ in 0..3 {
        server.forgot(OWNER).await.ok();
    }
    server.advance(std::time::Duration::from_mins(50));
    let refused = server.forgot(OWNER).await;
    refused.problem("rate_limited");
    assert_eq!(refused.header("retry-after"), Some("600"));
    server.advance(std::time::Duration::from_mins(10));
    server.forgot(OWNER).await.ok();
    server.forgot(OWNER).await.problem("rate_limited");
    assert_eq!(server.deliver_mail().await.len(), 3, "of four orders one is too many live links");
}

#[tokio::test]
async fn up_to_three_links_live_at_once_and_each_works() {
    for used in 0..3 {
        let server = TestServer::with(Setup::default().with("LIMITS__ENABLED", "false")).await;
        server.sign_up(OWNER).await;
        for _ in 0..6 {
            server.forgot(OWNER).await.ok();
        }
        let letters = server.deliver_mail().await;
        assert_eq!(letters.len(), 3, "a stranger who keeps asking breaks no link and sends no more");
        server.reset(&letters[used].token(), "a new password").await.ok();
        for letter in &letters {
            server.reset(&letter.token(), "yet another one").await.problem("reset_token_invalid");
        }
        server.try_sign_in(OWNER, "a new password").await.ok();
        server.one_letter().await;
    }
}

#[tokio::test]
async fn cve_2026_26273_no_answer_ever_shows_a_token() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let asked = server.forgot(OWNER).await;
    let token = server.one_letter().await.token();
    let wrong = server.reset(&token, "short").await;
    let page = server.fetch("/reset-password/co").await;
    let inbox = server.fetch("/dev/inbox.json").await;
    assert_eq!(inbox.status, 404, "production has no inbox");
    let done = server.reset(&token, "a new password").await;
    let again = server.reset(&token, "a new password").await;
    for answer in [asked, wrong, page, inbox, done, again] {
        let headers = format!("{:?}", answer.headers);
        assert!(!answer.text().contains(&token[..20]) && !headers.contains(&token[..20]), "{answer:?}");
    }
    server.one_letter().await;
}

#[tokio::test]
async fn a_request_for_a_mail_changes_nothing_about_the_account() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let before = server.user(OWNER).await;
    server.forgot(OWNER).await.ok();
    server.one_letter().await;
    assert_eq!(server.user(OWNER).await, before);
    server.me(&signed.access).await.ok();
    server.try_sign_in(OWNER, PASSWORD).await.ok();
}
