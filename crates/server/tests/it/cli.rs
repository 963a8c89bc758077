//! The command line: every command, as an operator types it.

use crate::process::{Ran, ServerProcess, ServerSetup, run, run_with};
use serde_json::{Value, json};
use std::path::Path;

const PASSWORD: &str = "a password for the command line";
/// Made by another implementation of bcrypt for `PASSWORD`, cost 4.
const BCRYPT: &str = "$2b$04$.TEcq6ShJ/jAIyi3ZJeIZ..khSTL5J8c2y26HmKAbWck9zE4Ca13C";

fn ok(ran: Ran) -> Ran {
    assert!(ran.is_success, "{ran:?}");
    ran
}

fn refused(ran: &Ran, says: &str) {
    assert!(!ran.is_success && ran.err.contains(says), "wanted `{says}`: {ran:?}");
}

fn add(data: &Path, email: &str) {
    ok(run(data, &["user", "add", email], &format!("{PASSWORD}\n")));
}

async fn post(server: &ServerProcess, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/api/co/auth/{path}", server.base);
    let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn sign_in(server: &ServerProcess, email: &str, password: &str) -> (u16, Value) {
    post(server, "sign-in", &json!({ "email": email, "password": password })).await
}

/// Cheap hashing, because it is not what is tested here.
fn cheap() -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", 64)
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", 1)
}

#[test]
fn the_help_of_every_command_says_what_it_does() {
    let data = tempfile::tempdir().unwrap();
    for command in [
        "",
        "serve",
        "user",
        "user add",
        "user list",
        "user show",
        "user disable",
        "user enable",
        "user delete",
        "user set-password",
        "session",
        "session list",
        "session end",
        "key",
        "key new-root",
        "key list",
        "key rotate",
        "api-key",
        "api-key create",
        "api-key list",
        "api-key rotate",
        "api-key revoke",
        "migrate",
        "openapi",
        "config",
        "config check",
        "config show",
        "config default",
        "doctor",
        "backup",
        "restore",
        "outbox",
        "outbox list",
        "outbox retry",
    ] {
        let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let help = ok(run(data.path(), &words, "")).out;
        assert!(help.contains("Usage: minbil-auth") && help.lines().next().unwrap().len() > 10, "{help}");
    }
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "help makes nothing");
}

#[test]
fn an_account_is_made_shown_changed_and_deleted() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), "Owner@Example.com");
    refused(&run(data.path(), &["user", "add", "owner@example.com"], "another password\n"), "already");
    refused(&run(data.path(), &["user", "add", "not an address"], "another password\n"), "email address");
    refused(&run(data.path(), &["user", "add", "b@example.com"], "short\n"), "at least 8 characters");
    let shown = ok(run(data.path(), &["user", "show", "owner@example.com", "--json"], "")).json();
    assert_eq!((&shown["email"], &shown["status"]), (&json!("owner@example.com"), &json!("active")));
    let id = shown["id"].as_str().unwrap();
    let disabled = ok(run(data.path(), &["user", "disable", id, "--json"], "")).json();
    assert_eq!(disabled["status"], "disabled");
    let enabled = ok(run(data.path(), &["user", "enable", "owner@example.com", "--json"], "")).json();
    assert_eq!((&enabled["status"], &enabled["id"]), (&json!("active"), &shown["id"]));
    assert_eq!(ok(run(data.path(), &["user", "list", "--json"], "")).json()["id"], shown["id"]);
    refused(&run(data.path(), &["user", "delete", id], ""), "--yes");
    ok(run(data.path(), &["user", "delete", id, "--yes"], ""));
    refused(&run(data.path(), &["user", "show", id], ""), "has no account");
    refused(&run(data.path(), &["user", "show", "-n", "xx", id], ""), "the namespace xx is not configured");
}

#[test]
fn a_list_goes_on_after_an_id() {
    let data = tempfile::tempdir().unwrap();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        add(data.path(), email);
    }
    let first = ok(run(data.path(), &["user", "list", "--limit", "2", "--json"], "")).out;
    let rows: Vec<Value> = first.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["email"]), (2, &json!("a@example.com")));
    let after = rows[1]["id"].as_str().unwrap();
    let rest = ok(run(data.path(), &["user", "list", "--after", after, "--json"], "")).json();
    assert_eq!(rest["email"], "c@example.com");
}

