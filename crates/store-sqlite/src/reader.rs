//! Reader connections.
//!
//! A look-up by key takes microseconds from SQLite's own cache, less than handing it to another thread and
//! back, so it runs where it is asked. What reads many rows goes to a thread that may block.

use crate::failure::fault;
use app::fault::Fault;
use rusqlite::Connection;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that cannot write.
#[derive(Clone)]
pub(crate) struct Readers {
    connections: Arc<[Mutex<Connection>]>,
    next: Arc<AtomicUsize>,
}

impl Readers {
    /// Takes the connections, at least one.
    pub(crate) fn new(connections: Vec<Connection>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), next: Arc::default() }
    }

    /// Reads a few rows, at once.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Fault> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.connections.len();
        let free = (0..count).find_map(|step| self.connections[(first + step) % count].try_lock().ok());
        let connection = match free {
            Some(connection) => connection,
            None => self.connections[first % count].lock().unwrap_or_else(PoisonError::into_inner),
        };
        work(&connection).map_err(fault)
    }

    /// Reads many rows, on a thread that may block.
    pub(crate) async fn read_many<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        let readers = self.clone();
        tokio::task::spawn_blocking(move || readers.read(work)).await.map_err(Fault::internal)?
    }
}
