//! The machine's randomness: the one place that asks for it.

use app::ports::clock::Entropy;
use std::thread;
use std::time::Duration;

/// How long to wait before asking a failing generator again.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// Unpredictable bytes from the kernel, a call for each. A generator inside of the process would save the call, but its state
/// would be in every copy of the process that a snapshot of the machine makes, and two copies would issue the same
/// tokens; the kernel notices that it was copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// Fills the buffer. A caller cannot go on without these bytes, and bytes that somebody could predict
    /// would be worse than none: so a generator that fails is logged and asked again until it answers.
    #[expect(clippy::disallowed_methods, reason = "this is what stands behind the port")]
    fn fill(&self, buffer: &mut [u8]) {
        while getrandom::fill(buffer).is_err() {
            tracing::error!("the machine gives no randomness; nothing can be issued until it does");
            thread::sleep(RETRY_AFTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signatures take their nonces from AWS-LC's generator. `.cargo/config.toml` tells its build whence that is seeded,
    /// and compilers are told the same.
    #[test]
    fn no_first_signature_waits_for_the_jitter_of_the_processors_clock() {
        assert_eq!(option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY"), Some("1"));
    }

    #[test]
    fn every_byte_of_the_buffer_is_filled_and_two_fills_differ() {
        let mut seen = [0_u8; 64];
        let mut first = [0_u8; 64];
        let mut second = [0_u8; 64];
        SystemEntropy.fill(&mut first);
        SystemEntropy.fill(&mut second);
        assert_ne!(first, second);
        // A byte that stays zero through 32 fills was never written (chance of error: 64 in 2^256).
        for _ in 0..32 {
            let mut buffer = [0_u8; 64];
            SystemEntropy.fill(&mut buffer);
            seen.iter_mut().zip(buffer).for_each(|(seen, byte)| *seen |= byte);
        }
        assert!(seen.iter().all(|byte| *byte != 0));
    }
}
