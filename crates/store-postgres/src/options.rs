//! How the store goes about it.

use crate::clock::StoreClock;
use std::sync::Arc;
use std::time::Duration;

/// How the store goes about it.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// How many connections write.
    pub connections: usize,
    /// How many connections are shared by reads of a few rows.
    pub readers: usize,
    /// How many writes may wait for a connection.
    pub queue_max: usize,
    /// How many refreshes may share a transaction and its flush; one, and each has its own.
    pub group_max: usize,
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
            group_max: 64,
            statement_cache: true,
            connect_max: Duration::from_secs(2),
            wait_max: Duration::from_secs(2),
            operation_max: Duration::from_secs(5),
            clock: Arc::default(),
        }
    }
}
