//! Which store there is: the embedded one, or one that many servers share.

use crate::config::Config;
use crate::config::settings::{DatabasePlace, Settings};
use crate::outside::Outside;
use anyhow::Context as _;
use app::fault::Fault;
use app::ports::limiter::Limiter;
use app::ports::store::Store;
use http_api::{Metrics, StoreCounts};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store_postgres::{DatabaseAddress, PostgresOptions, PostgresStore};
use store_sqlite::{SqliteOptions, SqliteStore};

/// An open database.
#[derive(Clone)]
pub enum Database {
    /// This process's own.
    Embedded(Arc<SqliteStore>),
    /// One of PostgreSQL's kind.
    Shared(Arc<PostgresStore>),
}

impl Database {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// When it cannot be used; the text names it without its password.
    pub async fn open(settings: &Settings, outside: &Outside) -> anyhow::Result<Self> {
        match &settings.database {
            DatabasePlace::File(file) => embedded(&settings.written, file, outside),
            DatabasePlace::Postgres(address) => shared(&settings.written, address, outside).await,
        }
    }

    /// The store behind the ports.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => Arc::clone(store) as _,
            Self::Shared(store) => Arc::clone(store) as _,
        }
    }

    /// The limiter whose counters protect accounts, where many servers have to count together.
    pub fn limiter(&self) -> Option<Arc<dyn Limiter>> {
        match self {
            Self::Embedded(_) => None,
            Self::Shared(store) => Some(Arc::clone(store) as _),
        }
    }

    /// Hands the counts of the embedded writer to the metrics. A database server has metrics of its own.
    pub fn watch(&self, metrics: &Metrics) {
        let Self::Embedded(store) = self else { return };
        let store = Arc::clone(store);
        metrics.watch_store(move || {
            let stats = store.stats();
            StoreCounts { writes: stats.intentions, flushes: stats.groups }
        });
    }

    /// Finishes what is under way and ends.
    ///
    /// # Errors
    /// When that cannot be waited for.
    pub async fn close(&self) -> Result<(), Fault> {
        match self {
            Self::Embedded(store) => store.close().await,
            Self::Shared(store) => {
                store.close();
                Ok(())
            }
        }
    }
}

fn embedded(written: &Config, file: &Path, outside: &Outside) -> anyhow::Result<Database> {
    let options = SqliteOptions {
        readers: written.database.readers,
        queue_max: written.database.queue_max,
        group_max: written.database.group_max,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(file, options, Arc::clone(&outside.clock), Arc::clone(&outside.entropy))
        .with_context(|| format!("cannot open the database {}", file.display()))?;
    Ok(Database::Embedded(Arc::new(store)))
}

async fn shared(written: &Config, address: &DatabaseAddress, outside: &Outside) -> anyhow::Result<Database> {
    let store = PostgresStore::open(address, postgres_options(written), Arc::clone(&outside.entropy)).await;
    let store = store.with_context(|| format!("cannot use the database {}", address.places()))?;
    Ok(Database::Shared(Arc::new(store)))
}

/// How the shared store goes about it.
pub fn postgres_options(written: &Config) -> PostgresOptions {
    let written = &written.database;
    let operation_max = Duration::from_secs(written.timeout_seconds);
    // Finding out that nobody is there must leave room for an answer within the same limit.
    let part = operation_max * 2 / 5;
    PostgresOptions {
        connections: written.connections,
        readers: written.readers,
        queue_max: written.queue_max,
        group_max: written.group_max,
        statement_cache: written.statement_cache,
        connect_max: part,
        wait_max: part,
        operation_max,
        ..PostgresOptions::default()
    }
}
