//! A database in a directory of its own, with a fake clock.

use minbil_auth_store_sqlite::{SqliteOptions, SqliteStore};
use std::sync::Arc;
use tempfile::TempDir;
use testkit::{FakeClock, SeededEntropy};

/// An open store, its clock and its directory, which goes when this goes.
pub(crate) struct Database {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<FakeClock>,
    _directory: TempDir,
}

impl Database {
    /// A new database.
    pub(crate) fn new() -> Self {
        Self::with(SqliteOptions::default())
    }

    /// A new database, opened that way.
    pub(crate) fn with(options: SqliteOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::default());
        let path = directory.path().join("store.db");
        let entropy = Arc::new(SeededEntropy::default());
        let store = SqliteStore::open(&path, options, Arc::clone(&clock) as _, entropy).unwrap();
        Self { store: Arc::new(store), clock, _directory: directory }
    }
}
