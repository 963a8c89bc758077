//! Parts that the tests put behind a port.

use app::fault::Fault;
use app::ports::clock::Entropy;
use app::ports::keys::AccessTokens;
use app::ports::limiter::{Charged, Limit, LimitKey, Limiter};
use app::ports::telemetry::{Signal, Telemetry};
use async_trait::async_trait;
use crypto::SystemEntropy;
use domain::access_token::AccessClaims;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use domain::throttle::{Budget, Ladder};
use std::sync::atomic::{AtomicU64, Ordering};

/// Panics whenever something is counted: a bug in the middle of a handler.
pub struct PanickingTelemetry;

impl Telemetry for PanickingTelemetry {
    fn count(&self, signal: Signal) {
        panic!("counting {signal:?} goes wrong on purpose");
    }
}

/// Keys that panic whenever they are used.
pub struct PanickingKeys;

impl AccessTokens for PanickingKeys {
    fn issue(&self, _: &NamespaceName, _: &AccessClaims) -> Result<SecretText, Fault> {
        panic!("issuing goes wrong on purpose");
    }

    fn read(&self, _: &NamespaceName, _: &str) -> Option<AccessClaims> {
        panic!("reading goes wrong on purpose");
    }

    fn jwks(&self, _: &NamespaceName) -> String {
        panic!("publishing goes wrong on purpose");
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

/// A limiter that answers every question in one way.
macro_rules! limiter {
    ($(#[$doc:meta])* $name:ident, $answer:expr) => {
        $(#[$doc])*
        pub struct $name;

        #[async_trait]
        impl Limiter for $name {
            async fn charge(&self, _: Limit, _: LimitKey, _: Budget) -> Result<Charged, Fault> {
                $answer
            }

            async fn refund(&self, _: Limit, _: LimitKey, _: Budget) -> Result<(), Fault> {
                $answer
            }

            async fn climb(&self, _: Limit, _: LimitKey, _: Ladder) -> Result<Charged, Fault> {
                $answer
            }

            async fn step_down(&self, _: Limit, _: LimitKey) -> Result<(), Fault> {
                $answer
            }

            async fn clear(&self, _: Limit, _: LimitKey) -> Result<u32, Fault> {
                $answer
            }
        }
    };
}

limiter! {
    /// A limiter whose counters cannot be reached.
    BrokenLimiter, Err(Fault::unavailable("the counters at 10.1.2.3 are gone"))
}
limiter! {
    /// A limiter that never answers.
    SilentLimiter, std::future::pending().await
}
limiter! {
    /// A limiter with a bug, which says more than a client should hear.
    BuggyLimiter, Err(Fault::internal("no such table: counters (SELECT * FROM counters)"))
}
