//! From the embedded database to PostgreSQL, with every session.

use super::client::{Answer, send};
use super::schema::{Schema, setup};
use crate::process::{Ran, ServerProcess, ServerSetup, run_with};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the sealer may take on a busy machine.
const SEALED_MAX: Duration = Duration::from_secs(120);
const PASSWORD: &str = "a password that moves";

async fn post(base: &str, path: &str, body: Value) -> Answer {
    send(&reqwest::Client::new(), base, Method::POST, path, Some(&body), None).await.unwrap()
}

/// The same settings on the embedded database.
fn embedded(setup: &ServerSetup) -> ServerSetup {
    let elsewhere = |(name, _): &(String, String)| name != "MINBIL_AUTH_DATABASE__URL";
    ServerSetup {
        environment: setup.environment.iter().filter(|pair| elsewhere(pair)).cloned().collect(),
        ..setup.clone()
    }
}

fn migrate(data: &Path, setup: &ServerSetup, more: &[&str]) -> Ran {
    run_with(data, setup, &[&["migrate", "sqlite-to-postgres"], more].concat(), "")
}

async fn schemas(schema: &Schema) -> i64 {
    let sql =
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'minbil_auth_rehearsal%'";
    schema.plain().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_live_deployment_moves_and_every_refresh_token_still_works() {
    let schema = Schema::new().await;
    let data = tempfile::tempdir().unwrap();
    let setup = setup(&schema.url);
    let old = ServerProcess::start(data.path(), &embedded(&setup)).await;
    let mut tokens = Vec::new();
    for number in 0..12 {
        let account = json!({ "email": format!("owner{number}@example.com"), "password": PASSWORD });
        assert_eq!(post(&old.base, "sign-up", account.clone()).await.status, 201);
        let mut token = post(&old.base, "sign-in", account).await.text("refresh_token");
        for _ in 0..number % 4 {
            token = post(&old.base, "refresh", json!({ "refresh_token": token })).await.text("refresh_token");
        }
        tokens.push(token);
    }
    let out = post(&old.base, "sign-out", json!({ "refresh_token": tokens[0] })).await;
    assert_eq!(out.status, 200);
    post(&old.base, "forgot-password", json!({ "email": "owner1@example.com" })).await;
    let made = run_with(data.path(), &embedded(&setup), &["api-key", "create", "web", "--json"], "").json();
    let signed_up = once(&old.base, made["api_key"].as_str().unwrap()).await;
    assert_eq!(signed_up.0, 201, "{signed_up:?}");
    // A rehearsal beside the running server; the move itself waits until it has stopped.
    let rehearsed = migrate(data.path(), &setup, &["--dry-run"]);
    assert!(rehearsed.is_success && rehearsed.out.contains("Rehearsed"), "{rehearsed:?}");
    assert_eq!(schemas(&schema).await, 0);
    let too_early = migrate(data.path(), &setup, &[]);
    assert!(!too_early.is_success && too_early.err.contains("stop it first"), "{too_early:?}");
    let head = sealed_head(data.path(), &embedded(&setup)).await;
    old.terminate();
    let mut old = old;
    assert!(old.ended().await.success());
    half_way(&schema, data.path(), &setup).await;
    let moved = migrate(data.path(), &setup, &[]);
    assert!(moved.is_success && moved.out.contains("of them before"), "{moved:?}");
    let new = ServerProcess::start(&data.path().join("new"), &setup).await;
    for (number, token) in tokens.iter().enumerate() {
        let answer = post(&new.base, "refresh", json!({ "refresh_token": token })).await;
        if number == 0 {
            assert_eq!((answer.status, answer.body["code"].as_str()), (401, Some("session_revoked")));
        } else {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    let account = json!({ "email": "owner3@example.com", "password": PASSWORD });
    assert_eq!(post(&new.base, "sign-in", account).await.status, 200);
    assert_eq!(
        once(&new.base, made["api_key"].as_str().unwrap()).await,
        signed_up,
        "key and record moved along"
    );
    drop(new);
    chain_has_moved(&schema, data.path(), &setup, &head).await;
    // It is a database of its own now, and stays as it is.
    let again = migrate(data.path(), &setup, &[]);
    assert!(!again.is_success && again.err.contains("name an empty one"), "{again:?}");
    schema.discard().await;
}

/// A sign-up under an `Idempotency-Key`, by an application with an API key.
async fn once(base: &str, api_key: &str) -> (u16, Value) {
    let body = json!({ "email": "once@example.com", "password": PASSWORD });
    let draft = reqwest::Client::new().post(format!("{base}/api/co/auth/sign-up")).json(&body);
    let draft = draft.header("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
    let answer = draft.header("x-api-key", api_key).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A move that was cut off after some rows: servers stay out, and it goes on where it was.
async fn half_way(schema: &Schema, data: &Path, setup: &ServerSetup) {
    assert!(migrate(data, setup, &[]).is_success);
    let plain = schema.plain().await;
    let undone =
        "INSERT INTO schema_history VALUES (1000000000, 'another database moves in', 1000000000, now());
        DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY id DESC LIMIT 5);
        DELETE FROM events; DELETE FROM root_keys";
    plain.batch_execute(undone).await.unwrap();
    let early = run_with(&data.join("early"), setup, &["user", "list"], "");
    assert!(!early.is_success && early.err.contains("another database is moving in"), "{early:?}");
}

/// The head of the audit log's chain, once everything is sealed.
async fn sealed_head(data: &Path, setup: &ServerSetup) -> String {
    let begun = Instant::now();
    loop {
        let ran = run_with(data, setup, &["audit", "verify"], "");
        assert!(ran.is_success, "{ran:?}");
        if ran.out.contains("\n0 events wait") {
            return ran.out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
        }
        assert!(begun.elapsed() < SEALED_MAX, "{ran:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What was sealed on the old database verifies on the new one, and tampering there is named as well.
async fn chain_has_moved(schema: &Schema, data: &Path, setup: &ServerSetup, head: &str) {
    let verify = || run_with(data, setup, &["audit", "verify", "--head", head], "");
    let moved = verify();
    assert!(moved.is_success, "{moved:?}");
    let plain = schema.plain().await;
    let kept = "CREATE TABLE kept AS SELECT * FROM events";
    plain.batch_execute(kept).await.unwrap();
    for (tampering, named) in [
        ("UPDATE events SET address = '203.0.113.1' WHERE seq = 3", "row 3 was edited"),
        ("UPDATE events SET kind = 'party' WHERE seq = 3", "row 3 was edited"),
        ("DELETE FROM events WHERE seq = 3", "row 3 was removed"),
        (
            "UPDATE events SET seq = 1000000 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 5;
             UPDATE events SET seq = 5 WHERE seq = 1000000",
            "row 3 was reordered: it was row 5",
        ),
        ("DELETE FROM audit_marks", "the mark of the chain's head was removed"),
    ] {
        plain.batch_execute(tampering).await.unwrap();
        let found = verify();
        assert!(!found.is_success && found.err.contains(named), "{tampering}: {found:?}");
        plain.batch_execute("DELETE FROM events; INSERT INTO events SELECT * FROM kept").await.unwrap();
    }
    plain.batch_execute("DROP TABLE kept").await.unwrap();
}
