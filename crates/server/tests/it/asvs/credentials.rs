//! Keys, tokens and the calls that take them.

use crate::harness::Credential::{Bearer, Body};
use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::refresh_token::RefreshToken;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

#[tokio::test]
async fn asvs_6_4_2_no_call_takes_a_hint_or_a_secret_question() {
    let server = TestServer::start().await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut fields = BTreeSet::new();
    for methods in document["paths"].as_object().unwrap().values() {
        for call in methods.as_object().unwrap().values() {
            let schema = &call["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(schema) = schema.as_str() else { continue };
            let schema = testkit::resolve(&document, schema).unwrap();
            fields.extend(schema["properties"].as_object().unwrap().keys().cloned());
        }
    }
    assert!(fields.contains("email") && fields.contains("new_password"), "{fields:?}");
    for field in fields {
        for word in ["hint", "question", "answer", "birth", "maiden", "pet", "secret"] {
            assert!(!field.contains(word), "{field}");
        }
    }
}

#[tokio::test]
async fn asvs_11_2_3_published_keys_are_of_the_curves_that_were_chosen() {
    for (algorithm, kind, curve, bytes) in [("ES256", "EC", "P-256", 32), ("EdDSA", "OKP", "Ed25519", 32)] {
        let server = TestServer::with(Setup::default().with("KEYS__ALGORITHM", algorithm)).await;
        let keys = server.fetch("/api/co/.well-known/jwks.json").await.ok()["keys"].clone();
        for key in keys.as_array().unwrap() {
            assert_eq!(
                (&key["kty"], &key["crv"], &key["alg"]),
                (&json!(kind), &json!(curve), &json!(algorithm))
            );
            assert_eq!(URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap().len(), bytes, "{key}");
        }
        let access = server.owner().await.access;
        let header = URL_SAFE_NO_PAD.decode(access.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["alg"], algorithm);
        assert_eq!(header["kid"], keys[0]["kid"]);
    }
}

#[tokio::test]
async fn asvs_11_2_5_every_bad_access_token_gets_the_same_bytes() {
    let (server, foreign) = (TestServer::start().await, TestServer::start().await);
    let page = server.owner_on_page().await;
    let parts: Vec<&str> = page.access.split('.').collect();
    let other = foreign.owner().await.access;
    let header = |alg: &str| URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "at+jwt" }).to_string());
    let last = if page.access.ends_with('A') { "Q" } else { "A" };
    let bad = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}.", header("none"), parts[1]),
        format!("{}.{}.{}", header("HS256"), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 63])),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("{}"), parts[2]),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("no json"), parts[2]),
        format!("{}{last}", &page.access[..page.access.len() - 1]),
        page.access[..page.access.len() - 1].to_owned(),
        server.ws.owner().await.access,
        other,
        page.refresh.clone(),
        page.cookie.clone(),
    ];
    for call in ["me", "sessions"] {
        let mut seen = BTreeSet::new();
        for token in &bad {
            let answer = server.get(call).bearer(token).await;
            answer.problem("invalid_token");
            seen.insert(answer.bytes_but_request_id());
        }
        assert_eq!(seen.len(), 1, "{call}: {seen:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn asvs_11_5_2_what_is_made_in_a_crowd_is_unique() {
    // As many as stand in the line of one account.
    const CROWD: usize = 200;
    let setup = Setup::default().with("SESSIONS__MAX_LIVE", 1000).with("PASSWORDS__QUEUE_MAX", 1000);
    let setup = setup.with("LIMITS__ENABLED", false);
    let server = TestServer::with(setup).await;
    server.sign_up(OWNER).await;
    let mut running = JoinSet::new();
    for _ in 0..CROWD {
        let co = server.co.clone();
        running.spawn(async move { co.sign_in(OWNER).await });
    }
    let (mut tokens, mut sessions, mut ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut salts, mut tags) = (BTreeSet::new(), BTreeSet::new());
    for signed in running.join_all().await {
        let (token, tag) = RefreshToken::decode(&signed.refresh).unwrap();
        salts.insert(token.salt.0);
        tags.insert(tag);
        tokens.insert(signed.access.clone());
        sessions.insert(signed.session());
        ids.insert(signed.claim("jti").as_str().unwrap().to_owned());
    }
    let counts = [salts.len(), tags.len(), tokens.len(), sessions.len(), ids.len()];
    assert_eq!(counts, [CROWD; 5]);
    // No bit of a salt is always the same, as it would be in a UUID or a counter.
    for bit in 0..128 {
        let ones = salts.iter().filter(|salt| salt[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!(ones > 0 && ones < CROWD, "bit {bit} is set in {ones} of {CROWD}");
    }
}

#[tokio::test]
async fn asvs_15_4_4_a_full_hashing_queue_starves_no_refresh() {
    let setup = Setup::default().with("PASSWORDS__THREADS", 1).with("PASSWORDS__QUEUE_MAX", 1);
    let server = TestServer::with(setup).await;
    let signed = server.owner().await;
    let places = server.fill_hashing_queue();
    assert!(!places.is_empty());
    server.try_sign_in(OWNER, PASSWORD).await.problem("server_busy");
    server.me(&signed.access).await.ok();
    server.refresh(Bearer(&signed.access)).await.ok();
    let new = server.refresh(Body(&signed.refresh)).await.signed();
    server.fetch("/readyz").await.ok();
    server.sign_out(Body(&new.refresh)).await.ok();
}
