//! The store's clock is the database's: every node writes and compares deadlines by it, however wrong its own is.

use domain::time::{UnixMillis, millis};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The store's now in milliseconds, as SQL. The first parameter is empty, and the database's clock counts; a test
/// may put a moment there. `statement_timestamp()` is one value throughout a statement, and unlike `now()` it does not
/// stand still in a transaction.
macro_rules! now {
    () => {
        "coalesce($1::int8, floor(extract(epoch FROM statement_timestamp()) * 1000)::int8)"
    };
}
pub(crate) use now;

/// Whose time it is.
#[derive(Debug, Default)]
pub enum StoreClock {
    /// The database's.
    #[default]
    Database,
    /// A test's: it moves only when the test moves it.
    Fixed(AtomicI64),
}

impl StoreClock {
    /// A clock that stands at `moment`, for a test.
    pub const fn fixed(moment: UnixMillis) -> Self {
        Self::Fixed(AtomicI64::new(moment.as_millis()))
    }

    /// Moves a test's clock forward.
    pub fn advance(&self, span: Duration) {
        self.shift(millis(span));
    }

    /// Moves a test's clock back.
    pub fn turn_back(&self, span: Duration) {
        self.shift(-millis(span));
    }

    fn shift(&self, by: i64) {
        if let Self::Fixed(now) = self {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// The first parameter of every statement that knows the time.
    pub(crate) fn parameter(&self) -> Option<i64> {
        match self {
            Self::Database => None,
            Self::Fixed(now) => Some(now.load(Ordering::SeqCst)),
        }
    }
}
