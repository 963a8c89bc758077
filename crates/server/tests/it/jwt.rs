//! Access tokens that somebody made or altered. (The crate `crypto` tries many more; these come over HTTP.)

use crate::harness::{OWNER, TestServer, claims_of};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// Every call that takes an access token refuses this one.
async fn refused(server: &TestServer, token: &str) {
    for draft in [server.get("me"), server.get("sessions"), server.post("refresh"), server.post("sign-out")] {
        let answer = draft.bearer(token).await;
        assert_eq!(answer.status, 401, "{token}");
        answer.problem("invalid_token");
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

#[tokio::test]
async fn asvs_9_1_2_a_token_without_a_signature_is_none() {
    let server = TestServer::start().await;
    let token = server.owner().await.access;
    let payload = part(&claims_of(&token));
    let signature = token.split('.').nth(2).unwrap();
    for algorithm in ["none", "None", "NONE", "nOnE", "", "ES384", "RS256", "HS256"] {
        let mut header = header_of(&token);
        header["alg"] = json!(algorithm);
        for end in ["", signature] {
            refused(&server, &format!("{}.{payload}.{end}", part(&header))).await;
        }
        refused(&server, &format!("{}.{payload}", part(&header))).await;
    }
    server.me(&token).await.ok();
}

#[tokio::test]
async fn cve_2024_37568_our_public_key_is_no_shared_secret() {
    let server = TestServer::start().await;
    let token = server.owner().await.access;
    let key = server.fetch("/api/co/.well-known/jwks.json").await.ok()["keys"][0].clone();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    // SubjectPublicKeyInfo of a P-256 key (RFC 5480).
    let der = [
        &b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"[..],
        &point,
    ]
    .concat();
    let base64 = STANDARD.encode(&der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), &der, &point, key.to_string().as_bytes(), b""] {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key["kid"].as_str().unwrap().to_owned());
        let forged = encode(&header, &claims_of(&token), &EncodingKey::from_secret(secret)).unwrap();
        refused(&server, &forged).await;
    }
}

#[tokio::test]
async fn asvs_9_1_3_a_key_that_the_token_brings_along_is_not_used() {
    let (server, foreign) = (TestServer::start().await, TestServer::start().await);
    let (mine, theirs) = (server.owner().await.access, foreign.owner().await.access);
    let foreign_key = foreign.fetch("/api/co/.well-known/jwks.json").await.ok()["keys"][0].clone();
    refused(&server, &theirs).await;
    let parts: Vec<_> = theirs.split('.').collect();
    for (name, value) in [
        ("jwk", foreign_key.clone()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/x5u")),
        ("x5c", json!(["MIIB"])),
        ("kid", header_of(&mine)["kid"].clone()),
        ("kid", json!("../../root.key")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("")),
        ("kid", json!(1)),
        ("crit", json!(["exp"])),
        ("typ", json!("JWT")),
    ] {
        let mut header = header_of(&theirs);
        header[name] = value;
        refused(&server, &format!("{}.{}.{}", part(&header), parts[1], parts[2])).await;
    }
}

#[tokio::test]
async fn asvs_9_1_1_every_altered_claim_breaks_the_signature() {
    let server = TestServer::start().await;
    server.sign_up("other@example.com").await;
    let token = server.owner().await.access;
    let parts: Vec<_> = token.split('.').collect();
    let other = server.user("other@example.com").await.id.to_string();
    for (name, value) in [
        ("sub", json!(other)),
        ("exp", json!(4_000_000_000_u64)),
        ("exp", json!("4000000000")),
        ("exp", Value::Null),
        ("gen", json!(1)),
        ("slot", json!("cookie")),
        ("aud", json!(["https://api.example.com/api/co"])),
        ("iss", json!("https://api.example.com/api/ws")),
        ("nbf", json!(4_000_000_000_u64)),
    ] {
        let mut claims = claims_of(&token);
        claims[name] = value;
        refused(&server, &format!("{}.{}.{}", parts[0], part(&claims), parts[2])).await;
    }
}

#[tokio::test]
async fn every_altered_byte_of_a_token_is_refused() {
    let server = TestServer::start().await;
    let token = server.owner().await.access;
    for at in 0..token.len() {
        let other = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        server.me(&altered).await.problem("invalid_token");
    }
    for near in [format!("{token}="), format!("{token}."), format!(".{token}"), format!("{token}A")] {
        server.me(&near).await.problem("invalid_token");
    }
    for cut in 1..token.len() {
        server.me(&token[..cut]).await.problem("invalid_token");
    }
    assert_eq!(server.me(&token).await.ok()["user"]["email"], OWNER);
}

#[tokio::test]
async fn cve_2025_30204_a_header_of_nothing_but_dots_is_refused_at_once() {
    let server = TestServer::start().await;
    for text in [".".repeat(30_000), "a.".repeat(15_000), "e30.e30.".repeat(3_000), "mbr1_".repeat(6_000)] {
        refused(&server, &text).await;
        let beyond_any_call = text.repeat(40);
        server.get("me").bearer(&beyond_any_call).await.problem("headers_too_large");
    }
}
