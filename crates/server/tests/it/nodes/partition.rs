//! A node that is cut off from its database says so quickly, and serves again soon after.

use super::cluster::{Postgres, is_root};
use super::netns::{Inside, Network};
use super::schema::setup;
use std::time::Duration;

/// `database.timeout_seconds` is 5 by default; an answer takes a little longer than that at the worst.
const QUICK: Duration = Duration::from_secs(8);
const START_MAX: Duration = Duration::from_secs(60);

const ACCOUNT: &str = r#"{"email":"kari@example.com","password":"a password across a partition"}"#;

#[test]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
fn a_node_that_is_cut_off_answers_503_quickly_and_heals_within_seconds() {
    if !is_root() {
        println!("!!! NOT RUN: the partition test makes a network namespace, and that needs root");
        return;
    }
    let network = Network::new();
    let postgres = Postgres::primary("*");
    let data = tempfile::tempdir().unwrap();
    let setup = setup(&postgres.url_at(&network.here));
    let server = Inside::start(&network, &setup.environment, data.path());
    server.until("/readyz", 200, START_MAX);
    assert_eq!(server.ask("/api/co/auth/sign-up", Some(ACCOUNT)).status, 201);
    network.cut();
    let mut slowest = Duration::ZERO;
    // The first waves find connections that went silent, the later ones know already.
    for _ in 0..12 {
        let reply = server.ask("/api/co/auth/sign-in", Some(ACCOUNT));
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.text.to_ascii_lowercase().contains("\r\nretry-after: "), "{reply:?}");
        assert!(reply.text.contains("application/problem+json"), "{reply:?}");
        slowest = slowest.max(reply.took);
    }
    assert!(slowest < QUICK, "{slowest:?}");
    let ready = server.ask("/readyz", None);
    assert!(ready.status == 503 && ready.took < QUICK, "{ready:?}");
    assert_eq!(server.ask("/healthz", None).status, 200, "the process itself is well");
    network.connect();
    let healed = server.until("/readyz", 200, QUICK);
    let reply = server.ask("/api/co/auth/sign-in", Some(ACCOUNT));
    assert_eq!(reply.status, 200, "{reply:?}");
    println!(
        "proof: partition: the slowest 503 took {:.1} s; ready {:.1} s after healing",
        slowest.as_secs_f64(),
        healed.as_secs_f64()
    );
}
