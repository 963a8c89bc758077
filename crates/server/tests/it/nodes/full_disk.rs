//! A database whose disk is full: nothing is answered that is not kept, and it goes on when there is room again.

use super::client::send;
use super::cluster::{Postgres, SmallDisk, is_root};
use super::schema::setup;
use crate::process::{ServerProcess, run_with};
use reqwest::Method;
use serde_json::json;

/// A page has room for a few rows more when the disk is full; a page has 8 KiB.
const TRIES_MAX: usize = 500;
const PASSWORD: &str = "a password that is kept";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn a_full_database_is_503_then_serves_again_and_has_lost_nothing() {
    if !is_root() {
        println!("!!! NOT RUN: the test of a full disk mounts a small one, and that needs root");
        return;
    }
    let disk = SmallDisk::mount(48);
    let postgres = Postgres::primary("127.0.0.1");
    let url = postgres.database_on(&disk);
    let data = tempfile::tempdir().unwrap();
    let setup = setup(&url);
    let server = ServerProcess::start(&data.path().join("server"), &setup).await;
    let http = reqwest::Client::new();
    let call = async |path: &str, number: usize| {
        let body = json!({ "email": format!("owner{number}@example.com"), "password": PASSWORD });
        send(&http, &server.base, Method::POST, path, Some(&body), None).await.unwrap()
    };
    assert_eq!(call("sign-up", 0).await.status, 201);
    postgres.fill(&disk);
    let mut kept = vec![0];
    for number in 1..=TRIES_MAX {
        let answer = call("sign-up", number).await;
        if answer.status == 503 {
            assert!(answer.retry_after.is_some(), "{answer:?}");
            break;
        }
        assert_eq!(answer.status, 201, "{answer:?}");
        kept.push(number);
        assert!(number < TRIES_MAX, "the disk does not get full");
    }
    // A program that starts now says so.
    let ran = run_with(&data.path().join("late"), &with_schema(&setup, &url), &["migrate"], "");
    assert!(!ran.is_success && ran.err.contains("no room left"), "{ran:?}");
    postgres.make_room();
    for number in kept {
        assert_eq!(call("sign-in", number).await.status, 200, "owner{number} was answered 201");
    }
    assert_eq!(call("sign-up", TRIES_MAX + 1).await.status, 201);
}

/// The same with a schema that has no tables yet.
fn with_schema(setup: &crate::process::ServerSetup, url: &str) -> crate::process::ServerSetup {
    let empty = format!("{url}?options=-c%20search_path%3Dempty");
    let elsewhere = |(name, _): &(String, String)| name != "MINBIL_AUTH_DATABASE__URL";
    let kept = setup.environment.iter().filter(|pair| elsewhere(pair)).cloned().collect();
    crate::process::ServerSetup { environment: kept, ..setup.clone() }
        .with("MINBIL_AUTH_DATABASE__URL", empty)
}
