//! The end of a server: what it accepted is finished.

use crate::process::{ServerProcess, ServerSetup, free_port};
use serde_json::json;
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// One hashing thread with a good deal of work, so that requests are under way when the signal comes.
fn slow_hashing(metrics: u16) -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", 19456)
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", 8)
        .with("MINBIL_AUTH_PASSWORDS__THREADS", 1)
        .with("MINBIL_AUTH_HTTP__METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
}

/// How many sign-ups the server has begun, answered or not.
async fn begun(metrics: u16) -> f64 {
    let text =
        reqwest::get(format!("http://127.0.0.1:{metrics}/metrics")).await.unwrap().text().await.unwrap();
    let counts = |line: &&str| {
        line.starts_with("minbil_auth_requests_under_way ")
            || (line.starts_with("minbil_auth_requests_total{") && line.contains("/sign-up\""))
    };
    let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    text.lines().filter(counts).map(value).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_end_answers_everything_that_it_accepted() {
    let data = tempfile::tempdir().unwrap();
    let metrics = free_port();
    let mut server = ServerProcess::start(data.path(), &slow_hashing(metrics)).await;
    let url = format!("{}/api/co/auth/sign-up", server.base);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let body = json!({ "email": format!("c{number}@example.com"), "password": "a long password" });
            tokio::spawn(reqwest::Client::new().post(&url).json(&body).send())
        })
        .collect();
    let start = Instant::now();
    while begun(metrics).await < CLIENTS as f64 {
        assert!(start.elapsed() < PATIENCE, "the requests did not come under way");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.terminate();
    for client in clients {
        let answer = client.await.unwrap().expect("accepted, so answered");
        assert_eq!(answer.status(), 201);
    }
    assert!(server.ended().await.success(), "{}", server.log());
    assert!(server.log().contains("stopped"), "{}", server.log());
}
