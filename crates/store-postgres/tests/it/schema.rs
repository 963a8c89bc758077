//! Migrations, and programs of two versions on one schema.

use crate::database::{Database, connect, new_schema, open, server};
use app::ports::store::{AccountStore as _, AuditStore as _, SessionStore as _, StoreUpkeep as _};
use domain::session::Slot;
use minbil_auth_store_postgres::{OpenError, PostgresOptions};
use std::collections::BTreeSet;
use testkit::builders::{full, new_account, open as open_by, refresh};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_make_one_schema() {
    let (schema, url) = new_schema().await;
    let mut set = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        set.spawn(async move { open(&url, PostgresOptions::default()).await.unwrap() });
    }
    let stores = set.join_all().await;
    let rows = connect(&url).await.query("SELECT version FROM schema_history", &[]).await.unwrap();
    let versions: BTreeSet<i32> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!((versions.len(), versions.first()), (rows.len(), Some(&1)), "each of them once");
    for store in stores {
        store.check().await.unwrap();
        store.close();
    }
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

/// The next schema as the next program would make it: expanding, so that this program may go on.
const EXPANDING: &str = "
    INSERT INTO schema_history VALUES (1000, 'an expanding one', 1, now());
    ALTER TABLE users ADD COLUMN nickname TEXT;
    ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT 'unknown';
    ALTER TABLE outbox ADD COLUMN priority BIGINT;
    ALTER TABLE events ADD COLUMN country TEXT;
    CREATE TABLE passkeys (id UUID PRIMARY KEY)";

#[tokio::test]
async fn a_program_goes_on_and_starts_on_a_schema_that_was_expanded() {
    let database = Database::new().await;
    let app::ports::store::SignUpOutcome::Created(user) =
        database.store.sign_up(new_account("kari")).await.unwrap()
    else {
        panic!("kari is taken")
    };
    let plain = database.plain().await;
    plain.batch_execute(EXPANDING).await.unwrap();
    // The one that was running.
    let opened = database.store.open_session(open_by(&user)).await.unwrap();
    let app::ports::store::OpenSessionOutcome::Opened(opened) = opened else { panic!("{opened:?}") };
    // One of the same version that starts only now.
    let options = PostgresOptions { clock: database.clock.clone(), ..PostgresOptions::default() };
    let other = open(&database.url, options).await.unwrap();
    let outcome = other.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await.unwrap();
    assert_eq!(outcome.session.unwrap().body.generation, 1);
    assert_eq!(database.store.list_events(10).await.unwrap().len(), 2);
    other.close();
    database.discard().await;
}

#[tokio::test]
async fn a_program_does_not_start_on_a_schema_that_was_contracted() {
    let database = Database::new().await;
    let newer = "INSERT INTO schema_history VALUES (1000, 'a contracting one', 1000, now())";
    database.plain().await.batch_execute(newer).await.unwrap();
    let refused = open(&database.url, PostgresOptions::default()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 1000, .. }), "{refused}");
    assert!(refused.to_string().contains("use the newer program"), "{refused}");
    database.discard().await;
}

#[tokio::test]
async fn a_migration_that_was_cut_off_half_way_is_done_again() {
    // As a database whose DDL does not roll back would leave it: tables without history.
    let database = Database::new().await;
    database.plain().await.batch_execute("DROP TABLE schema_history; DROP TABLE pulse").await.unwrap();
    let store = open(&database.url, PostgresOptions::default()).await.unwrap();
    store.check().await.unwrap();
    store.close();
    database.discard().await;
}
