//! The forms in which a refresh arrives, and those in which it must not.

use crate::harness::Credential::{Body, Cookie};
use crate::harness::{OWNER, TestServer};
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn no_body_and_an_empty_object_are_right_with_every_content_type_that_the_snippets_send() {
    let server = TestServer::start().await;
    let mut token = server.owner().await.refresh;
    for number in 0..6 {
        let draft = server.post("refresh").bearer(&token);
        let draft = match number {
            0 => draft,
            1 => draft.header("content-type", "application/json"),
            2 => draft.json(&json!({})),
            3 => draft.header("content-type", "application/x-www-form-urlencoded"),
            4 => draft.raw("application/json; charset=utf-8", "{}"),
            _ => draft.json(&json!({ "refresh_token": null, "unknown": [1] })),
        };
        token = draft.await.signed().refresh;
    }
}

#[tokio::test]
async fn asvs_3_5_2_a_body_that_is_not_json_is_415_and_changes_nothing() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let text = json!({ "refresh_token": page.refresh }).to_string();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", ""] {
        for draft in [server.post("refresh"), server.post("refresh").cookie(&page.cookie)] {
            let answer = draft.raw(content_type, text.clone()).await;
            assert_eq!(answer.status, 415);
            answer.problem("unsupported_media_type");
        }
    }
    server.post("refresh").bare(text).await.problem("unsupported_media_type");
    assert_eq!(server.refresh(Body(&page.refresh)).await.signed().claim("gen"), 1);
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn a_refresh_token_that_is_not_a_string_is_said_to_be_wrong() {
    let server = TestServer::start().await;
    for value in [json!(1), json!(true), json!(["mbr1_x"]), json!({ "a": 1 })] {
        let answer = server.post("refresh").json(&json!({ "refresh_token": value })).await;
        assert_eq!(answer.field_errors(), ["refresh_token:wrong_type"]);
    }
    let long = server.post("refresh").json(&json!({ "refresh_token": "x".repeat(4097) })).await;
    assert_eq!(long.field_errors(), ["refresh_token:too_long"]);
    server.refresh(Body("")).await.problem("invalid_token");
}

#[tokio::test]
async fn asvs_3_5_3_other_methods_are_405_and_change_nothing() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
        let draft = server.post("refresh").method(method).presenting(Body(&page.refresh));
        let answer = draft.cookie(&page.cookie).bearer(&page.access).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(server.refresh(Body(&page.refresh)).await.signed().claim("gen"), 1);
    assert_eq!(server.refresh(Cookie(&page.cookie)).await.signed().claim("gen"), 1);
}

#[tokio::test]
async fn asvs_14_2_1_a_token_in_the_query_is_no_credential() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    for (name, token) in [("refresh_token", &owner.refresh), ("access_token", &owner.access)] {
        let path = format!("{}?{name}={token}", server.path("refresh"));
        server.call(Method::POST, &path).await.problem("credentials_missing");
        let path = format!("{}?{name}={token}", server.path("me"));
        server.fetch(&path).await.problem("credentials_missing");
    }
}

#[tokio::test]
async fn asvs_7_2_2_an_api_key_names_an_application_and_nobody() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    server.post("refresh").header("x-api-key", &owner.refresh).await.problem("credentials_missing");
    server.get("me").header("x-api-key", &owner.access).await.problem("credentials_missing");
    let answer = server.post("refresh").header("x-api-key", "app-1").presenting(Body(&owner.refresh)).await;
    answer.ok();
    server.sign_in(OWNER).await;
}
