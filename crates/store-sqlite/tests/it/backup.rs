//! Backups of a running database.

use crate::database::{Database, open};
use app::ports::store::{AccountStore as _, StoreUpkeep as _};
use rusqlite::Connection;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;
use testkit::builders::{co, new_account};

#[tokio::test]
async fn a_backup_is_of_one_moment_while_writing_goes_on() {
    let database = Database::new();
    for n in 0..50 {
        database.sign_up(&format!("n{n:04}")).await;
    }
    let store = Arc::clone(&database.store);
    let writing = tokio::spawn(async move {
        for n in 50..250 {
            store.sign_up(new_account(&format!("n{n:04}"))).await.unwrap();
        }
    });
    for attempt in 0..5 {
        let answered_before = database.names().await.len();
        let target = database.directory().join(format!("copy{attempt}.db"));
        database.store.backup(&target).await.unwrap();
        let copied = names_and_events(&target);
        assert!(copied.0.len() >= answered_before);
        let whole: Vec<_> = (0..copied.0.len()).map(|n| format!("n{n:04}@example.com")).collect();
        assert_eq!(copied.0, whole);
        assert_eq!(copied.1, whole.len());
    }
    writing.await.unwrap();
}

/// The addresses in a copy, and how many sign-ups its log holds.
fn names_and_events(path: &std::path::Path) -> (Vec<String>, usize) {
    let copy = Connection::open(path).unwrap();
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut select = copy.prepare("SELECT email FROM users ORDER BY email").unwrap();
    let names = select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let events = copy.query_row("SELECT count(*) FROM events WHERE kind = 'sign_up'", [], |row| row.get(0));
    (names, usize::try_from(events.unwrap_or(-1_i64)).unwrap())
}

#[tokio::test]
async fn a_backup_opens_as_a_store() {
    let database = Database::new();
    let kari = database.sign_up("kari").await;
    let target = database.directory().join("copy.db");
    database.store.backup(&target).await.unwrap();
    let copy = open(&target).unwrap();
    assert_eq!(copy.list_accounts(&co(), None, 10).await.unwrap(), [kari]);
    copy.sign_up(new_account("ola")).await.unwrap();
    assert_eq!(database.names().await, ["kari"]);
}

#[tokio::test]
async fn a_backup_that_fails_leaves_no_half_copy() {
    let database = Database::new();
    database.sign_up("kari").await;
    let missing = database.directory().join("missing/copy.db");
    assert!(database.store.backup(&missing).await.is_err());
    let unreadable = database.directory().join(OsString::from_vec(b"copy\xff.db".to_vec()));
    assert!(database.store.backup(&unreadable).await.is_err());
    // The source goes away: the copy is begun and cannot be made.
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        fs::remove_file(database.directory().join(name)).unwrap();
    }
    let target = database.directory().join("copy.db");
    assert!(database.store.backup(&target).await.is_err());
    assert_eq!(fs::read_dir(database.directory()).unwrap().count(), 0);
}
