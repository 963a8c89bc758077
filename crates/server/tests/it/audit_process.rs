//! The audit log of the built binary: its commands, and a server that is killed while it seals.

use crate::process::{Ran, ServerProcess, ServerSetup, run};
use rusqlite::Connection;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the sealer may take on a busy machine.
const SEALED_MAX: Duration = Duration::from_secs(120);

fn count(data: &Path, condition: &str) -> u64 {
    let database = Connection::open(data.join("minbil-auth.db")).unwrap();
    database.busy_timeout(Duration::from_secs(60)).unwrap();
    let sql = format!("SELECT count(*) FROM events WHERE {condition}");
    u64::try_from(database.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SEALED_MAX, "{what} does not come");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Old events, as a server from before this version has left them.
fn fill(data: &Path, events: u32) {
    let mut database = Connection::open(data.join("minbil-auth.db")).unwrap();
    let transaction = database.transaction().unwrap();
    let insert = "INSERT INTO events (id, at, kind, namespace, actor) VALUES (?1, ?2, 'forgot_password', 'co', 'client')";
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - Duration::from_secs(3600);
    let now = u64::try_from(now.as_millis()).unwrap();
    for n in 0..events {
        let id = uuid::Builder::from_unix_timestamp_millis(now + u64::from(n), &[7; 10]).into_uuid();
        let at = i64::try_from(now + u64::from(n)).unwrap();
        transaction.execute(insert, rusqlite::params![id.as_bytes(), at]).unwrap();
    }
    transaction.commit().unwrap();
}

fn verified(data: &Path, arguments: &[&str]) -> Ran {
    let ran = run(data, &[&["audit", "verify"], arguments].concat(), "");
    assert!(ran.is_success, "{ran:?}");
    ran
}

fn head(ran: &Ran) -> String {
    ran.out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned()
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_seals_leaves_a_whole_chain() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    assert!(run(data, &["migrate"], "").is_success);
    fill(data, 60_000);
    let server = ServerProcess::start(data, &ServerSetup::default()).await;
    until("the first seal", || count(data, "seq IS NOT NULL") > 0).await;
    server.kill();
    let (sealed, waiting) = (count(data, "seq IS NOT NULL"), count(data, "seq IS NULL"));
    assert!(sealed > 0 && waiting > 0, "killed in the middle: {sealed} and {waiting}");
    let cut_off = verified(data, &[]);
    assert!(cut_off.out.contains(&format!("{sealed} sealed events")), "{cut_off:?}");
    assert!(cut_off.out.contains(&format!("{waiting} events wait")), "{cut_off:?}");
    let server = ServerProcess::start(data, &ServerSetup::default()).await;
    until("the last seal", || count(data, "seq IS NULL") == 0).await;
    until("the head in the log", || server.log().contains("the audit log's chain stands here")).await;
    let whole = verified(data, &["--head", &head(&cut_off)]);
    // What the log said fits the chain.
    let log = server.log();
    let line = log.lines().find(|line| line.contains("the audit log's chain stands here")).unwrap();
    let noted = line.split_once("head=").unwrap().1.split_whitespace().next().unwrap();
    verified(data, &["--head", noted]);
    server.kill();
    assert!(head(&whole).starts_with(&format!("{}:", count(data, "seq > 0"))), "{whole:?}");
    Connection::open(data.join("minbil-auth.db"))
        .unwrap()
        .execute("UPDATE events SET address = '203.0.113.1' WHERE seq = 31337", [])
        .unwrap();
    let edited = run(data, &["audit", "verify"], "");
    assert!(!edited.is_success && edited.err.contains("row 31337 was edited"), "{edited:?}");
    let unsure = run(data, &["audit", "restart"], "");
    assert!(!unsure.is_success && unsure.err.contains("--yes"), "{unsure:?}");
    let again = run(data, &["audit", "restart", "--yes"], "");
    assert!(again.is_success && again.out.contains("row 31337 was edited"), "{again:?}");
    verified(data, &[]);
    let whole = run(data, &["audit", "restart", "--yes"], "");
    assert!(!whole.is_success && whole.err.contains("the chain is whole"), "{whole:?}");
    let why = run(data, &["audit", "export", "--kind", "audit_restarted"], "").json();
    assert_eq!((&why["detail"], &why["actor"]), (&"row 31337 was edited".into(), &"operator".into()));
}

#[test]
fn the_log_is_exported_as_json_lines_with_stable_names() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let added = run(data, &["user", "add", "kari@example.com"], "a password for the log\n");
    assert!(added.is_success, "{added:?}");
    let id = added.out.split_whitespace().next().unwrap().to_owned();
    assert!(run(data, &["user", "disable", "kari@example.com"], "").is_success);
    let export = |arguments: &[&str]| -> Vec<Value> {
        let ran = run(data, &[&["audit", "export"], arguments].concat(), "");
        assert!(ran.is_success, "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = export(&[]);
    let kinds: Vec<_> = all.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["root_key_remembered", "sign_up", "account_disabled"]);
    let names: Vec<_> = all[1].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "id",
        "at",
        "kind",
        "namespace",
        "user_id",
        "session_id",
        "actor",
        "request_id",
        "source",
        "detail",
        "problem",
        "times",
        "seq",
        "seal_key",
        "seal",
        "outcome",
    ];
    assert_eq!(names, expected);
    assert_eq!((&all[0]["actor"], &all[1]["actor"]), (&"worker".into(), &"operator".into()));
    assert_eq!((&all[1]["user_id"], &all[1]["outcome"]), (&id.as_str().into(), &"success".into()));
    assert!(all[1]["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(export(&["--user", &id]).len(), 2);
    assert_eq!(export(&["--kind", "sign_up"]).len(), 1);
    assert_eq!(export(&["--since", "2020-01-01", "--until", "2021-01-01T00:00:00Z"]).len(), 0);
    assert_eq!(export(&["--since", "2020-01-01"]).len(), 3);
    assert!(!run(data, &["audit", "export"], "").out.contains("kari@"), "no address");
    for (arguments, said) in
        [(["--kind", "party"], "sign_in_refused"), (["--since", "yesterday"], "2026-02-03")]
    {
        let refused = run(data, &[&["audit", "export"], &arguments[..]].concat(), "");
        assert!(!refused.is_success && refused.err.contains(said), "{refused:?}");
    }
    let refused = run(data, &["audit", "verify", "--head", "12"], "");
    assert!(!refused.is_success && refused.err.contains("64 hexadecimal digits"), "{refused:?}");
}

#[tokio::test]
async fn a_start_is_an_event_and_a_stop_writes_down_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut details = Vec::new();
    for grace in [30, 31] {
        let setup = ServerSetup::default().with("MINBIL_AUTH_SESSIONS__REFRESH_GRACE_SECONDS", grace);
        let mut server = ServerProcess::start(data, &setup).await;
        let refresh = format!("{}/api/co/auth/refresh", server.base);
        let token = serde_json::json!({ "refresh_token": "mbr1_garbage" });
        let answer = reqwest::Client::new().post(refresh).json(&token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        server.terminate();
        assert!(server.ended().await.success());
        let events = run(data, &["audit", "export"], "").out;
        let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = events.last().unwrap();
        assert_eq!((&last["kind"], &last["problem"]), (&"calls_refused".into(), &"invalid_token".into()));
        assert_eq!(
            (&last["times"], &last["outcome"], &last["actor"]),
            (&1.into(), &"failure".into(), &"anonymous".into())
        );
        assert_eq!(last["source"], "127.0.0.1");
        let started = events.iter().rfind(|event| event["kind"] == "server_started").unwrap();
        details.push(started["detail"].as_str().unwrap().to_owned());
    }
    assert!(details[0].contains(", development, configuration "), "{details:?}");
    assert_ne!(details[0], details[1], "another configuration is told from the first");
}
