//! `GET .well-known/jwks.json`, and what another implementation makes of our tokens.

use crate::harness::{EVIL, OWNER, Setup, TestServer};
use app::rotate_signing_keys::maintain;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::time::Duration;

const CO: &str = "/api/co/.well-known/jwks.json";
const WS: &str = "/api/ws/.well-known/jwks.json";
const DAY: Duration = Duration::from_hours(24);

/// Verifies a token as a resource server does that has only the key set.
fn verify(
    token: &str,
    keys: &Value,
    namespace: &str,
    algorithm: Algorithm,
) -> jsonwebtoken::errors::Result<Value> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let header = decode_header(token)?;
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let key =
        keys.find(header.kid.as_deref().unwrap()).ok_or(jsonwebtoken::errors::ErrorKind::InvalidToken)?;
    let mut validation = Validation::new(algorithm);
    let issuer = format!("https://api.example.com/api/{namespace}");
    validation.set_issuer(&[&issuer]);
    validation.set_audience(&[&issuer]);
    // The library takes the time from the machine, and these tests have a clock of their own.
    validation.validate_exp = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation).map(|token| token.claims)
}

#[tokio::test]
async fn anybody_may_read_the_public_keys_and_verify_with_them() {
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let answer = server.fetch(CO).header("origin", EVIL).await;
    let keys = answer.ok();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let claims = verify(&signed.access, &keys, "co", Algorithm::ES256).unwrap();
    assert_eq!(claims["sub"], server.user(OWNER).await.id.to_string());
}

#[tokio::test]
async fn nothing_private_is_published() {
    for (algorithm, kind) in [("ES256", "EC"), ("EdDSA", "OKP")] {
        let server = TestServer::with(Setup::default().with("KEYS__ALGORITHM", algorithm)).await;
        let keys = server.fetch(CO).await.ok();
        for key in keys["keys"].as_array().unwrap() {
            assert_eq!(
                (&key["kty"], &key["alg"], &key["use"]),
                (&json!(kind), &json!(algorithm), &json!("sig"))
            );
            for private in ["d", "k", "p", "q", "dp", "dq", "qi"] {
                assert!(key.get(private).is_none(), "{key}");
            }
        }
        assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_shared_secret_is_never_in_a_key_set() {
    let server = TestServer::with(Setup::default().with("KEYS__ALGORITHM", "HS256")).await;
    let signed = server.owner().await;
    assert_eq!(decode_header(&signed.access).unwrap().alg, Algorithm::HS256);
    server.me(&signed.access).await.ok();
    assert_eq!(server.fetch(CO).await.ok(), json!({ "keys": [] }));
}

#[tokio::test]
async fn asvs_9_2_3_each_namespace_has_keys_an_issuer_and_an_audience_of_its_own() {
    let server = TestServer::start().await;
    let (co, ws) = (server.co.owner().await, server.ws.owner().await);
    let (co_keys, ws_keys) = (server.fetch(CO).await.ok(), server.fetch(WS).await.ok());
    assert_ne!(co_keys["keys"][0]["kid"], ws_keys["keys"][0]["kid"]);
    verify(&co.access, &co_keys, "co", Algorithm::ES256).unwrap();
    verify(&ws.access, &ws_keys, "ws", Algorithm::ES256).unwrap();
    assert!(verify(&co.access, &ws_keys, "ws", Algorithm::ES256).is_err());
    assert!(verify(&co.access, &co_keys, "ws", Algorithm::ES256).is_err());
    server.fetch("/api/xx/.well-known/jwks.json").await.problem("not_found");
}

#[tokio::test]
async fn a_key_is_published_a_day_before_it_signs_and_stays_while_its_tokens_live() {
    let setup = Setup::default().with("NAMESPACES__CO__NEW_DEVICE_MAILS", false);
    let server = TestServer::with(setup).await;
    let step = async |span: Duration| {
        server.advance(span);
        maintain(&server.service, server.settings.key_rotation).await.unwrap();
        let keys = server.fetch(CO).await.ok()["keys"].as_array().unwrap().clone();
        let signed = server.sign_in(OWNER).await;
        let kid = decode_header(&signed.access).unwrap().kid.unwrap();
        let kids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
        (kids, kid, signed)
    };
    server.sign_up(OWNER).await;
    let (first, kid, _) = step(Duration::ZERO).await;
    assert_eq!(first, std::slice::from_ref(&kid));
    let (published, signer, _) = step(89 * DAY).await;
    assert_eq!((published.len(), &signer), (2, &kid), "published, and not at work yet");
    let (_, signer, last_of_old) = step(DAY - Duration::from_millis(1)).await;
    assert_eq!(signer, kid);
    let (_, signer, _) = step(Duration::from_millis(1)).await;
    assert_ne!(signer, kid);
    assert!(published.contains(&signer));
    server.me(&last_of_old.access).await.ok();
    let (kids, ..) = step(DAY).await;
    assert!(kids.contains(&kid), "an expired token may still sign out");
    let (kids, ..) = step(Duration::from_hours(2)).await;
    assert!(!kids.contains(&kid));
    server.me(&last_of_old.access).await.problem("invalid_token");
}

#[tokio::test]
async fn a_restart_keeps_the_keys_and_the_sessions() {
    let server = TestServer::start().await;
    let signed = server.owner_on_page().await;
    let keys = server.fetch(CO).await.text();
    let server = server.restart(&[("PASSWORDS__THREADS", "1")]).await;
    assert_eq!(server.fetch(CO).await.text(), keys);
    server.me(&signed.access).await.ok();
    server.refresh(crate::harness::Credential::Cookie(&signed.cookie)).await.ok();
}

#[tokio::test]
async fn a_changed_algorithm_takes_effect_at_the_next_rotation() {
    let setup = Setup::default().with("NAMESPACES__CO__NEW_DEVICE_MAILS", false);
    let server = TestServer::with(setup).await;
    let old = server.owner().await;
    let server = server.restart(&[("KEYS__ALGORITHM", "EdDSA"), ("PASSWORDS__THREADS", "1")]).await;
    server.me(&old.access).await.ok();
    assert_eq!(decode_header(&server.sign_in(OWNER).await.access).unwrap().alg, Algorithm::ES256);
    server.advance(90 * DAY);
    maintain(&server.service, server.settings.key_rotation).await.unwrap();
    server.advance(DAY);
    let new = server.sign_in(OWNER).await;
    let keys = server.fetch(CO).await.ok();
    verify(&new.access, &keys, "co", Algorithm::EdDSA).unwrap();
    server.me(&new.access).await.ok();
}
