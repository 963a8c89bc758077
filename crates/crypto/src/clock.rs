//! The machine's clock: the one place that reads it.

use app::ports::clock::Clock;
use domain::time::{UnixMillis, millis};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// Now. A machine whose clock stands before 1970 gets a negative moment and no failure.
    #[expect(clippy::disallowed_methods, reason = "this adapter is where the time comes from")]
    fn now(&self) -> UnixMillis {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => UnixMillis::from_millis(millis(since)),
            Err(before) => UnixMillis::from_millis(-millis(before.duration())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_milliseconds_since_1970() {
        let first = SystemClock.now();
        let second = SystemClock.now();
        let the_year_2026 = UnixMillis::from_secs(1_767_225_600);
        let the_year_2200 = UnixMillis::from_secs(7_258_118_400);
        assert!(first > the_year_2026.minus(std::time::Duration::from_secs(365 * 86_400)));
        assert!(second < the_year_2200);
    }
}
