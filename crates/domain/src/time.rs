//! Moments and spans.
//!
//! The store's clock writes and compares deadlines, so a moment is only ever a value handed in.

use std::time::Duration;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// The moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment `secs` whole seconds after the epoch, capped at the far ends of the range.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment, `span` later; capped at the far end of the range.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// This moment, `span` earlier; capped at the far end of the range.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long after `earlier` this moment is. A negative age counts as zero: clocks of two nodes differ,
    /// and a step backwards must never look like a long time.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A span in whole milliseconds, capped at what a moment can hold.
pub fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_age_counts_as_zero() {
        let now = UnixMillis::from_millis(1_000);
        assert_eq!(now.since(UnixMillis::from_millis(4_000)), Duration::ZERO);
        assert_eq!(now.since(UnixMillis::from_millis(400)), Duration::from_millis(600));
    }

    #[test]
    fn arithmetic_is_capped_and_never_wraps() {
        let late = UnixMillis::from_millis(i64::MAX - 1);
        assert_eq!(late.plus(Duration::from_secs(9)).as_millis(), i64::MAX);
        assert_eq!(UnixMillis::from_secs(i64::MAX).as_millis(), i64::MAX);
        assert_eq!(UnixMillis::from_millis(-1).as_secs(), -1);
    }
}
