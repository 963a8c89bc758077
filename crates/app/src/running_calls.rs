//! The calls under a key of their client that run in this process at this moment. The database knows only those that are over.

use crate::ports::store::Once;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The calls, and how long each is remembered once it is over.
pub struct RunningCalls {
    running: Mutex<HashSet<[u8; 32]>>,
    keep_for: Duration,
}

/// A call that runs until this is dropped.
pub(crate) struct Running<'a> {
    all: &'a RunningCalls,
    once: Once,
}

impl RunningCalls {
    /// Nothing is running yet.
    pub fn new(keep_for: Duration) -> Self {
        Self { running: Mutex::default(), keep_for }
    }

    /// Begins a call; `None` while one runs under the same key.
    pub(crate) fn begin(&self, key: [u8; 32], body: [u8; 32]) -> Option<Running<'_>> {
        let once = Once { key, body, keep_for: self.keep_for };
        let is_alone = self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        is_alone.then(|| Running { all: self, once })
    }
}

impl Running<'_> {
    /// What its write is to be known by.
    pub(crate) const fn once(&self) -> Once {
        self.once
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.once.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_runs_alone_under_its_key_and_afterwards_again() {
        let all = RunningCalls::new(Duration::from_secs(1));
        let first = all.begin([1; 32], [0; 32]).unwrap();
        assert!(all.begin([1; 32], [0; 32]).is_none());
        assert!(all.begin([2; 32], [0; 32]).is_some(), "another call");
        assert!(all.begin([1; 32], [0; 32]).is_none(), "who was refused ends nobody");
        drop(first);
        assert!(all.begin([1; 32], [0; 32]).is_some());
        assert!(all.running.lock().unwrap().is_empty());
    }
}
