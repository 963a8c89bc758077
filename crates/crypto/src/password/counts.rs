//! What the hashing pool has done, counted where it is done.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the pool has done since it began, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashingCounts {
    /// Argon2 computations, those that only make a refusal cost as much as a match included.
    pub argon2: u64,
    /// bcrypt computations.
    pub bcrypt: u64,
    /// How often a thread allocated its memory: once a thread, and once more when a stored hash needs more.
    pub allocations: u64,
    /// The KiB of memory that all threads hold.
    pub memory_kib: u64,
    /// Jobs that nobody waited for any more when their turn came.
    pub abandoned: u64,
    /// Jobs that waited too long for their turn.
    pub expired: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) argon2: AtomicU64,
    pub(super) bcrypt: AtomicU64,
    pub(super) allocations: AtomicU64,
    pub(super) memory_kib: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) expired: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> HashingCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HashingCounts {
            argon2: read(&self.argon2),
            bcrypt: read(&self.bcrypt),
            allocations: read(&self.allocations),
            memory_kib: read(&self.memory_kib),
            abandoned: read(&self.abandoned),
            expired: read(&self.expired),
        }
    }
}
