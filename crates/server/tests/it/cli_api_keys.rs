//! `api-key`, as an operator types it.

use crate::process::{Ran, ServerProcess, ServerSetup, run, run_with};
use serde_json::{Value, json};
use std::path::Path;

fn ok(ran: Ran) -> Ran {
    assert!(ran.is_success, "{ran:?}");
    ran
}

fn refused(ran: &Ran, says: &str) {
    assert!(!ran.is_success && ran.err.contains(says), "wanted `{says}`: {ran:?}");
}

fn create(data: &Path, arguments: &[&str]) -> Value {
    ok(run(data, &[&["api-key", "create"], arguments, &["--json"]].concat(), "")).json()
}

fn list(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let listed = ok(run(data, &[&["api-key", "list", "--json"], arguments].concat(), "")).out;
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_key_is_made_listed_rotated_and_revoked() {
    let data = tempfile::tempdir().unwrap();
    let made = create(data.path(), &["web", "--expires-days", "30"]);
    let text = made["api_key"].as_str().unwrap();
    assert!(text.starts_with("mbk1_") && text.len() == 75, "{made}");
    assert!(made["expires_at"].is_string() && made["last_used_at"].is_null(), "{made}");
    refused(&run(data.path(), &["api-key", "create", "web"], ""), "co has a key called web already");
    refused(&run(data.path(), &["api-key", "create", " "], ""), "a key's name has");
    refused(&run(data.path(), &["api-key", "create", "app", "-n", "xx"], ""), "xx is not configured");
    let listed = list(data.path(), &[]);
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &made["id"]));
    let rotated =
        ok(run(data.path(), &["api-key", "rotate", "web", "--overlap-hours", "1", "--json"], "")).json();
    assert_eq!(rotated["id"], made["id"]);
    assert_ne!(rotated["api_key"], made["api_key"]);
    assert!(
        rotated["previous_secret_expires_at"].is_string() && rotated["expires_at"].is_string(),
        "{rotated}"
    );
    let id = made["id"].as_str().unwrap();
    let revoked = ok(run(data.path(), &["api-key", "revoke", id, "--json"], "")).json();
    assert!(revoked["revoked_at"].is_string(), "{revoked}");
    refused(&run(data.path(), &["api-key", "revoke", "web"], ""), "co has no key web that is not revoked");
    refused(&run(data.path(), &["api-key", "rotate", id], ""), "that is not revoked");
    assert_eq!((list(data.path(), &[]).len(), list(data.path(), &["--all"]).len()), (0, 1));
    create(data.path(), &["web"]);
}

/// Shown at its making, alone on its line, and never again.
#[test]
fn the_text_of_a_key_is_printed_once() {
    let data = tempfile::tempdir().unwrap();
    let printed = ok(run(data.path(), &["api-key", "create", "web"], "")).out;
    let text = printed.lines().last().unwrap().to_owned();
    assert!(text.starts_with("mbk1_"), "{printed}");
    let all = ["--all", "--json"];
    for arguments in [&[][..], &all[..1], &all[1..], &all[..]] {
        let listed = ok(run(data.path(), &[&["api-key", "list"], arguments].concat(), "")).out;
        assert!(listed.contains("web") && !listed.contains(&text[40..]), "{listed}");
    }
    let random = &text.as_bytes()[30..];
    let database = std::fs::read(data.path().join("minbil-auth.db")).unwrap();
    assert!(!database.windows(random.len()).any(|window| window == random), "the key is in the database");
}

#[tokio::test]
async fn a_key_that_is_made_while_the_server_runs_works_at_once_and_a_revoked_one_dies() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default()
        .with("MINBIL_AUTH_NAMESPACES__CO__API_KEY_REQUIRED", true)
        .with("MINBIL_AUTH_API_KEYS__CACHE_SECONDS", 0);
    let server = ServerProcess::start(data.path(), &setup).await;
    let on = |arguments: &[&str]| ok(run_with(data.path(), &setup, arguments, "")).json();
    let code = async |key: Option<&str>| {
        let url = format!("{}/api/co/auth/refresh", server.base);
        let mut request = reqwest::Client::new().post(url);
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["code"].clone()
    };
    assert_eq!(code(None).await, json!("api_key_missing"));
    let made = on(&["api-key", "create", "web", "--json"]);
    let first = made["api_key"].as_str().unwrap();
    assert_eq!(code(Some(first)).await, json!("credentials_missing"));
    let rotated = on(&["api-key", "rotate", "web", "--overlap-hours", "0", "--json"]);
    let second = rotated["api_key"].as_str().unwrap();
    assert_eq!(
        (code(Some(first)).await, code(Some(second)).await),
        (json!("api_key_invalid"), json!("credentials_missing"))
    );
    on(&["api-key", "revoke", "web", "--json"]);
    assert_eq!(code(Some(second)).await, json!("api_key_invalid"));
}
