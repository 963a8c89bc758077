//! A database in a directory of its own, with a fake clock, and ways to meddle with its files.

use app::ports::store::{AccountStore as _, SignUpOutcome};
use domain::account::User;
use minbil_auth_store_sqlite::{OpenError, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use testkit::builders::new_account;
use testkit::{FakeClock, SeededEntropy};

/// An open store, its clock and its directory, which goes when this goes.
pub(crate) struct Database {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<FakeClock>,
    directory: TempDir,
}

impl Database {
    /// A new database.
    pub(crate) fn new() -> Self {
        Self::with(SqliteOptions::default())
    }

    /// A new database, opened that way.
    pub(crate) fn with(options: SqliteOptions) -> Self {
        Self::within(tempfile::tempdir().unwrap(), options)
    }

    /// The database of a directory.
    pub(crate) fn within(directory: TempDir, options: SqliteOptions) -> Self {
        let clock = Arc::new(FakeClock::default());
        let path = directory.path().join("store.db");
        let store = SqliteStore::open(&path, options, Arc::clone(&clock) as _, entropy()).unwrap();
        Self { store: Arc::new(store), clock, directory }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }

    /// Its directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What another process would have: a connection of its own.
    pub(crate) fn outside(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// Another process that holds the write lock until it is dropped.
    pub(crate) fn locked_out(&self) -> Connection {
        let connection = self.outside();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    }

    /// What would be on disk if the machine stopped now: the files as they are, opened elsewhere.
    pub(crate) fn after_a_crash(&self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["store.db", "store.db-wal"] {
            std::fs::copy(self.directory().join(name), directory.path().join(name)).unwrap();
        }
        Self::within(directory, SqliteOptions::default())
    }

    /// Makes an account.
    pub(crate) async fn sign_up(&self, name: &str) -> User {
        match self.store.sign_up(new_account(name)).await.unwrap() {
            SignUpOutcome::Created(user) => user,
            SignUpOutcome::EmailTaken => unreachable!("{name} is taken"),
        }
    }

    /// The local parts of all addresses, sorted.
    pub(crate) async fn names(&self) -> Vec<String> {
        let users = self.store.list_accounts(&testkit::builders::co(), None, 10_000).await.unwrap();
        let local = |user: &User| user.email.as_str().split_once('@').unwrap().0.to_owned();
        let mut names: Vec<_> = users.iter().map(local).collect();
        names.sort();
        names
    }
}

/// Opens the database of a path, or says why not.
pub(crate) fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, impatient(), Arc::new(FakeClock::default()), entropy())
}

/// Bytes that no other store of this process has: two of them may write one database.
fn entropy() -> Arc<SeededEntropy> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    Arc::new(SeededEntropy::of(SEED.fetch_add(1 << 32, Ordering::Relaxed)))
}

/// Options of a store that does not wait long for another process.
pub(crate) fn impatient() -> SqliteOptions {
    SqliteOptions { busy_timeout: Duration::from_millis(20), ..SqliteOptions::default() }
}

/// Options of a store that outlasts any other process of a test.
pub(crate) fn patient() -> SqliteOptions {
    SqliteOptions { busy_timeout: Duration::from_secs(300), ..SqliteOptions::default() }
}
