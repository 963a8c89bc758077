//! Backup of a running server, and what putting one back does.

use crate::process::{ServerProcess, ServerSetup, run};
use serde_json::{Value, json};
use std::path::Path;

const PASSWORD: &str = "a password worth a backup";

fn cheap() -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", 64)
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", 1)
}

async fn post(server: &ServerProcess, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/api/co/auth/{path}", server.base);
    let answer = reqwest::Client::new().post(url).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn sign_up(server: &ServerProcess, email: &str) {
    let (status, body) = post(server, "sign-up", &json!({ "email": email, "password": PASSWORD })).await;
    assert_eq!(status, 201, "{body}");
}

async fn sign_in(server: &ServerProcess, email: &str) -> (u16, Value) {
    post(server, "sign-in", &json!({ "email": email, "password": PASSWORD })).await
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[tokio::test]
async fn a_backup_of_a_running_server_brings_back_its_accounts_and_none_of_its_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup.db"));
    let server = ServerProcess::start(&data, &cheap()).await;
    sign_up(&server, "before@example.com").await;
    let (_, before) = sign_in(&server, "before@example.com").await;
    let made = run(&data, &["backup", path(&file)], "");
    assert!(made.is_success && made.out.contains("useless without the root key"), "{made:?}");
    sign_up(&server, "after@example.com").await;
    let refused = run(&data, &["restore", path(&file)], "");
    assert!(!refused.is_success && refused.err.contains("a server is running"), "{refused:?}");
    server.kill();

    let restored = run(&data, &["restore", path(&file)], "");
    assert!(restored.is_success && restored.out.contains("before-restore-"), "{restored:?}");
    let server = ServerProcess::start(&data, &cheap()).await;
    let refresh = json!({ "refresh_token": before["refresh_token"] });
    let (status, body) = post(&server, "refresh", &refresh).await;
    assert_eq!((status, &body["code"]), (401, &json!("session_revoked")));
    assert_eq!(sign_in(&server, "before@example.com").await.0, 200);
    assert_eq!(sign_in(&server, "after@example.com").await.0, 401);
    let verified = run(&data, &["audit", "verify"], "");
    assert!(verified.is_success, "{verified:?}");
}

#[tokio::test]
async fn a_backup_moves_to_a_new_machine_with_the_root_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let file = folder.path().join("backup.db");
    let server = ServerProcess::start(&old, &cheap()).await;
    sign_up(&server, "owner@example.com").await;
    assert!(run(&old, &["backup", path(&file)], "").is_success);
    server.kill();
    std::fs::create_dir(&new).unwrap();
    assert!(run(&new, &["restore", path(&file)], "").is_success);
    let without = run(&new, &["user", "list"], "");
    assert!(!without.is_success && without.err.contains("root key"), "{without:?}");
    std::fs::copy(old.join("root.key"), new.join("root.key")).unwrap();
    let server = ServerProcess::start(&new, &cheap()).await;
    assert_eq!(sign_in(&server, "owner@example.com").await.0, 200);
}

#[test]
fn what_cannot_be_backed_up_or_restored_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("backup.db"));
    let none = run(&data, &["backup", path(&file)], "");
    assert!(!none.is_success && none.err.contains("there is no database"), "{none:?}");
    assert!(run(&data, &["migrate"], "").is_success);
    std::fs::write(&file, "something else").unwrap();
    let taken = run(&data, &["backup", path(&file)], "");
    assert!(!taken.is_success && taken.err.contains("cannot write"), "{taken:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "something else");
    let other = run(&data, &["restore", path(&file)], "");
    assert!(!other.is_success && other.err.contains("cannot open the database"), "{other:?}");
    let missing = run(&data, &["restore", path(&folder.path().join("none.db"))], "");
    assert!(!missing.is_success && missing.err.contains("there is no backup"), "{missing:?}");
    assert!(run(&data, &["user", "list"], "").is_success, "the database that was there is still there");
}
