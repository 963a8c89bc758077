//! The one connection that is kept for the next mail.

use lettre::transport::smtp::client::AsyncSmtpConnection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long a goodbye may take. The server's answer to it changes nothing.
const FAREWELL_LIMIT: Duration = Duration::from_secs(2);

/// Keeps at most one connection, for a limited time.
pub(super) struct IdleConnection {
    slot: Arc<Mutex<Option<Kept>>>,
    keep_for: Duration,
}

struct Kept {
    connection: AsyncSmtpConnection,
    closer: AbortHandle,
}

impl IdleConnection {
    /// An empty place. A time of zero keeps nothing.
    pub(super) fn new(keep_for: Duration) -> Self {
        Self { slot: Arc::default(), keep_for }
    }

    /// Takes the connection out, if one is there.
    pub(super) fn take(&self) -> Option<AsyncSmtpConnection> {
        let kept = lock(&self.slot).take()?;
        kept.closer.abort();
        Some(kept.connection)
    }

    /// Keeps a connection. One that is there already makes room.
    pub(super) fn keep(&self, connection: AsyncSmtpConnection) {
        let keep_for = self.keep_for;
        if keep_for.is_zero() {
            tokio::spawn(farewell(connection));
            return;
        }
        let slot = Arc::clone(&self.slot);
        let closer = tokio::spawn(async move {
            tokio::time::sleep(keep_for).await;
            let kept = lock(&slot).take();
            if let Some(kept) = kept {
                farewell(kept.connection).await;
            }
        });
        let kept = Kept { connection, closer: closer.abort_handle() };
        if let Some(former) = lock(&self.slot).replace(kept) {
            former.closer.abort();
        }
    }
}

/// Ends a connection the way RFC 5321 section 4.1.1.10 asks for.
pub(super) async fn farewell(mut connection: AsyncSmtpConnection) {
    // An error only says that the server was quicker.
    let _ = tokio::time::timeout(FAREWELL_LIMIT, connection.quit()).await;
}

fn lock(slot: &Mutex<Option<Kept>>) -> MutexGuard<'_, Option<Kept>> {
    // Nothing panics while holding the lock, and an option cannot be left half changed.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
