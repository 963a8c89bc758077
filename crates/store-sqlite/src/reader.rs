//! Reader connections.
//!
//! A look-up by key takes microseconds from SQLite's own cache, less than handing it to another thread and
//! back, so it runs where it is asked. What reads many rows goes to a thread that may block, and to a
//! connection of its own, so that no look-up ever waits behind a list or a purge.

use crate::failure::fault;
use app::fault::Fault;
use rusqlite::Connection;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that cannot write.
pub(crate) struct Readers {
    quick: Vec<Mutex<Connection>>,
    next: AtomicUsize,
    slow: Arc<Mutex<Connection>>,
}

impl Readers {
    /// Takes the connections: at least one for look-ups, and one for everything longer.
    pub(crate) fn new(quick: Vec<Connection>, slow: Connection) -> Self {
        let quick = quick.into_iter().map(Mutex::new).collect();
        Self { quick, next: AtomicUsize::new(0), slow: Arc::new(Mutex::new(slow)) }
    }

    /// Reads a few rows, at once.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Fault> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.quick.len();
        let free = (0..count).find_map(|step| self.quick[(first + step) % count].try_lock().ok());
        let connection = match free {
            Some(connection) => connection,
            None => self.quick[first % count].lock().unwrap_or_else(PoisonError::into_inner),
        };
        work(&connection).map_err(fault)
    }

    /// Reads many rows, on a thread that may block.
    pub(crate) async fn read_many<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        let slow = Arc::clone(&self.slow);
        let read = move || work(&slow.lock().unwrap_or_else(PoisonError::into_inner)).map_err(fault);
        tokio::task::spawn_blocking(read).await.map_err(Fault::internal)?
    }
}
