//! A rolling upgrade: the program of the previous schema goes on beside the next.

use super::client::send;
use super::schema::{Schema, setup};
use crate::process::{ServerProcess, run_with};
use reqwest::Method;
use serde_json::json;

/// What the next version's program would do first: an expanding migration, in one transaction with its entry in the
/// history, while this one serves. Every kind of change that the rule allows.
const EXPANDING: &str = "BEGIN;
    INSERT INTO schema_history VALUES (1000, 'an expanding one', 1, now());
    ALTER TABLE users ADD COLUMN nickname TEXT;
    ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT 'unknown';
    ALTER TABLE resets ADD COLUMN reason TEXT;
    ALTER TABLE outbox ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE events ADD COLUMN country TEXT;
    ALTER TABLE limits ADD COLUMN note TEXT;
    ALTER TABLE signing_keys ADD COLUMN note TEXT;
    CREATE TABLE passkeys (id UUID PRIMARY KEY);
    CREATE INDEX users_by_nickname ON users (nickname);
    COMMIT";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_program_of_the_previous_schema_serves_beside_the_next_until_it_is_contracted() {
    let schema = Schema::new().await;
    let data = tempfile::tempdir().unwrap();
    let setup = setup(&schema.url);
    let running = ServerProcess::start(&data.path().join("running"), &setup).await;
    let http = reqwest::Client::new();
    let post = async |base: &str, path: &str, body| {
        let answer = send(&http, base, Method::POST, path, Some(&body), None).await.unwrap();
        assert!(answer.status < 300, "{path}: {answer:?}");
        answer
    };
    let account = json!({ "email": "kari@example.com", "password": "a password that is kept" });
    post(&running.base, "sign-up", account.clone()).await;
    let mut token = post(&running.base, "sign-in", account.clone()).await.text("refresh_token");
    schema.plain().await.batch_execute(EXPANDING).await.unwrap();
    // The one that runs has prepared its statements on the old schema.
    token = post(&running.base, "refresh", json!({ "refresh_token": token })).await.text("refresh_token");
    post(&running.base, "sign-in", account.clone()).await;
    // One that starts now is, after the next's migration, an old program too: a node that was restarted half way.
    let restarted = ServerProcess::start(&data.path().join("restarted"), &setup).await;
    token = post(&restarted.base, "refresh", json!({ "refresh_token": token })).await.text("refresh_token");
    post(&restarted.base, "forgot-password", json!({ "email": "kari@example.com" })).await;
    post(&running.base, "sign-out", json!({ "refresh_token": token })).await;
    // The release after the next contracts; by then no node of this version may start any more.
    let contracting = "INSERT INTO schema_history VALUES (1001, 'a contracting one', 1000, now())";
    schema.plain().await.batch_execute(contracting).await.unwrap();
    let ran = run_with(&data.path().join("late"), &setup, &["migrate"], "");
    assert!(!ran.is_success && ran.err.contains("no longer works with it"), "{ran:?}");
    drop((running, restarted));
    schema.discard().await;
}
