//! What comes from outside of the process and of the configuration.

use app::ports::clock::{Clock, Entropy};
use crypto::{SystemClock, SystemEntropy};
use std::sync::Arc;

/// Time and randomness. A test hands in its own.
pub struct Outside {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Outside {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }
}
