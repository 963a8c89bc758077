//! Bytes that look random and are the same in every run.

use app::ports::clock::Entropy;
use std::sync::{Mutex, PoisonError};

/// Entropy from a seed: the same seed gives the same bytes, in every run and on every machine.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<u64>);

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::of(0)
    }
}

impl SeededEntropy {
    /// The entropy of a seed.
    pub const fn of(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next number (SplitMix64: one addition and a mix, and no state but the sum).
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of `items`.
    pub fn pick<T: Copy>(&self, items: &[T]) -> T {
        let index = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items[index]
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_another_seed_another() {
        let bytes = |seed| {
            let mut buffer = [0; 21];
            SeededEntropy::of(seed).fill(&mut buffer);
            buffer
        };
        assert_eq!(bytes(7), bytes(7));
        assert_ne!(bytes(7), bytes(8));
    }
}
