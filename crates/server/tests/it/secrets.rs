//! Nothing that lets somebody in is written anywhere but into the answer and the mail it belongs in.

use crate::harness::Credential::{Bearer, Body, Cookie};
use crate::harness::{APP, BrokenLimiter, Setup, TestServer, record_log};
use app::ports::password_hasher::SealedPassword;
use app::ports::store::SetPassword;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::account::AccountStatus;
use domain::api_key::ApiKeyName;
use domain::namespace::NamespaceName;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use testkit::builders::set_password;

pub(crate) const EMAIL: &str = "canary@example.com";
pub(crate) const PASSWORDS: [&str; 4] = [
    "canary-first-password-8d1f",
    "canary-wrong-password-77ab",
    "canary-reset-password-0c3e",
    "canary-third-password-5e21",
];

/// Everything secret that a whole life of an account brings up.
async fn journey(server: &TestServer) -> Vec<String> {
    let [first, wrong, reset, third] = PASSWORDS;
    let mut secrets: Vec<_> = PASSWORDS.map(str::to_owned).to_vec();
    server.sign_up_with(EMAIL, first).await;
    server.try_sign_in(EMAIL, wrong).await.problem("invalid_credentials");
    server.try_sign_in("nobody@example.com", wrong).await.problem("invalid_credentials");
    let draft = server.post("sign-in").json(&json!({ "email": EMAIL, "password": first }));
    let api_key = api_key(server).await;
    let page = draft.header("origin", APP).header("x-api-key", &api_key).await.signed();
    let mistyped = format!("{}?", &api_key[..api_key.len() - 1]);
    server.get("me").header("x-api-key", &mistyped).await.problem("api_key_invalid");
    secrets.push(api_key);
    secrets.extend([page.access.clone(), page.refresh.clone(), page.cookie.clone()]);
    for credential in
        [Body(&page.refresh), Bearer(&page.access), Cookie(&page.cookie), Body("mbr1_canary-not-genuine")]
    {
        let answer = server.refresh(credential).await;
        if answer.status == 200 {
            let signed = answer.signed();
            secrets.extend([signed.access, signed.refresh, signed.cookie]);
        }
    }
    server.advance(Duration::from_mins(2));
    server.refresh(Body(&page.refresh)).await.problem("refresh_reused");
    server.forgot(EMAIL).await.ok();
    for letter in server.deliver_mail().await.iter().filter(|letter| letter.text.contains("#token=")) {
        secrets.push(letter.token());
        server.reset(&letter.token(), wrong).await.ok();
        server.reset(&letter.token(), reset).await.problem("reset_token_invalid");
    }
    let again = server.try_sign_in(EMAIL, wrong).await.signed();
    let changed = server.change(&again.access, wrong, third).await.signed();
    secrets.extend([again.access, again.refresh, changed.access.clone(), changed.refresh.clone()]);
    // Secrets in places where they do not belong.
    server.fetch(&format!("/canary?access_token={}", changed.access)).await.problem("not_found");
    server.fetch(&format!("/api/co/auth/sessions/{}", changed.refresh)).await.problem("method_not_allowed");
    server
        .post("sign-in")
        .raw("application/json", format!("{{\"password\":\"{third}\""))
        .await
        .problem("malformed_json");
    server.post("sign-in").json(&json!({ "email": third, "password": 1 })).await.problem("validation_failed");
    server.post("refresh").header("x-request-id", &changed.refresh).await.problem("credentials_missing");
    server.get("me").header("user-agent", &changed.refresh).await.problem("credentials_missing");
    server.sign_out(Body(&changed.refresh)).await.ok();
    server.set_status(EMAIL, AccountStatus::Disabled).await;
    server.try_sign_in(EMAIL, third).await.problem("account_disabled");
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

/// A key of an application.
async fn api_key(server: &TestServer) -> String {
    let namespace = &server.service.namespaces[&NamespaceName::parse("co").unwrap()];
    let name = ApiKeyName::parse("canary").unwrap();
    let issued = app::operate_api_key::create(&server.service, namespace, name, None).await.unwrap().unwrap();
    issued.text.expose().to_owned()
}

/// The secret itself, and every part of a token that would do for the whole.
fn parts(secret: &str) -> Vec<String> {
    let mut parts = vec![secret.to_owned()];
    parts.extend(secret.split('.').filter(|part| secret.contains('.') && part.len() > 60).map(str::to_owned));
    if secret.starts_with("mb") {
        parts.push(secret[secret.len() - 40..].to_owned());
    }
    parts
}

fn assert_clean(place: &str, bytes: &[u8], secrets: &[String]) {
    for secret in secrets.iter().flat_map(|secret| parts(secret)) {
        let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_there, "{secret} is in {place}");
    }
}

