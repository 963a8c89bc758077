//! What was answered is on disk: crashes, cut logs, reopening.

use crate::database::{Database, open};
use app::ports::store::{AccountStore as _, AuditStore as _, SessionStore as _};
use domain::session::{Slot, Verdict};
use minbil_auth_store_sqlite::SqliteOptions;
use std::fs;
use testkit::builders::{co, end, full, refresh};

#[tokio::test]
async fn every_answer_survives_a_crash_right_after_it() {
    let database = Database::new();
    for n in 1..=10 {
        database.sign_up(&format!("n{n}")).await;
        assert_eq!(database.after_a_crash().names().await.len(), n);
    }
}

/// The one that matters most: a client that got a successor must not be taken for a thief after a crash.
#[tokio::test]
async fn a_rotation_and_a_revocation_survive_a_crash() {
    let database = Database::new();
    let kari = database.sign_up("kari").await;
    let opened = database.store.open_session(testkit::builders::open(&kari)).await.unwrap();
    let app::ports::store::OpenSessionOutcome::Opened(opened) = opened else {
        unreachable!("nothing changed")
    };
    let session = opened.session;
    let outcome = database.store.refresh_session(refresh(&session, full(Slot::Body, 0))).await.unwrap();
    let crashed = database.after_a_crash();
    let view = crashed.store.find_session(&co(), session.id).await.unwrap().unwrap();
    assert_eq!(Some(view.session), outcome.session);
    let next = crashed.store.refresh_session(refresh(&session, full(Slot::Body, 1))).await.unwrap();
    assert_eq!(next.verdict, Verdict::Rotate);
    database.store.end_session(end(&session)).await.unwrap();
    let crashed = database.after_a_crash();
    let next = crashed.store.refresh_session(refresh(&session, full(Slot::Body, 1))).await.unwrap();
    assert!(matches!(next.verdict, Verdict::Ended(_)));
}

/// A write is whole in the log when it is answered, and nothing of it counts one byte earlier.
#[tokio::test]
async fn a_log_that_is_cut_anywhere_keeps_exactly_what_was_answered_before_the_cut() {
    let database = Database::new();
    let log = database.directory().join("store.db-wal");
    let mut lengths = Vec::new();
    for n in 0..6 {
        database.sign_up(&format!("n{n}")).await;
        lengths.push(fs::read(&log).unwrap().len());
    }
    for (n, length) in lengths.into_iter().enumerate() {
        for (cut, kept) in [(length, n + 1), (length - 1, n)] {
            let directory = tempfile::tempdir().unwrap();
            fs::copy(database.path(), directory.path().join("store.db")).unwrap();
            fs::write(directory.path().join("store.db-wal"), &fs::read(&log).unwrap()[..cut]).unwrap();
            let reopened = Database::within(directory, SqliteOptions::default());
            assert_eq!(reopened.names().await.len(), kept, "cut at {cut}");
            // An account and the event of its sign-up are one write.
            assert_eq!(reopened.store.list_events(100).await.unwrap().len(), kept, "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_damaged_frame_ends_the_log_there() {
    let database = Database::new();
    database.sign_up("kept").await;
    let log = database.directory().join("store.db-wal");
    let intact = fs::read(&log).unwrap().len();
    database.sign_up("lost").await;
    let mut bytes = fs::read(&log).unwrap();
    bytes[intact + 100] ^= 0xff;
    let directory = tempfile::tempdir().unwrap();
    fs::copy(database.path(), directory.path().join("store.db")).unwrap();
    fs::write(directory.path().join("store.db-wal"), bytes).unwrap();
    assert_eq!(Database::within(directory, SqliteOptions::default()).names().await, ["kept"]);
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let database = Database::new();
    database.sign_up("kari").await;
    database.store.close().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    fs::copy(database.path(), &path).unwrap();
    let copy = open(&path).unwrap();
    assert_eq!(copy.list_accounts(&co(), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_opens_again_with_everything_and_its_schema_is_left_alone() {
    let database = Database::new();
    let kari = database.sign_up("kari").await;
    for _ in 0..3 {
        let again = open(&database.path()).unwrap();
        let found = again.list_accounts(&co(), None, 10).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&kari));
    }
}
