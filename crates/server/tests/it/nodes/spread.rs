//! Any node may serve any request.

use super::client::{Answer, send};
use super::schema::{Schema, setup};
use crate::process::{ServerProcess, ServerSetup, run_with};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;
use tokio::task::JoinSet;

const PASSWORD: &str = "a password for many nodes";

/// Three servers on one schema.
struct Nodes {
    servers: Vec<ServerProcess>,
    schema: Schema,
    http: reqwest::Client,
    _data: TempDir,
}

impl Nodes {
    async fn start(change: impl Fn(ServerSetup) -> ServerSetup) -> Self {
        let schema = Schema::new().await;
        let data = tempfile::tempdir().unwrap();
        let setup = change(setup(&schema.url));
        // All at once on an empty database: one makes the schema, the decoys and the signing keys, the others find them.
        let mut servers = JoinSet::new();
        for number in 0..3 {
            let (folder, setup) = (data.path().join(number.to_string()), setup.clone());
            servers.spawn(async move { ServerProcess::start(&folder, &setup).await });
        }
        let servers = servers.join_all().await;
        Self { servers, schema, http: reqwest::Client::new(), _data: data }
    }

    async fn call(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
        token: &str,
    ) -> Answer {
        let bearer = Some(token).filter(|token| !token.is_empty());
        let base = &self.servers[node % 3].base;
        send(&self.http, base, method, path, body.as_ref(), bearer).await.unwrap()
    }

    async fn post(&self, node: usize, path: &str, body: Value) -> Answer {
        self.call(node, Method::POST, path, Some(body), "").await
    }

    async fn signed_in(&self, node: usize, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        assert_eq!(self.post(node, "sign-up", body.clone()).await.status, 201);
        let answer = self.post(node + 1, "sign-in", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    async fn end(self) {
        drop(self.servers);
        self.schema.discard().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_hundred_concurrent_refreshes_of_one_token_over_three_nodes_are_one_step() {
    let nodes = Nodes::start(|setup| setup).await;
    let token = nodes.signed_in(0, "kari@example.com").await.text("refresh_token");
    let mut set = JoinSet::new();
    for number in 0..100 {
        let (http, base, token) = (nodes.http.clone(), nodes.servers[number % 3].base.clone(), token.clone());
        set.spawn(async move {
            let body = json!({ "refresh_token": token });
            send(&http, &base, Method::POST, "refresh", Some(&body), None).await.unwrap()
        });
    }
    let answers = set.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let successors: BTreeSet<_> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    assert_eq!(successors.len(), 1);
    // One step: its successor is the next generation, and the one that was spent still gives the same.
    let successor = successors.into_iter().next().unwrap();
    let again = nodes.post(1, "refresh", json!({ "refresh_token": token })).await;
    assert_eq!(again.text("refresh_token"), successor);
    let plain = nodes.schema.plain().await;
    let generations = plain.query("SELECT body_generation FROM sessions", &[]).await.unwrap();
    assert_eq!(generations.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [1]);
    println!("proof: 100 concurrent refreshes of one token over 3 nodes: one step, identical successors");
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn what_one_node_answered_every_node_knows() {
    let nodes = Nodes::start(|setup| setup).await;
    let signed_in = nodes.signed_in(0, "kari@example.com").await;
    let access = signed_in.text("access_token");
    for node in 0..3 {
        let me = nodes.call(node, Method::GET, "me", None, &access).await;
        assert_eq!(me.status, 200, "node {node}: {me:?}");
    }
    let token = signed_in.text("refresh_token");
    let rotated = nodes.post(2, "refresh", json!({ "refresh_token": token })).await;
    let token = rotated.text("refresh_token");
    let out = nodes.post(0, "sign-out", json!({ "refresh_token": token })).await;
    assert_eq!(out.status, 200, "{out:?}");
    for node in 0..3 {
        let refused = nodes.post(node, "refresh", json!({ "refresh_token": token })).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (401, Some("session_revoked")), "{node}");
        assert_eq!(nodes.call(node, Method::GET, "me", None, &access).await.status, 401, "{node}");
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn budgets_that_protect_accounts_are_shared() {
    let nodes = Nodes::start(|setup| {
        let limited = |(name, _): &(String, String)| name != "MINBIL_AUTH_LIMITS__ENABLED";
        ServerSetup { environment: setup.environment.into_iter().filter(limited).collect(), ..setup }
    })
    .await;
    let mut statuses = Vec::new();
    for node in 0..4 {
        let answer = nodes.post(node, "forgot-password", json!({ "email": "ola@example.com" })).await;
        statuses.push(answer.status);
        assert_eq!(answer.status == 429, answer.retry_after.is_some());
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_node_with_another_root_key_does_not_start() {
    let nodes = Nodes::start(|setup| setup).await;
    let data = tempfile::tempdir().unwrap();
    let mut other = setup(&nodes.schema.url);
    for (name, value) in &mut other.environment {
        if name == "MINBIL_AUTH_ROOT_KEY" {
            *value = "YW5vdGhlciBrZXksIGFsc28gbm90IGEgc2VjcmV0ISE".to_owned();
        }
    }
    let ran = run_with(data.path(), &other, &["user", "list"], "");
    assert!(!ran.is_success);
    assert!(ran.err.contains("is not the key this database was made with"), "{ran:?}");
    nodes.end().await;
}
