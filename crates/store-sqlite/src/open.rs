//! Opening the database.

use crate::reader::Readers;
use crate::writer::{Writer, WriterStats};
use app::fault::Fault;
use app::ports::clock::{Clock, Entropy};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The version of the schema that this program knows: the last migration's. It is written down, because counting the
/// migrations at each start costs a regular expression, and a start has little else to do.
pub(crate) const KNOWN_VERSION: i64 = 6;
/// How many prepared statements a connection keeps.
const STATEMENTS_KEPT: usize = 128;
/// The write-ahead log is folded back when it has this many pages of 4 KiB.
const CHECKPOINT_PAGES: u32 = 4000;

/// How the store goes about it.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// How many connections look things up. One more reads what is long.
    pub readers: usize,
    /// How many writes may wait.
    pub queue_max: usize,
    /// How many writes share one flush at the most; 1: each has its own.
    pub group_max: usize,
    /// How long another process may hold the write lock.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 2, queue_max: 4096, group_max: 256, busy_timeout: Duration::from_secs(5) }
    }
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be made or read.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// SQLite says no.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The schema cannot be brought to this version.
    #[error("its schema cannot be brought to this version: {0}")]
    Migration(String),
    /// The schema is of a later version.
    #[error(
        "its schema (version {found}) is newer than this program (version {known}); use the newer program"
    )]
    Newer {
        /// The database's.
        found: i64,
        /// Ours.
        known: i64,
    },
}

/// The embedded store.
pub struct SqliteStore {
    pub(crate) writer: Arc<Writer>,
    pub(crate) readers: Readers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) path: PathBuf,
}

impl SqliteStore {
    /// Opens (or makes) the database and brings its schema to this version.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn open(
        path: &Path,
        options: SqliteOptions,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        make_private(path)?;
        let mut connection = connect(path, options, false)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        migrate(&mut connection)?;
        let readers = (0..options.readers.max(1))
            .map(|_| connect(path, options, true))
            .collect::<Result<Vec<_>, _>>()?;
        let readers = Readers::new(readers, connect(path, options, true)?);
        let writer = Writer::start(
            connection,
            Arc::clone(&clock),
            entropy,
            options.queue_max.max(1),
            options.group_max.max(1),
        )?;
        Ok(Self { writer: Arc::new(writer), readers, clock, path: path.to_owned() })
    }

    /// How the writer has fared.
    pub fn stats(&self) -> WriterStats {
        self.writer.stats()
    }

    /// Finishes what is queued, folds the write-ahead log back, and ends the writer.
    ///
    /// # Errors
    /// When the thread that waits for it cannot be had.
    pub async fn close(&self) -> Result<(), Fault> {
        let writer = Arc::clone(&self.writer);
        tokio::task::spawn_blocking(move || writer.close()).await.map_err(Fault::internal)
    }
}

/// Makes the file readable by its owner alone, whatever the umask says. SQLite gives the files it keeps
/// beside it the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn connect(path: &Path, options: SqliteOptions, read_only: bool) -> rusqlite::Result<Connection> {
    // No mutex inside SQLite: a connection is used by one thread at a time, which the types see to.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    #[cfg(test)]
    let connection = crate::query_plans::caught_from(connection)?;
    // A plan depends on the statement alone, and not on what is bound to it, for which some are prepared again each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    if read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found = applied_version(connection)?;
    if found > KNOWN_VERSION {
        return Err(OpenError::Newer { found, known: KNOWN_VERSION });
    }
    if found == KNOWN_VERSION {
        return Ok(());
    }
    let runner = embedded::migrations::runner();
    runner.run(connection).map(|_| ()).map_err(|error| OpenError::Migration(error.to_string()))
}

/// The version of a database's schema; 0 while there is none.
pub(crate) fn applied_version(connection: &Connection) -> rusqlite::Result<i64> {
    let has_history: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(0);
    }
    connection
        .query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{FakeClock, SeededEntropy};

    #[test]
    fn the_known_version_is_that_of_the_last_migration() {
        let runner = embedded::migrations::runner();
        let last = runner.get_migrations().iter().map(|migration| i64::from(migration.version())).max();
        assert_eq!(last, Some(KNOWN_VERSION), "KNOWN_VERSION goes up with each migration");
    }

    /// With anything less than FULL, SQLite does not flush the write-ahead log at a commit, and an answer would
    /// be given before its write is on disk.
    #[tokio::test]
    async fn the_writer_flushes_its_log_at_every_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
        let store = SqliteStore::open(&path, SqliteOptions::default(), clock, entropy).unwrap();
        let pragmas = store.writer.submit(|write| {
            let mode: String = write.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            let full: i64 = write.connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            Ok((mode, full))
        });
        assert_eq!(pragmas.await.unwrap(), ("wal".to_owned(), 2));
    }

    #[test]
    fn a_reader_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
        let store = SqliteStore::open(&path, SqliteOptions::default(), clock, entropy).unwrap();
        let written =
            store.readers.read(|connection| connection.execute("INSERT INTO pulse VALUES (2, 2)", []));
        assert!(written.unwrap_err().to_string().contains("readonly"));
    }
}
