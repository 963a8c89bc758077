//! A copy that is put into an empty database: everything is there, and nothing that was revoked lives again.

use crate::database::{Database, connect, new_schema, open, server};
use app::ports::store::{
    AccountKey, AccountStore as _, AuditStore as _, ChainMark, ChainPage, EventSeal, OpenSessionOutcome,
    SessionStore as _, SignUpOutcome, StoreUpkeep as _,
};
use domain::event::EventKind;
use domain::ids::EventId;
use domain::refresh_token::MacKeyId;
use domain::session::{Ended, RevokeReason, Slot, Verdict};
use futures_util::SinkExt as _;
use minbil_auth_store_postgres::PostgresOptions;
use std::pin::pin;
use std::time::Duration;
use testkit::builders::{co, full, new_account, open as open_by, refresh};

/// Does what `psql --file` does with such a file.
async fn put_back(url: &str, text: &str) {
    let client = connect(url).await;
    let mut statements = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("COPY ") {
            statements = format!("{statements}{line}\n");
            continue;
        }
        client.batch_execute(&std::mem::take(&mut statements)).await.unwrap();
        let rows: String =
            lines.by_ref().take_while(|line| *line != "\\.").map(|line| format!("{line}\n")).collect();
        let mut sink = pin!(client.copy_in(line.trim_end_matches(';')).await.unwrap());
        sink.send(bytes::Bytes::from(rows)).await.unwrap();
        sink.close().await.unwrap();
    }
    client.batch_execute(&statements).await.unwrap();
}

/// Puts everything that there is into the chain.
async fn sealed(database: &Database) -> ChainPage {
    let events = database.store.find_unsealed(Duration::ZERO, 10).await.unwrap().events;
    let (key, seal) = (MacKeyId(1), [7; 32]);
    let place = |(seq, (id, _)): (u64, &(EventId, _))| EventSeal { id: *id, seq, key, seal };
    let seals: Vec<_> = (1..).zip(&events).map(place).collect();
    let head = ChainMark { seq: events.len() as u64, seal, mac_key: key, mac: [8; 32] };
    assert!(database.store.append_seals(0, seals, head).await.unwrap());
    database.store.read_chain(0, 10).await.unwrap()
}

#[tokio::test]
async fn a_copy_that_is_put_back_is_whole_and_revives_nothing() {
    let database = Database::new().await;
    let SignUpOutcome::Created(user) = database.store.sign_up(new_account("kari")).await.unwrap() else {
        panic!("kari is taken")
    };
    let OpenSessionOutcome::Opened(opened) = database.store.open_session(open_by(&user)).await.unwrap()
    else {
        panic!("the credential changed")
    };
    let chain = sealed(&database).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.sql");
    database.store.backup(&file).await.unwrap();
    assert!(database.store.backup(&file).await.is_err(), "an existing file is never written over");
    let text = std::fs::read_to_string(&file).unwrap();
    let (schema, url) = new_schema().await;
    put_back(&url, &text).await;
    let options = PostgresOptions { clock: database.clock.clone(), ..PostgresOptions::default() };
    let restored = open(&url, options).await.unwrap();
    let found = restored.find_account(&co(), &AccountKey::Id(user.id)).await.unwrap().unwrap();
    assert_eq!((found.email, found.credential_epoch.0), (user.email, user.credential_epoch.0 + 1));
    let outcome = restored.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Ended(Ended::Revoked(RevokeReason::Restored)));
    assert_eq!(restored.read_chain(0, 10).await.unwrap(), chain);
    let newest = restored.list_events(10).await.unwrap();
    assert_eq!(newest[0].kind, EventKind::DatabaseRestored);
    assert_eq!(newest.len(), 3);
    restored.close();
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    database.discard().await;
}
