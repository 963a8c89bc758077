//! A clock that moves only when a test moves it.

use app::ports::clock::Clock;
use domain::time::{UnixMillis, millis};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Where a fake clock begins: 2026-02-03T14:31:45Z, an hour before the expiry in the published samples.
pub const FAKE_START: UnixMillis = UnixMillis::from_secs(1_770_129_105);

/// A clock that moves only when a test moves it.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl Default for FakeClock {
    fn default() -> Self {
        Self::at(FAKE_START)
    }
}

impl FakeClock {
    /// A clock that stands at `moment`.
    pub const fn at(moment: UnixMillis) -> Self {
        Self(AtomicI64::new(moment.as_millis()))
    }

    /// Moves it forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(millis(span), Ordering::SeqCst);
    }

    /// Moves it backward, as a clock that was set wrong does when it is put right.
    pub fn turn_back(&self, span: Duration) {
        self.0.fetch_sub(millis(span), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.load(Ordering::SeqCst))
    }
}
