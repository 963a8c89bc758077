//! Counters that a test reads.

use app::ports::telemetry::{Signal, Telemetry};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts every signal by itself.
#[derive(Default)]
pub struct CountedSignals(Mutex<HashMap<Signal, u64>>);

impl CountedSignals {
    /// How often it was counted.
    pub fn of(&self, signal: Signal) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&signal).copied().unwrap_or(0)
    }
}

impl Telemetry for CountedSignals {
    fn count(&self, signal: Signal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(signal).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_is_counted_by_itself() {
        let counted = CountedSignals::default();
        counted.count(Signal::MailSent);
        counted.count(Signal::MailSent);
        assert_eq!((counted.of(Signal::MailSent), counted.of(Signal::MailDead)), (2, 0));
    }
}
