//! The audit log's chain, on the real store and under the real key.

mod refused;
mod retention;
mod tampering;

use crate::harness::{Credential, TestServer};
use app::audit_chain::{Anchor, Flaw, LastSeen, Sealed, Verified, VerifyError, seal_next, verify};
use app::service::Service;
use domain::account::AccountStatus;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store_sqlite::{SqliteOptions, SqliteStore};
use testkit::{FakeClock, SeededEntropy};

/// Longer than an event takes to settle.
const LATER: Duration = Duration::from_secs(10);

/// Seals everything that has settled.
async fn seal(service: &Service) {
    while !matches!(seal_next(service, &mut LastSeen::default(), true).await.unwrap(), Sealed::Nothing) {}
}

async fn check(service: &Service, noted: Option<Anchor>) -> Result<Verified, VerifyError> {
    verify(service.store.as_ref(), service.chain_mac.as_ref(), noted).await
}

fn flaw(result: Result<Verified, VerifyError>) -> Flaw {
    match result {
        Err(VerifyError::Flaw(flaw)) => flaw,
        other => panic!("{other:?}"),
    }
}

/// A server with a log of some length, all of it sealed.
async fn sealed_server() -> TestServer {
    let server = TestServer::start().await;
    for email in ["kari@example.com", "ola@example.com"] {
        server.sign_up(email).await;
        server.try_sign_in(email, "a wrong password").await.problem("invalid_credentials");
        server.advance(Duration::from_millis(7));
        server.sign_in(email).await;
    }
    server.set_status("ola@example.com", AccountStatus::Disabled).await;
    server.advance(LATER);
    seal(&server.service).await;
    server
}

/// A copy of a server's database in which somebody has been at work.
struct Copy {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Copy {
    async fn of(server: &TestServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        server.service.store.backup(&path).await.unwrap();
        Self { _folder: folder, path }
    }

    fn run(&self, sql: &str) {
        Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    async fn verify(&self, server: &TestServer, noted: Option<Anchor>) -> Result<Verified, VerifyError> {
        let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
        let store = SqliteStore::open(&self.path, SqliteOptions::default(), clock, entropy).unwrap();
        verify(&store, server.service.chain_mac.as_ref(), noted).await
    }
}

#[tokio::test]
async fn every_event_is_sealed_once_it_has_settled_and_the_chain_verifies() {
    let server = TestServer::start().await;
    server.sign_up("kari@example.com").await;
    let events = server.events().await.len() as u64;
    let fresh = check(&server.service, None).await.unwrap();
    assert_eq!(fresh, Verified { rows: 0, cut: 0, head: None, unsealed: events });
    assert_eq!(seal_next(&server.service, &mut LastSeen::default(), false).await.unwrap(), Sealed::Nothing);
    server.advance(LATER);
    seal(&server.service).await;
    let whole = check(&server.service, None).await.unwrap();
    assert_eq!((whole.rows, whole.unsealed, whole.head.unwrap().seq), (events, 0, events));
    server.sign_in("kari@example.com").await;
    let grown = check(&server.service, whole.head).await.unwrap();
    assert_eq!((grown.rows, grown.unsealed, grown.head), (events, 1, whole.head));
}

#[tokio::test]
async fn deleting_a_user_leaves_the_chain_whole() {
    let server = sealed_server().await;
    let before = check(&server.service, None).await.unwrap();
    server.delete_account("kari@example.com").await;
    server.advance(LATER);
    seal(&server.service).await;
    let after = check(&server.service, before.head).await.unwrap();
    assert_eq!((after.rows, after.unsealed), (before.rows + 1, 0));
}

#[tokio::test]
async fn many_sealers_at_once_make_one_chain() {
    let server = TestServer::start().await;
    for n in 0..30 {
        server.sign_up(&format!("n{n}@example.com")).await;
    }
    server.advance(LATER);
    let sealers = (0..6).map(|_| {
        let service = Arc::clone(&server.service);
        tokio::spawn(async move { seal(&service).await })
    });
    for sealer in sealers.collect::<Vec<_>>() {
        sealer.await.unwrap();
    }
    assert_eq!(check(&server.service, None).await.unwrap().unsealed, 0);
}

#[tokio::test]
async fn a_refresh_writes_no_event_and_waits_for_no_seal() {
    let server = sealed_server().await;
    let tokens = server.sign_in("kari@example.com").await;
    let before = (server.events().await, server.writes());
    server.refresh(Credential::Body(&tokens.refresh)).await.ok();
    assert_eq!((server.events().await, server.writes()), (before.0, before.1 + 1));
}
