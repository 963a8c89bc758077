//! Which new passwords are taken (ASVS 6.2, NIST SP 800-63B-4 section 3.1.1.2).

use crate::harness::{OWNER, PASSWORD, Setup, TestServer};
use crate::process::run;
use serde_json::json;
use std::path::Path;

/// "a breached password of old" and another one, as breached passwords are published.
const PUBLISHED: &str = "\
0180542C6076D3DBB5AC1473C968DB781D9334EE:3
DF35047FFFD38A65B8FE6963579254E8B09DB25E:12
";

/// Compiles the published list.
fn compiled(folder: &Path) -> String {
    let [list, filter] =
        ["list", "breached.hashes"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    std::fs::write(&list, PUBLISHED).unwrap();
    let ran = run(folder, &["passwords", "compile", &list, &filter], "");
    assert!(ran.is_success && ran.out.contains(": 2 passwords"), "{ran:?}");
    assert!(!Path::new(&(filter.clone() + ".partial")).exists());
    filter
}

async fn sign_up_errors(server: &TestServer, password: &str) -> Vec<String> {
    let body = json!({ "email": "new@example.com", "password": password });
    server.post("sign-up").json(&body).await.field_errors()
}

#[tokio::test]
async fn asvs_6_2_4_what_everybody_tries_is_refused_wherever_a_password_is_chosen() {
    let server = TestServer::start().await;
    let owner = server.owner().await;
    for common in ["password", "Password", "12345678", "iloveyou", "PASSWORD1", "qwertyuiop"] {
        assert_eq!(sign_up_errors(&server, common).await, ["password:password_blocked"], "{common}");
        let changed = server.change(&owner.access, PASSWORD, common).await;
        assert_eq!(changed.field_errors(), ["new_password:password_blocked"], "{common}");
    }
    // The link that was mailed still works after a refusal.
    let token = server.reset_token(OWNER).await;
    let refused = server.reset(&token, "football").await;
    assert_eq!(refused.field_errors(), ["password:password_blocked"]);
    assert!(refused.text().contains("found in breaches"), "{}", refused.text());
    server.reset(&token, "another horse battery").await.ok();
    assert_eq!(server.deliver_mail().await.len(), 1, "the notice");
}

#[tokio::test]
async fn asvs_6_2_11_the_address_and_the_names_of_the_service_are_no_passwords() {
    let server = TestServer::start().await;
    for known in
        ["minbil2026minbil", "CarOwner2026", "new@example.com", "example-new-2026", "api.example.com"]
    {
        let body = json!({ "email": "new@example.com", "password": known });
        let answer = server.post("sign-up").json(&body).await;
        assert_eq!(answer.field_errors(), ["password:password_blocked"], "{known}");
        assert!(answer.text().contains("the name of the service"), "{}", answer.text());
    }
    // Another namespace has another name.
    let body = json!({ "email": "new@example.com", "password": "CarOwner2026" });
    assert_eq!(server.ws.post("sign-up").json(&body).await.status, 201);
}

#[tokio::test]
async fn asvs_6_2_12_a_bigger_list_is_looked_up_offline_and_locks_no_old_password_out() {
    const BREACHED: &str = "a breached password of old";
    let server = TestServer::start().await;
    server.sign_up_with(OWNER, BREACHED).await;
    let folder = tempfile::tempdir().unwrap();
    let filter = compiled(folder.path());
    let server = server.restart(&[("PASSWORDS__FILTER_FILE", &filter)]).await;
    server.try_sign_in(OWNER, BREACHED).await.ok();
    assert_eq!(sign_up_errors(&server, BREACHED).await, ["password:password_blocked"]);
    assert_eq!(sign_up_errors(&server, "A Breached Password Of Old").await, ["password:password_blocked"]);
    assert_eq!(
        sign_up_errors(&server, "password").await,
        ["password:password_blocked"],
        "the other list stays"
    );
    server.sign_up_with("new@example.com", "a breached password of new").await;
}

#[tokio::test]
async fn a_password_that_is_refused_costs_no_hash_and_no_sign_up() {
    let server = TestServer::with(Setup::default().limited()).await;
    let before = server.writes();
    for _ in 0..10 {
        assert_eq!(sign_up_errors(&server, "password").await, ["password:password_blocked"]);
    }
    assert_eq!(server.writes(), before);
    server.sign_up("new@example.com").await;
}

#[test]
fn a_list_that_cannot_be_used_is_said_before_the_port_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("list"), "not a hash\n").unwrap();
    let ran = run(folder.path(), &["passwords", "compile", &path("list"), &path("filter")], "");
    assert!(!ran.is_success && ran.err.contains("line 1: 40 hexadecimal"), "{ran:?}");
    assert!(!Path::new(&path("filter")).exists() && !Path::new(&path("filter.partial")).exists());
    let setup =
        crate::process::ServerSetup::default().with("MINBIL_AUTH_PASSWORDS__FILTER_FILE", path("list"));
    let ran = crate::process::run_with(folder.path(), &setup, &["user", "list"], "");
    assert!(!ran.is_success && ran.err.contains("passwords.filter_file"), "{ran:?}");
}

#[test]
fn an_operator_sets_no_password_that_everybody_tries() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["user", "add", "kari@example.com"], "password\n");
    assert!(!ran.is_success && ran.err.contains("found in breaches"), "{ran:?}");
    let ran = run(folder.path(), &["user", "add", "kari@example.com"], "correct horse battery\n");
    assert!(ran.is_success, "{ran:?}");
    let ran = run(folder.path(), &["user", "set-password", "kari@example.com"], "kari@example.com\n");
    assert!(!ran.is_success && ran.err.contains("the name of the service"), "{ran:?}");
}
