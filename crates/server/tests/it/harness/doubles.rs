//! Parts that the tests put behind a port.

use app::ports::clock::Entropy;
use app::ports::telemetry::{Signal, Telemetry};
use crypto::SystemEntropy;
use std::sync::atomic::{AtomicU64, Ordering};

/// Panics whenever something is counted: a bug in the middle of a handler.
pub struct PanickingTelemetry;

impl Telemetry for PanickingTelemetry {
    fn count(&self, signal: Signal) {
        panic!("counting {signal:?} goes wrong on purpose");
    }
}

/// The machine's randomness, except that ids made within one millisecond are in order: the clock of a test
/// stands still, and the audit log is read in the order of its ids.
#[derive(Default)]
pub(super) struct OrderedIds(AtomicU64);

/// How many random bytes a UUIDv7 takes; nothing else takes so many.
const ID_RANDOM: usize = 10;

impl Entropy for OrderedIds {
    fn fill(&self, buffer: &mut [u8]) {
        SystemEntropy.fill(buffer);
        if buffer.len() == ID_RANDOM {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            buffer[..2].fill(0);
            buffer[2..].copy_from_slice(&number.to_be_bytes());
        }
    }
}
