//! `POST sign-up`

use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test]
async fn an_account_is_made_and_its_id_told() {
    let server = TestServer::start().await;
    let answer = server.post("sign-up").json(&json!({ "email": OWNER, "password": PASSWORD })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let id = server.user(OWNER).await.id;
    assert_eq!(answer.text(), format!(r#"{{"message":"Registration successful.","uid":"{id}"}}"#));
    assert!(answer.cookies().is_empty(), "signing up signs nobody in");
    assert_eq!(server.event_names().await, ["sign_up"]);
}

#[tokio::test]
async fn a_taken_address_is_409_in_any_spelling_and_the_account_stays() {
    let server = TestServer::start().await;
    server.sign_up("owner@example.com").await;
    for email in ["owner@example.com", "OWNER@EXAMPLE.COM", " owner@Example.com ", "owner@ｅxample.com"] {
        let body = json!({ "email": email, "password": "another password" });
        let answer = server.post("sign-up").json(&body).await;
        assert_eq!(answer.status, 409, "{email}");
        answer.problem("email_taken");
    }
    server.sign_in(OWNER).await;
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}

#[tokio::test]
async fn the_same_address_is_two_people_in_two_namespaces() {
    let server = TestServer::start().await;
    let (co, ws) = (server.co.sign_up(OWNER).await, server.ws.sign_up_with(OWNER, "workshop password").await);
    assert_ne!(co, ws);
    server.ws.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
    server.co.try_sign_in(OWNER, "workshop password").await.problem("invalid_credentials");
    server.ws.try_sign_in(OWNER, "workshop password").await.ok();
}

#[tokio::test]
async fn asvs_6_3_2_a_fresh_server_has_no_accounts() {
    let server = TestServer::start().await;
    for namespace in server.settings.namespaces.keys() {
        assert_eq!(server.service.store.list_accounts(namespace, None, 10).await.unwrap(), []);
    }
    for (email, password) in [("admin@example.com", "admin"), ("owner@minbil.io", "StrongPass123!")] {
        server.try_sign_in(email, password).await.problem("invalid_credentials");
    }
}

#[tokio::test]
async fn asvs_6_2_1_a_password_has_eight_to_256_characters() {
    let server = TestServer::start().await;
    let car = "🚗";
    for (number, (length, outcome)) in
        [(0, "missing"), (1, "too_short"), (7, "too_short"), (8, ""), (64, ""), (256, ""), (257, "too_long")]
            .into_iter()
            .enumerate()
    {
        for (kind, letter) in ["a", "å", car].into_iter().enumerate() {
            let (email, password) = (format!("n{number}k{kind}@example.com"), letter.repeat(length));
            let answer = server.post("sign-up").json(&json!({ "email": email, "password": password })).await;
            if outcome.is_empty() {
                answer.ok();
                server.try_sign_in(&email, &password).await.ok();
            } else {
                assert_eq!(answer.field_errors(), [format!("password:{outcome}")]);
            }
        }
    }
}

#[tokio::test]
async fn asvs_6_2_5_no_kind_of_character_is_asked_for() {
    let server = TestServer::start().await;
    for (number, password) in
        ["alllowercase", "        ", "40718293", " leading and trailing ", "tab\tand\nnewline", "nul\0inside"]
            .into_iter()
            .enumerate()
    {
        let email = format!("owner{number}@example.com");
        server.sign_up_with(&email, password).await;
        server.try_sign_in(&email, password).await.ok();
        if password.trim() != password {
            assert_ne!(server.try_sign_in(&email, password.trim()).await.status, 200, "never trimmed");
        }
    }
}

#[tokio::test]
async fn a_namespace_may_ask_for_more() {
    let server = TestServer::with(Setup::default().with("NAMESPACES__WS__PASSWORD_MIN", 15)).await;
    let body = json!({ "email": OWNER, "password": "14 characters." });
    let answer = server.ws.post("sign-up").json(&body).await;
    assert_eq!(answer.field_errors(), ["password:too_short"]);
    assert_eq!(answer.json()["errors"][0]["message"], "A password has at least 15 characters.");
    assert_eq!(server.co.post("sign-up").json(&body).await.status, 201);
    server.ws.sign_up_with(OWNER, "15 characters..").await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_no_value_is_repeated() {
    let server = TestServer::start().await;
    let body = json!({ "email": "not-an-address-7f3a", "password": "s3cr3t!" });
    let answer = server.post("sign-up").json(&body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.field_errors(), ["email:malformed", "password:too_short"]);
    assert!(!answer.text().contains("7f3a") && !answer.text().contains("s3cr3t"), "{}", answer.text());
    for error in answer.json()["errors"].as_array().unwrap() {
        assert!(error["message"].as_str().unwrap().ends_with('.'), "{error}");
    }
    let none = server.post("sign-up").json(&json!({})).await;
    assert_eq!(none.field_errors(), ["email:missing", "password:missing"]);
    let null = server.post("sign-up").json(&json!({ "email": null, "password": null })).await;
    assert_eq!(null.field_errors(), ["email:missing", "password:missing"]);
    let types = server.post("sign-up").json(&json!({ "email": 1, "password": ["a"] })).await;
    assert_eq!(types.field_errors(), ["email:wrong_type", "password:wrong_type"]);
}

#[tokio::test]
async fn cve_2022_35924_only_one_plain_mailbox_is_an_address() {
    let server = TestServer::start().await;
    for email in [
        "owner",
        "@example.com",
        "owner@",
        "a@b@example.com",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a@example.com b@example.com",
        "Owner <owner@example.com>",
        "\"owner\"@example.com",
        "\"a\r\nBcc: b@example.com\"@example.com",
        "owner@example.com\r\nBcc: b@example.com",
        "owner@example.com\0",
        "ow\0ner@example.com",
        "owner(comment)@example.com",
        "owner@[192.0.2.1]",
        "owner@192.0.2.1",
        "owner@localhost",
        "owner@example..com",
        ".owner@example.com",
        "owner.@example.com",
        "ow..ner@example.com",
        "owner＠example.com",
        "owner﹫example.com",
        "owner%40example.com",
        "øwner@example.com",
        "\u{212a}@example.com",
        "own\u{0131}@example.com",
        "owner@-example.com",
        "owner@exa_mple.com",
        "owner@xn--example-.org",
        "mailto:owner@example.com@x",
    ] {
        let answer = server.post("sign-up").json(&json!({ "email": email, "password": PASSWORD })).await;
        assert_eq!(answer.field_errors(), ["email:malformed"], "{email:?}");
    }
    let long = format!("owner@{}.com", "a.".repeat(130));
    let answer = server.post("sign-up").json(&json!({ "email": long, "password": PASSWORD })).await;
    assert_eq!(answer.field_errors(), ["email:too_long"]);
    assert!(server.event_names().await.is_empty());
}

#[tokio::test]
async fn asvs_1_1_1_an_address_is_taken_literally() {
    let server = TestServer::start().await;
    for email in ["a%40b.c@example.com", "o'brien@example.com", "{{7*7}}@example.com", "a+b=c@example.com"] {
        server.sign_up(email).await;
        assert_eq!(server.user(email).await.email.as_str(), email);
    }
    server.sign_up("owner@blåbær.no").await;
    assert_eq!(server.user("owner@blåbær.no").await.email.as_str(), "owner@xn--blbr-roah.no");
}

#[tokio::test]
async fn asvs_1_2_4_a_statement_in_a_field_is_only_text() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for text in ["' OR '1'='1", "'; DROP TABLE users; --", "\" OR \"\"=\"", "1) UNION SELECT 1 --", "%", "_"]
    {
        let email = format!("{}@example.com", text.replace([' ', '"', ';', ')', ','], ""));
        let answer = server.post("sign-in").json(&json!({ "email": email, "password": text })).await;
        assert!(matches!(answer.status, 400 | 401), "{text}");
        server.try_sign_in(OWNER, text).await.problem("invalid_credentials");
    }
    server.sign_in(OWNER).await;
    server.one_letter().await;
}

#[tokio::test]
async fn asvs_8_2_3_fields_that_are_not_the_clients_to_set_are_ignored() {
    let server = TestServer::start().await;
    let body = json!({
        "email": OWNER, "password": PASSWORD, "email_verified": true, "id": "00000000-0000-0000-0000-000000000000",
        "uid": "x", "status": "disabled", "namespace": "ws", "role": "admin",
    });
    let uid = server.post("sign-up").json(&body).await.ok()["uid"].clone();
    let user = server.try_sign_in(OWNER, PASSWORD).await.ok()["user"].clone();
    assert_eq!((&user["id"], &user["email_verified"]), (&uid, &json!(false)));
    server.ws.try_sign_in(OWNER, PASSWORD).await.problem("invalid_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_concurrent_sign_ups_of_one_address_one_is_made() {
    let server = TestServer::start().await;
    let mut running = JoinSet::new();
    for _ in 0..30 {
        let draft = server.post("sign-up").json(&json!({ "email": OWNER, "password": PASSWORD }));
        running.spawn(async move { draft.await.status });
    }
    let mut statuses = running.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| *status == 409), "{statuses:?}");
}
