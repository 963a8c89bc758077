//! Opening: new, newer, missing, read-only and shared databases, and who may read them.

use crate::database::{Database, impatient, open};
use app::fault::FaultKind;
use app::ports::store::{AccountStore as _, KeyStore as _, StoreUpkeep as _};
use minbil_auth_store_sqlite::OpenError;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use testkit::builders::{co, new_account};

#[tokio::test]
async fn nobody_else_may_read_any_of_its_files() {
    let database = Database::new();
    database.sign_up("kari").await;
    database.store.backup(&database.directory().join("copy.db")).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(database.directory()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["copy.db", "store.db", "store.db-shm", "store.db-wal"]);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let database = Database::new();
    database.sign_up("kari").await;
    let outside = database.outside();
    outside.execute("UPDATE refinery_schema_history SET version = 1042 WHERE version = 1", []).unwrap();
    match open(&database.path()) {
        Err(OpenError::Newer { found: 1042, known }) => assert!((4..1042).contains(&known)),
        Err(other) => unreachable!("{other}"),
        Ok(_) => unreachable!("opened"),
    }
    let kept: i64 = outside.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[test]
fn a_missing_directory_is_said_to_be_missing() {
    let directory = tempfile::tempdir().unwrap();
    let result = open(&directory.path().join("missing/store.db"));
    assert!(matches!(result, Err(OpenError::File(error)) if error.kind() == ErrorKind::NotFound));
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let text = "somebody's letters, and not a short one either. ".repeat(100);
    fs::write(&path, &text).unwrap();
    assert!(matches!(open(&path), Err(OpenError::Sqlite(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(matches!(open(directory.path()), Err(OpenError::Sqlite(_))));
}

/// The header's byte 18 says who may write; from 3 on nobody of this SQLite may, not even root.
#[tokio::test]
async fn a_read_only_database_is_unavailable_for_writing_and_can_be_read() {
    let database = Database::new();
    database.sign_up("kari").await;
    database.store.close().await.unwrap();
    let mut bytes = fs::read(database.path()).unwrap();
    bytes[18] = 3;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    fs::write(&path, bytes).unwrap();
    let store = open(&path).unwrap();
    let fault = store.sign_up(new_account("ola")).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unavailable, "{fault}");
    assert_eq!(store.list_accounts(&co(), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn while_another_process_holds_the_lock_writes_are_unavailable_and_reads_go_on() {
    let database = Database::with(impatient());
    let kari = database.sign_up("kari").await;
    let lock = database.locked_out();
    let fault = database.store.sign_up(new_account("ola")).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unavailable, "{fault}");
    assert_eq!(database.store.check().await.unwrap_err().kind(), FaultKind::Unavailable);
    assert_eq!(database.store.list_accounts(&co(), None, 10).await.unwrap(), [kari]);
    drop(lock);
    database.sign_up("ola").await;
    database.store.check().await.unwrap();
}

#[tokio::test]
async fn two_processes_that_write_take_turns() {
    let database = Database::new();
    let other = open(&database.path()).unwrap();
    for n in 0..10 {
        database.sign_up(&format!("a{n}")).await;
        other.sign_up(new_account(&format!("b{n}"))).await.unwrap();
        let seen = other.list_accounts(&co(), None, 100).await.unwrap().len();
        assert_eq!((seen, database.names().await.len()), (2 * n + 2, 2 * n + 2));
    }
}

#[tokio::test]
async fn a_look_beside_a_running_server_sees_what_it_wrote_and_changes_nothing() {
    let database = Database::new();
    database.store.remember_root_key(1, [7; 32]).await.unwrap();
    let found = minbil_auth_store_sqlite::examine(&database.path()).unwrap();
    assert_eq!((found.version, found.faults.len()), (found.known, 0));
    assert_eq!(found.root_keys, [(1, [7; 32])]);
    database.outside().execute("DELETE FROM refinery_schema_history", []).unwrap();
    assert_eq!(minbil_auth_store_sqlite::examine(&database.path()).unwrap().version, 0);
    let missing = database.directory().join("missing.db");
    assert!(minbil_auth_store_sqlite::examine(&missing).is_err() && !missing.exists());
}
