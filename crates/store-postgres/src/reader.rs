//! Reading a few rows.
//!
//! Requests share a connection or two and do not wait for each other's answers: the driver sends what it is
//! given and the server answers in order. That is twice as fast as a connection for each request, and reads
//! wait for no pool. What reads many rows would hold the others up and goes through the writers' pool.

use crate::failure::Failure;
use crate::link::Link;
use crate::statements::{Bind, query};
use deadpool_postgres::ClientWrapper;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;

/// How often a read is tried: once more after a connection that had broken, or a statement that went stale.
const TRIES: usize = 3;

/// The shared connections.
pub(crate) struct Readers {
    link: Arc<Link>,
    lanes: Vec<Lane>,
    next: AtomicUsize,
    operation_max: Duration,
}

#[derive(Default)]
struct Lane {
    current: RwLock<Option<Arc<ClientWrapper>>>,
    /// One caller connects; the others wait for what it finds.
    connecting: Mutex<()>,
}

impl Readers {
    /// At least one lane.
    pub(crate) fn new(link: Arc<Link>, lanes: usize, operation_max: Duration) -> Self {
        let lanes = (0..lanes.max(1)).map(|_| Lane::default()).collect();
        Self { link, lanes, next: AtomicUsize::new(0), operation_max }
    }

    /// Reads a few rows. Reading twice does no harm, so a broken connection is replaced and asked again.
    pub(crate) async fn query(&self, sql: &str, values: &[&dyn Bind]) -> Result<Vec<Row>, Failure> {
        let deadline = Instant::now() + self.operation_max;
        let mut tries = 1;
        loop {
            let lane = &self.lanes[self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len()];
            let connecting = timeout_at(deadline, lane.client(&self.link)).await;
            let client = connecting.unwrap_or(Err(Failure::TimedOut))?;
            let reading = query(&client, self.link.preparation, sql, values);
            let failure = match timeout_at(deadline, reading).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::TimedOut,
            };
            if failure.ends_connection() {
                lane.forget(&client);
            } else if failure.is_stale_statement() {
                client.statement_cache.clear();
            } else {
                return Err(failure);
            }
            if tries == TRIES || matches!(failure, Failure::TimedOut) {
                return Err(failure);
            }
            tries += 1;
        }
    }

    /// Reads at most one row.
    pub(crate) async fn query_opt(&self, sql: &str, values: &[&dyn Bind]) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Reads the one row there must be.
    pub(crate) async fn query_one(&self, sql: &str, values: &[&dyn Bind]) -> Result<Row, Failure> {
        self.query_opt(sql, values).await?.ok_or(Failure::Impossible("a row that is always there is not"))
    }

    /// Ends the connections.
    pub(crate) fn close(&self) {
        for lane in &self.lanes {
            *lane.current.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Lane {
    async fn client(&self, link: &Link) -> Result<Arc<ClientWrapper>, Failure> {
        if let Some(client) = self.living() {
            return Ok(client);
        }
        let _turn = self.connecting.lock().await;
        if let Some(client) = self.living() {
            return Ok(client);
        }
        let client = Arc::new(link.connect().await?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&client));
        Ok(client)
    }

    fn living(&self) -> Option<Arc<ClientWrapper>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|client| !client.is_closed()).cloned()
    }

    /// Lets go of a connection that is of no use, unless it was replaced already.
    fn forget(&self, broken: &Arc<ClientWrapper>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|client| Arc::ptr_eq(client, broken)) {
            *current = None;
        }
    }
}
