//! Many writes share one flush, and each is undone alone.

use crate::database::{Database, patient};
use app::fault::{Fault, FaultKind};
use app::ports::store::{AccountStore as _, OpenSession, SessionStore as _, SignUpOutcome};
use minbil_auth_store_sqlite::SqliteOptions;
use std::sync::Arc;
use testkit::builders::{co, new_account, open, sealed};
use tokio::task::JoinHandle;

/// Starts a sign-up and lets it come as far as the queue. (One thread runs all tasks of a test here, so a task
/// that was given its turn has queued what it has to queue.)
async fn queue(database: &Database, name: &str) -> JoinHandle<Result<SignUpOutcome, Fault>> {
    let (store, account) = (Arc::clone(&database.store), new_account(name));
    let call = tokio::spawn(async move { store.sign_up(account).await });
    tokio::task::yield_now().await;
    call
}

async fn queue_many(database: &Database, count: usize) -> Vec<JoinHandle<Result<SignUpOutcome, Fault>>> {
    let mut calls = Vec::new();
    for n in 0..count {
        calls.push(queue(database, &format!("n{n}")).await);
    }
    calls
}

#[tokio::test]
async fn writes_that_wait_together_share_one_flush() {
    let database = Database::with(patient());
    let lock = database.locked_out();
    let calls = queue_many(&database, 200).await;
    drop(lock);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let stats = database.store.stats();
    // One group was taken before the lock went, with what had been queued until then; the other has the rest.
    assert_eq!(stats.intentions, 200);
    assert!(stats.groups <= 2 && stats.largest_group >= 100, "{stats:?}");
}

#[tokio::test]
async fn no_group_is_larger_than_the_limit_and_a_limit_of_one_gives_each_its_own() {
    for (group_max, groups_min) in [(1, 60), (7, 9)] {
        let database = Database::with(SqliteOptions { group_max, ..patient() });
        let lock = database.locked_out();
        let calls = queue_many(&database, 60).await;
        drop(lock);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let stats = database.store.stats();
        assert_eq!(stats.intentions, 60);
        assert!(stats.groups >= groups_min && stats.largest_group <= group_max as u64, "{stats:?}");
    }
}

#[tokio::test]
async fn a_lone_client_never_waits_for_company() {
    let database = Database::new();
    for n in 0..5 {
        database.sign_up(&format!("n{n}")).await;
        assert_eq!(database.store.stats().groups, n + 1);
    }
}

/// The second of three fails after its first statement; all are in one group.
#[tokio::test]
async fn one_that_fails_undoes_itself_alone_within_its_group() {
    let database = Database::with(patient());
    let kari = database.sign_up("kari").await;
    let taken = open(&kari);
    let id = taken.id;
    database.store.open_session(taken).await.unwrap();
    let before = database.store.stats();
    let lock = database.locked_out();
    let mut calls = vec![queue(&database, "first").await];
    let (store, twice) =
        (Arc::clone(&database.store), OpenSession { id, rehash: Some(sealed("x")), ..open(&kari) });
    let failing = tokio::spawn(async move { store.open_session(twice).await });
    tokio::task::yield_now().await;
    calls.push(queue(&database, "last").await);
    drop(lock);
    for call in calls {
        assert!(matches!(call.await.unwrap().unwrap(), SignUpOutcome::Created(_)));
    }
    let fault = failing.await.unwrap().unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Internal);
    assert!(database.store.stats().groups <= before.groups + 2);
    let credential = database.store.find_credential_of(&co(), kari.id).await.unwrap().unwrap();
    assert!(credential.password == sealed("first"));
}

#[tokio::test]
async fn a_full_queue_is_unavailable_at_once_and_loses_nothing_that_was_queued() {
    let database = Database::with(SqliteOptions { queue_max: 3, group_max: 1, ..patient() });
    let lock = database.locked_out();
    let calls = queue_many(&database, 20).await;
    // One may be in the writer's hands beside the three that wait.
    let refused: Vec<_> = calls.iter().map(JoinHandle::is_finished).collect();
    assert!(refused.iter().filter(|refused| **refused).count() >= 16);
    drop(lock);
    let mut accepted = 0;
    for (call, refused) in calls.into_iter().zip(refused) {
        match call.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(fault) => assert!(refused && fault.kind() == FaultKind::Unavailable, "{fault}"),
        }
    }
    assert_eq!(database.names().await.len(), accepted);
    assert!((3..=4).contains(&accepted));
    database.sign_up("later").await;
}

#[tokio::test]
async fn what_a_client_that_went_away_asked_for_is_done() {
    let database = Database::with(patient());
    let lock = database.locked_out();
    let call = queue(&database, "gone").await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(lock);
    database.sign_up("kari").await;
    assert_eq!(database.names().await, ["gone", "kari"]);
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
    let database = Database::with(patient());
    let lock = database.locked_out();
    let calls = queue_many(&database, 50).await;
    let store = Arc::clone(&database.store);
    let closing = tokio::spawn(async move { store.close().await });
    tokio::task::yield_now().await;
    drop(lock);
    closing.await.unwrap().unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let late = database.store.sign_up(new_account("late")).await.unwrap_err();
    assert_eq!(late.kind(), FaultKind::Unavailable);
    assert_eq!(database.names().await.len(), 50);
    database.store.close().await.unwrap();
}
