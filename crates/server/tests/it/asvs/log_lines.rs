//! The log of the built binary, as a collector would read it.

use crate::harness::Credential::Body;
use crate::harness::{EVIL, OWNER, Setup, TestServer, record_log};
use crate::process::{ServerProcess, ServerSetup};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

async fn until_logged(server: &ServerProcess, text: &str) {
    let start = Instant::now();
    while !server.log().contains(text) {
        assert!(start.elapsed() < PATIENCE, "`{text}` is not logged:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A server after a success, a refusal, something that is not there, and a body that is none.
async fn server(data: &Path, format: &str) -> ServerProcess {
    let setup = ServerSetup::default().with("MINBIL_AUTH_LOG__FORMAT", format);
    let server = ServerProcess::start(data, &setup).await;
    let client = reqwest::Client::new();
    let account = r#"{"email":"owner@example.com","password":"correct horse battery"}"#;
    for (number, (path, body)) in [
        ("/api/co/auth/sign-up", account),
        ("/api/co/auth/sign-in", account),
        ("/api/co/auth/sign-in", r#"{"email":"owner@example.com","password":"wrong"}"#),
        ("/nothing\u{7f}%0a{\"level\":\"ERROR\"}", "x"),
        ("/api/co/auth/refresh", "{\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let call = client.post(format!("{}{path}", server.base)).header("content-type", "application/json");
        call.header("x-request-id", format!("line-{number}")).body(body).send().await.unwrap();
    }
    until_logged(&server, "line-4").await;
    server
}

/// RFC 3339 in UTC: `2026-11-24T12:00:00.000000Z`.
fn is_utc(moment: &str) -> bool {
    let shape: String = moment.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some((seconds, rest)) = shape.split_once('.') else { return false };
    seconds == "0000-00-00T00:00:00"
        && rest.strip_suffix('Z').is_some_and(|part| part.bytes().all(|b| b == b'0'))
}

#[tokio::test]
async fn asvs_16_2_4_every_line_is_one_json_object_of_one_shape() {
    let data = tempfile::tempdir().unwrap();
    let server = server(data.path(), "json").await;
    let log = server.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.len() >= 6, "{log}");
    for line in &lines {
        let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name} in {line}"));
        assert!(is_utc(text("timestamp")), "{line}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&text("level")), "{line}");
        assert!(!text("target").is_empty() && !text("message").is_empty(), "{line}");
    }
    // Who asked, what for, and what came of it.
    for (number, status) in [(0, 201), (1, 200), (2, 401), (3, 404), (4, 400)] {
        let id = format!("line-{number}");
        let of_request: Vec<_> = lines.iter().filter(|line| line.to_string().contains(&id)).collect();
        assert_eq!(of_request.len(), 1, "{of_request:?}");
        let line = of_request[0].to_string();
        assert!(line.contains(&format!("\"status\":{status}")) && line.contains("\"route\":"), "{line}");
    }
}

#[tokio::test]
async fn asvs_16_2_3_the_log_goes_to_standard_error_and_nowhere_else() {
    let data = tempfile::tempdir().unwrap();
    let server = server(data.path(), "text").await;
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        names.insert(path.file_name().unwrap().to_string_lossy().into_owned());
        assert!(!text.windows(6).any(|part| part == b"INFO  "), "{}", path.display());
    }
    let known =
        ["minbil-auth.db", "minbil-auth.db-shm", "minbil-auth.db-wal", "minbil-auth.db.lock", "root.key"];
    assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
    // Every regular file that the process holds open is one of those.
    for entry in std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap() {
        let Ok(target) = std::fs::read_link(entry.unwrap().path()) else { continue };
        if target.is_file() {
            assert!(target.starts_with(data.path().canonicalize().unwrap()), "{}", target.display());
        }
    }
}

#[tokio::test]
async fn asvs_16_3_3_every_attempt_to_get_round_a_control_leaves_a_line_or_an_event() {
    let log = record_log();
    let server = TestServer::with(Setup::default().limited()).await;
    let page = server.owner_on_page().await;
    let wrong = serde_json::json!({ "email": "nobody@example.com", "password": "a wrong password" });
    for _ in 0..10 {
        server.post("sign-in").json(&wrong).from([203, 0, 113, 9]).await.problem("invalid_credentials");
    }
    let forged = format!("eyJhbGciOiJub25lIn0.{}.", page.access.split('.').nth(1).unwrap());
    for (name, draft, status) in [
        ("limit", server.post("sign-in").json(&wrong).from([203, 0, 113, 9]), 429),
        ("forgery", server.post("refresh").cookie(&page.cookie).header("origin", EVIL), 403),
        ("algorithm", server.get("me").bearer(&forged), 401),
        (
            "redirect",
            server.post("forgot-password").json(&serde_json::json!({ "email": OWNER, "redirect_to": EVIL })),
            400,
        ),
        ("method", server.get("refresh"), 405),
        ("size", server.post("sign-in").raw("application/json", "x".repeat(1 << 20)), 413),
    ] {
        let id = format!("control-{name}");
        assert_eq!(draft.header("x-request-id", &id).await.status, status, "{name}");
        let lines = log.lines_with(&id);
        assert!(lines.len() == 1 && lines[0].contains(&format!("status={status}")), "{name}: {lines:?}");
    }
    server.refresh(Body(&page.refresh)).await.ok();
    server.advance(Duration::from_mins(2));
    let reused =
        server.post("refresh").presenting(Body(&page.refresh)).header("x-request-id", "control-reuse");
    reused.await.problem("refresh_reused");
    let event = server.events().await.pop().unwrap();
    assert_eq!(event.kind.name(), "refresh_reused");
    assert_eq!(event.audit.request_id.as_deref(), Some("control-reuse"));
    assert_eq!(server.one_letter().await.to, OWNER);
}