#[tokio::test]
async fn commands_work_while_the_server_runs_and_take_effect_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(data.path(), &cheap()).await;
    let on = |arguments: &[&str], input: &str| ok(run_with(data.path(), &cheap(), arguments, input));
    on(&["user", "add", "owner@example.com"], PASSWORD);
    let (status, signed_in) = sign_in(&server, "owner@example.com", PASSWORD).await;
    assert_eq!(status, 200, "{signed_in}");
    let listed = on(&["session", "list", "owner@example.com", "--json"], "").json();
    let session = listed["id"].as_str().unwrap();
    on(&["session", "end", "owner@example.com", "--session", session], "");
    let refresh = json!({ "refresh_token": signed_in["refresh_token"] });
    let (status, refused) = post(&server, "refresh", &refresh).await;
    assert_eq!((status, &refused["code"]), (401, &json!("session_revoked")));
    on(&["user", "set-password", "owner@example.com"], "quite another password\n");
    assert_eq!(sign_in(&server, "owner@example.com", PASSWORD).await.0, 401);
    assert_eq!(sign_in(&server, "owner@example.com", "quite another password").await.0, 200);
    on(&["user", "disable", "owner@example.com"], "");
    let (status, refused) = sign_in(&server, "owner@example.com", "quite another password").await;
    assert_eq!((status, &refused["code"]), (403, &json!("account_disabled")));
}

#[tokio::test]
async fn a_hash_from_elsewhere_opens_its_account_and_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let on = |arguments: &[&str], input: &str| run_with(data.path(), &cheap(), arguments, input);
    refused(&on(&["user", "add", "b@example.com", "--password-hash"], "$1$no"), "this hash cannot be used");
    ok(on(&["user", "add", "b@example.com", "--password-hash"], BCRYPT));
    let server = ServerProcess::start(data.path(), &cheap()).await;
    assert_eq!(sign_in(&server, "b@example.com", "wrong password").await.0, 401);
    for _ in 0..2 {
        let (status, body) = sign_in(&server, "b@example.com", PASSWORD).await;
        assert_eq!(status, 200, "{body}");
    }
}

#[test]
fn signing_keys_are_listed_and_rotated_ahead_of_their_use() {
    let data = tempfile::tempdir().unwrap();
    let keys = || ok(run(data.path(), &["key", "list"], "")).out.lines().count();
    assert_eq!(keys(), 0, "the server makes the first one");
    ok(run(data.path(), &["key", "rotate"], ""));
    ok(run(data.path(), &["key", "rotate", "--now"], ""));
    assert_eq!(keys(), 2);
    let root = ok(run(data.path(), &["key", "new-root"], "")).out;
    let environment = std::iter::once(("MINBIL_AUTH_ROOT_KEY".to_owned(), root.trim().to_owned())).collect();
    let overrides = minbil_auth::config::Overrides::default();
    assert!(minbil_auth::config::load(&overrides, &environment).is_ok(), "a fresh root key is a root key");
}

#[test]
fn another_root_key_is_refused_and_the_right_one_still_works() {
    let data = tempfile::tempdir().unwrap();
    add(data.path(), "owner@example.com");
    let other = ok(run(data.path(), &["key", "new-root"], "")).out;
    let setup = ServerSetup::default().with("MINBIL_AUTH_ROOT_KEY", other.trim());
    let ran = run_with(data.path(), &setup, &["user", "list"], "");
    refused(&ran, "root key 1 is not the key this database was made with");
    ok(run(data.path(), &["user", "show", "owner@example.com"], ""));
}

#[test]
fn config_commands_touch_nothing() {
    let data = tempfile::tempdir().unwrap();
    assert!(ok(run(data.path(), &["config", "check"], "")).out.contains("is good"));
    assert_eq!(ok(run(data.path(), &["config", "show"], "")).json()["mode"], "development");
    let printed = ok(run(data.path(), &["config", "default"], "")).out;
    assert_eq!(printed.trim(), minbil_auth::config::DEFAULT_CONFIG.trim());
    let bad = ServerSetup::default().with("MINBIL_AUTH_MODE", "live");
    refused(&run_with(data.path(), &bad, &["config", "check"], ""), "mode = \"live\"");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn migrate_says_what_the_database_has_and_does_not_mind_being_repeated() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        assert!(ok(run(data.path(), &["migrate"], "")).out.contains("schema"));
    }
    assert!(data.path().join("minbil-auth.db").is_file());
}

#[test]
fn a_demo_account_is_refused_in_production() {
    let data = tempfile::tempdir().unwrap();
    let root = ok(run(data.path(), &["key", "new-root"], "")).out;
    let setup = ServerSetup::default()
        .with("MINBIL_AUTH_MODE", "production")
        .with("MINBIL_AUTH_BASE_URL", "https://auth.example.com")
        .with("MINBIL_AUTH_MAIL__SMTP_URL", "smtp://127.0.0.1:2525")
        .with("MINBIL_AUTH_ROOT_KEY", root.trim());
    let ran = run_with(data.path(), &setup, &["serve", "--demo", "--listen", "127.0.0.1:0"], "");
    refused(&ran, "--demo makes an account whose password everybody knows");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was made");
}
