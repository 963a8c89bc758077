//! What is known of a database that does not answer.
//!
//! While it is down, each request would wait for a connection of its own and fail after the whole time limit. So
//! the first failure to connect makes the others fail at once for a moment; after that one request tries
//! again, and the first connection that is made ends the outage.

use crate::failure::Failure;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nobody tries after a failure to connect.
const REST: Duration = Duration::from_millis(300);

/// Whether connecting is worth a try.
pub(crate) struct Outage {
    origin: Instant,
    /// Milliseconds after `origin` at which the next try is due; 0 while there is no outage.
    next_try: AtomicU64,
    /// How long a try may take before another may begin.
    try_max: Duration,
}

impl Outage {
    /// No outage so far.
    pub(crate) fn none(try_max: Duration) -> Self {
        Self { origin: Instant::now(), next_try: AtomicU64::new(0), try_max }
    }

    /// Says whether this caller may try to connect. During an outage one caller at a time may.
    pub(crate) fn admit(&self) -> Result<(), Failure> {
        let due = self.next_try.load(Ordering::SeqCst);
        if due == 0 {
            return Ok(());
        }
        if self.after(Duration::ZERO) < due {
            return Err(Failure::Resting);
        }
        let taken =
            self.next_try.compare_exchange(due, self.after(self.try_max), Ordering::SeqCst, Ordering::SeqCst);
        taken.map(|_| ()).map_err(|_| Failure::Resting)
    }

    /// Connecting failed.
    pub(crate) fn begin(&self) {
        self.next_try.store(self.after(REST), Ordering::SeqCst);
    }

    /// Connecting worked.
    pub(crate) fn end(&self) {
        self.next_try.store(0, Ordering::SeqCst);
    }

    fn after(&self, wait: Duration) -> u64 {
        let millis = (self.origin.elapsed() + wait).as_millis();
        // Never 0, which means that there is no outage.
        u64::try_from(millis).unwrap_or(u64::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_everybody_fails_at_once_and_then_one_tries() {
        let outage = Outage::none(Duration::from_secs(60));
        assert!(outage.admit().is_ok() && outage.admit().is_ok());
        outage.begin();
        assert!(matches!(outage.admit(), Err(Failure::Resting)));
        // The rest is over.
        outage.next_try.store(1, Ordering::SeqCst);
        assert!(outage.admit().is_ok());
        assert!(matches!(outage.admit(), Err(Failure::Resting)), "one try at a time");
        outage.end();
        assert!(outage.admit().is_ok() && outage.admit().is_ok());
    }
}
