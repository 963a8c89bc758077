//! Opening the database.

use crate::address::DatabaseAddress;
use crate::clock::{StoreClock, now};
use crate::failure::Failure;
use crate::link::Link;
use crate::reader::Readers;
use crate::schema::migrate;
use crate::statements::Preparation;
use crate::writer::{WriteLimits, Writers};
use app::ports::clock::Entropy;
use deadpool_postgres::ClientWrapper;
use domain::time::UnixMillis;
use std::sync::Arc;
use std::time::Duration;

/// The oldest server that is known to have everything that is used.
const OLDEST_SERVER: i64 = 120_000;

/// How the store goes about it.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// How many connections write.
    pub connections: usize,
    /// How many connections are shared by reads of a few rows.
    pub readers: usize,
    /// How many writes may wait for a connection.
    pub queue_max: usize,
    /// Whether statements are prepared once for each connection. Not behind a pooler that hands every transaction to
    /// another server connection.
    pub statement_cache: bool,
    /// How long making a connection may take.
    pub connect_max: Duration,
    /// How long a write waits for a connection.
    pub wait_max: Duration,
    /// How long one operation may take, whatever it waits for.
    pub operation_max: Duration,
    /// Whose time it is: the database's, but in tests.
    pub clock: Arc<StoreClock>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            readers: 2,
            queue_max: 4096,
            statement_cache: true,
            connect_max: Duration::from_secs(2),
            wait_max: Duration::from_secs(2),
            operation_max: Duration::from_secs(5),
            clock: Arc::default(),
        }
    }
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers, or who answers does not let us in.
    #[error("{0}")]
    Connect(String),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server is a standby, or was told to change nothing.
    #[error("the database is read-only; one of the hosts must be a primary that takes writes ({0})")]
    ReadOnly(String),
    /// Nothing can be written any more.
    #[error("the database has no room left ({0})")]
    Full(String),
    /// A commit would be answered before it is on disk.
    #[error(
        "synchronous_commit is {0}, so a crash could take back what was answered; say \
         ALTER ROLE … SET synchronous_commit = on for the role that the server uses"
    )]
    NotDurable(String),
    /// The server is too old.
    #[error("the server is PostgreSQL {0}; 12 or newer is needed")]
    Old(i64),
    /// The schema cannot be brought to this version.
    #[error("its schema cannot be brought to this version: {0}")]
    Migration(String),
    /// The schema is of a later version that does not work with this program any more.
    #[error("its schema (version {found}) is newer than this program (version {known}) and no longer works with it; use the newer program")]
    Newer {
        /// The database's.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// Anything else.
    #[error("{0}")]
    Unusable(String),
}

/// The shared store.
pub struct PostgresStore {
    pub(crate) writers: Writers,
    pub(crate) readers: Readers,
    pub(crate) link: Arc<Link>,
    pub(crate) clock: Arc<StoreClock>,
}

impl PostgresStore {
    /// Connects to the database, brings its schema to this version, and makes sure that it can be written.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn open(
        address: &DatabaseAddress,
        options: PostgresOptions,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(address, &options)?);
        let client = link.connect().await.map_err(|failure| refused(&failure))?;
        inspect(&client, link.preparation).await?;
        migrate(&client).await?;
        let limits = WriteLimits {
            connections: options.connections,
            queue_max: options.queue_max.max(1),
            wait_max: options.wait_max,
            operation_max: options.operation_max,
        };
        let writers = Writers::new(Arc::clone(&link), entropy, Arc::clone(&options.clock), limits)
            .map_err(|error| OpenError::Unusable(error.to_string()))?;
        let readers = Readers::new(Arc::clone(&link), options.readers, options.operation_max);
        let store = Self { writers, readers, link, clock: options.clock };
        store.write_pulse().await.map_err(|failure| OpenError::from(&failure))?;
        Ok(store)
    }

    /// Ends the connections. What is under way finishes; nothing new begins.
    pub fn close(&self) {
        self.writers.close();
        self.readers.close();
    }

    /// The store's now.
    pub(crate) async fn read_clock(&self) -> Result<UnixMillis, Failure> {
        let row = self.readers.query_one(concat!("SELECT ", now!()), &[&self.clock.parameter()]).await?;
        Ok(UnixMillis::from_millis(row.try_get(0)?))
    }

    /// A durable write that changes nothing anybody sees. Never the same value twice, so that it really is a write.
    pub(crate) async fn write_pulse(&self) -> Result<(), Failure> {
        let sql = concat!("UPDATE pulse SET at = greatest(at + 1, ", now!(), ") WHERE id = 1");
        self.writers.once(sql, &[&self.clock.parameter()]).await.map(|_| ())
    }
}

/// Sorts out why there is no connection. The driver says this one in words only.
fn refused(failure: &Failure) -> OpenError {
    let words = failure.to_string();
    if words.contains("does not allow writes") { OpenError::ReadOnly(words) } else { OpenError::Connect(words) }
}

/// Looks at what would break a promise.
async fn inspect(client: &ClientWrapper, preparation: Preparation) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num', true), current_setting('synchronous_commit', true),
                      current_setting('fsync', true)";
    let unusable = |error: tokio_postgres::Error| OpenError::from(&Failure::from(error));
    let rows = client.query_typed(sql, &[]).await.map_err(unusable)?;
    let Some(row) = rows.first() else { return Ok(()) };
    let setting = |at: usize| row.try_get::<_, Option<String>>(at).map_err(unusable);
    let version = setting(0)?.and_then(|text| text.parse::<i64>().ok());
    if let Some(version) = version.filter(|version| *version < OLDEST_SERVER) {
        return Err(OpenError::Old(version / 10_000));
    }
    if let Some(commit) = setting(1)?
        && !matches!(commit.as_str(), "on" | "remote_apply")
        && preparation == Preparation::Never
    {
        // Our own sessions are told; those of a pooler belong to everybody.
        return Err(OpenError::NotDurable(commit));
    }
    if setting(2)?.is_some_and(|fsync| fsync == "off") {
        tracing::warn!("the database runs with fsync = off: a power failure may take back what was answered");
    }
    Ok(())
}
