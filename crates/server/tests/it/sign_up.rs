//! `POST sign-up`

use crate::harness::{OWNER, PASSWORD, TestServer};
use serde_json::json;

#[tokio::test]
async fn an_account_is_made_and_its_id_told() {
    let server = TestServer::start().await;
    let answer = server.post("sign-up").json(&json!({ "email": OWNER, "password": PASSWORD })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["message"], "Registration successful.");
    let id = server.user(OWNER).await.id.to_string();
    assert_eq!(body, json!({ "message": "Registration successful.", "uid": id }));
    assert!(answer.cookies().is_empty(), "signing up signs nobody in");
    assert_eq!(server.event_names().await, ["sign_up"]);
}

#[tokio::test]
async fn a_taken_address_is_409_in_any_spelling_and_the_account_stays() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for email in [OWNER, "OWNER@EXAMPLE.COM", " owner@Example.com "] {
        let body = json!({ "email": email, "password": "another password" });
        let answer = server.post("sign-up").json(&body).await;
        assert_eq!(answer.status, 409);
        answer.problem("email_taken");
    }
    server.sign_in(OWNER).await;
    assert_eq!(server.event_names().await, ["sign_up", "sign_in"]);
}
