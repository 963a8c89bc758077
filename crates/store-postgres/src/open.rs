//! Opening the database.

use crate::address::DatabaseAddress;
use crate::clock::{StoreClock, now};
use crate::failure::Failure;
use crate::link::Link;
use crate::options::PostgresOptions;
use crate::reader::Readers;
use crate::refusal::OpenError;
use crate::rotation::Rotations;
use crate::schema::migrate;
use crate::statements::Preparation;
use crate::writer::{WriteLimits, Writers};
use app::ports::clock::Entropy;
use deadpool_postgres::ClientWrapper;
use domain::time::UnixMillis;
use std::sync::Arc;

/// The oldest server that is known to have everything that is used.
const OLDEST_SERVER: i64 = 120_000;

/// The shared store.
pub struct PostgresStore {
    pub(crate) writers: Arc<Writers>,
    pub(crate) rotations: Rotations,
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
        Self::open_for(address, options, entropy, false).await
    }

    /// The same for another database to move in, which keeps servers out until it has arrived.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn open_to_move_in(
        address: &DatabaseAddress,
        options: PostgresOptions,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        Self::open_for(address, options, entropy, true).await
    }

    async fn open_for(
        address: &DatabaseAddress,
        options: PostgresOptions,
        entropy: Arc<dyn Entropy>,
        moves_in: bool,
    ) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(address, &options)?);
        let client = link.connect().await.map_err(|failure| refused(&failure))?;
        inspect(&client, link.preparation).await?;
        migrate(&client, moves_in).await?;
        let limits = WriteLimits {
            connections: options.connections,
            queue_max: options.queue_max.max(1),
            wait_max: options.wait_max,
            operation_max: options.operation_max,
        };
        let writers = Writers::new(Arc::clone(&link), entropy, Arc::clone(&options.clock), limits)
            .map_err(|error| OpenError::Unusable(error.to_string()))?;
        let writers = Arc::new(writers);
        let rotations = Rotations::new(Arc::clone(&writers), Arc::clone(&options.clock), options.group_max);
        let readers = Readers::new(Arc::clone(&link), options.readers, options.operation_max);
        let store = Self { writers, rotations, readers, link, clock: options.clock };
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
pub(crate) fn refused(failure: &Failure) -> OpenError {
    let words = failure.to_string();
    if words.contains("does not allow writes") {
        OpenError::ReadOnly(words)
    } else {
        OpenError::Connect(words)
    }
}

/// Looks at what would break a promise.
pub(crate) async fn inspect(client: &ClientWrapper, preparation: Preparation) -> Result<(), OpenError> {
    let sql =
        "SELECT current_setting('server_version_num', true), current_setting('synchronous_commit', true),
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