#[tokio::test]
async fn asvs_16_2_5_no_secret_is_in_a_log_a_metric_an_event_or_the_database() {
    let log = record_log();
    let server = TestServer::start().await;
    let secrets = journey(&server).await;
    assert!(secrets.len() > 15);
    let text = log.text();
    assert!(text.contains("/api/{ns}/auth/reset-password"), "the log was heard");
    assert_clean("the log", text.as_bytes(), &secrets);
    assert_clean("the metrics", server.metrics_text().await.as_bytes(), &secrets);
    assert_clean("the events", format!("{:?}", server.events().await).as_bytes(), &secrets);
    let orders = server.service.store.list_mail(true, 100).await.unwrap();
    assert_clean("the outbox", format!("{orders:?}").as_bytes(), &secrets);
    let mut files = 0;
    for entry in std::fs::read_dir(server.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_clean(&path.display().to_string(), &std::fs::read(&path).unwrap(), &secrets);
        files += 1;
    }
    assert!(files >= 2, "the database and its write-ahead log");
    assert_eq!(server.deliver_mail().await.len(), 2, "the notices of the reset and of the change");
}

/// The scan that every test ends with can fail: a secret is put into each place that it looks at, in each form that it knows.
#[tokio::test]
async fn asvs_16_2_5_a_secret_that_is_written_down_is_found_in_every_place_and_form() {
    let mut server = TestServer::start().await;
    server.expect_leaks();
    let password = "a secret for the scan \u{e6}";
    server.sign_up_with(EMAIL, password).await;
    let signed = server.try_sign_in(EMAIL, password).await.signed();
    assert_eq!(server.leaks(), [""; 0]);
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let base64 = |text: &str, before: &str| STANDARD.encode(format!("{before}{text} and more"));
    for (number, leak) in [
        signed.refresh.clone(),
        signed.access.clone(),
        signed.refresh[signed.refresh.len() - 40..].to_owned(),
        hex(&signed.refresh),
        hex(password).to_uppercase(),
        base64(&signed.access, ""),
        base64(&signed.refresh, "x"),
        base64(password, "xx"),
        URL_SAFE_NO_PAD.encode(password),
    ]
    .into_iter()
    .enumerate()
    {
        let file = server.data_dir().join("leak");
        std::fs::write(&file, format!("{number} {leak} {number}")).unwrap();
        assert!(!server.leaks().is_empty(), "leak {number} in a file: {leak}");
        std::fs::remove_file(file).unwrap();
        assert_eq!(server.leaks(), [""; 0]);
    }
    let user = server.user(EMAIL).await;
    let password = SealedPassword(password.to_owned());
    let change = SetPassword { password, notice: None, ..set_password(&user) };
    server.service.store.set_password(change).await.unwrap();
    assert!(
        server.leaks().iter().any(|leak| leak.contains("minbil-auth.db")),
        "in the database: {:?}",
        server.leaks()
    );
    tracing::info!("somebody logs {}", signed.access);
    assert!(server.leaks().iter().any(|leak| leak.ends_with("in the log")));
}

#[tokio::test]
async fn no_event_names_a_mailbox() {
    let server = TestServer::start().await;
    journey(&server).await;
    let events = format!("{:?}", server.events().await);
    assert!(!events.contains("canary@") && !events.contains("nobody@"), "{events}");
    assert_eq!(server.deliver_mail().await.len(), 2);
}

#[tokio::test]
async fn a_failure_is_logged_without_what_it_was_asked() {
    let log = record_log();
    let setup = Setup::default().change(|service| service.limiter = Arc::new(BrokenLimiter));
    let server = TestServer::with(setup).await;
    let body = json!({ "email": "canary-failure@example.com", "redirect_to": "https://platform.minbil.no/reset-password" });
    server
        .post("forgot-password")
        .json(&body)
        .header("x-request-id", "canary-failure-id")
        .await
        .problem("service_unavailable");
    let lines = log.lines_with("canary-failure-id");
    assert!(lines.iter().any(|line| line.contains("does not answer")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("canary-failure@")), "{lines:?}");
}

#[tokio::test]
async fn asvs_16_4_1_no_request_writes_a_line_of_its_own() {
    let log = record_log();
    let server = TestServer::start().await;
    for text in
        ["canary-inject%0d%0aERROR forged", "canary-inject\t\u{9b}31m", "canary-inject\",\"level\":\"ERROR"]
    {
        let path = format!("/{}", text.replace([' ', '"', '\t', '\u{9b}'], "%20"));
        server
            .fetch(&path)
            .header("user-agent", text)
            .header("x-request-id", text)
            .await
            .problem("not_found");
        server
            .post("sign-in")
            .json(&json!({ "email": text, "password": text }))
            .await
            .problem("validation_failed");
    }
    assert!(log.lines_with("canary-inject").is_empty(), "{:?}", log.lines_with("canary-inject"));
    assert!(log.lines_with("forged").is_empty());
}

#[tokio::test]
async fn asvs_16_3_2_every_refusal_leaves_one_line_with_its_id_and_status() {
    let log = record_log();
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let evil = server.post("refresh").cookie(&page.cookie).header("origin", crate::harness::EVIL);
    for (number, draft, status) in [
        (1, server.get("me"), 401),
        (2, server.get("me").bearer("eyJhbGciOiJub25lIn0.e30."), 401),
        (3, evil, 403),
        (4, server.post("sign-in").json(&json!({ "email": EMAIL, "password": "wrong" })), 401),
        (5, server.post("sign-in").json(&json!({})), 400),
        (6, server.fetch("/nothing"), 404),
    ] {
        let id = format!("refusal-line-{number}");
        assert_eq!(draft.header("x-request-id", &id).await.status, status);
        let lines = log.lines_with(&id);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(&format!("status={status}")), "{}", lines[0]);
    }
}
