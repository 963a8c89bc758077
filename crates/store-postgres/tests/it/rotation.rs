//! Refreshes that share a transaction.

use crate::database::{Database, open};
use app::ports::store::{AccountStore as _, OpenSessionOutcome, SessionStore as _, SignUpOutcome};
use domain::session::{Session, Slot, Verdict};
use minbil_auth_store_postgres::{PostgresOptions, PostgresStore};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::builders::{full, new_account, open as open_by, refresh};
use tokio::task::JoinSet;

/// Sessions of as many users.
async fn sessions(store: &PostgresStore, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in 0..count {
        let outcome = store.sign_up(new_account(&format!("user{number}"))).await.unwrap();
        let SignUpOutcome::Created(user) = outcome else { panic!("{outcome:?}") };
        match store.open_session(open_by(&user)).await.unwrap() {
            OpenSessionOutcome::Opened(opened) => sessions.push(opened.session),
            OpenSessionOutcome::CredentialChanged => panic!("the credential changed"),
        }
    }
    sessions
}

/// Refreshes all of them at once; what became of each, in their order.
async fn refresh_all(store: &Arc<PostgresStore>, sessions: &[Session]) -> Vec<Verdict> {
    let mut all = JoinSet::new();
    for (number, session) in sessions.iter().enumerate() {
        let (store, refresh) = (Arc::clone(store), refresh(session, full(Slot::Body, 0)));
        all.spawn(async move { (number, store.refresh_session(refresh).await.unwrap().verdict) });
    }
    let mut verdicts = all.join_all().await;
    verdicts.sort_by_key(|(number, _)| *number);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// How many transactions wrote the sessions as they are.
async fn transactions(database: &Database) -> usize {
    let rows = database.plain().await.query("SELECT xmin::text FROM sessions", &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<BTreeSet<_>>().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshes_that_come_together_share_transactions_and_each_gets_its_own_answer() {
    let database = Database::new().await;
    let mut sessions = sessions(&database.store, 40).await;
    // One of them was never issued: it is told so, and costs the others nothing.
    sessions[7].salt.0[0] ^= 1;
    let verdicts = refresh_all(&database.store, &sessions).await;
    for (number, verdict) in verdicts.into_iter().enumerate() {
        assert_eq!(verdict, if number == 7 { Verdict::NeverIssued } else { Verdict::Rotate }, "{number}");
    }
    let shared = transactions(&database).await;
    assert!(shared < 30, "{shared} transactions for 40 sessions");
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_group_of_one_each_refresh_commits_by_itself() {
    let database = Database::new().await;
    let sessions = sessions(&database.store, 20).await;
    let clock = Arc::clone(&database.clock);
    let options = PostgresOptions { group_max: 1, clock, ..PostgresOptions::default() };
    let store = Arc::new(open(&database.url, options).await.unwrap());
    assert!(refresh_all(&store, &sessions).await.into_iter().all(|verdict| verdict == Verdict::Rotate));
    assert_eq!(transactions(&database).await, 20);
    store.close();
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_somebody_holds_keeps_no_other_one_from_its_refresh() {
    let database = Database::new().await;
    let sessions = sessions(&database.store, 20).await;
    let mut holder = database.plain().await;
    let held = holder.transaction().await.unwrap();
    let lock = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE";
    held.execute(lock, &[&sessions[3].id.uuid()]).await.unwrap();
    let (held_one, others): (Vec<_>, Vec<_>) =
        sessions.iter().cloned().partition(|session| session.id == sessions[3].id);
    let store = Arc::clone(&database.store);
    let waiting = tokio::spawn(async move { refresh_all(&store, &held_one).await });
    let verdicts = refresh_all(&database.store, &others).await;
    assert!(verdicts.into_iter().all(|verdict| verdict == Verdict::Rotate));
    assert!(!waiting.is_finished());
    held.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap(), [Verdict::Rotate]);
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_meets_a_held_session_is_taken_apart() {
    let database = Database::new().await;
    let sessions = sessions(&database.store, 40).await;
    let mut holder = database.plain().await;
    let held = holder.transaction().await.unwrap();
    let lock = "SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE";
    held.execute(lock, &[&sessions[39].id.uuid()]).await.unwrap();
    let (store, all) = (Arc::clone(&database.store), sessions.clone());
    let refreshing = tokio::spawn(async move { refresh_all(&store, &all).await });
    let rotated = "SELECT count(*) FROM sessions WHERE body_generation = 1";
    let plain = database.plain().await;
    while plain.query_one(rotated, &[]).await.unwrap().get::<_, i64>(0) < 39 {
        tokio::task::yield_now().await;
    }
    assert!(!refreshing.is_finished());
    held.rollback().await.unwrap();
    assert!(refreshing.await.unwrap().into_iter().all(|verdict| verdict == Verdict::Rotate));
    database.discard().await;
}
