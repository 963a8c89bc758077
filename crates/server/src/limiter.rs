//! Limits counted in this process.

use app::fault::Fault;
use app::ports::clock::Clock;
use app::ports::limiter::{Charged, Limit, Limiter};
use async_trait::async_trait;
use domain::throttle::{Budget, Charge, charge};
use domain::time::UnixMillis;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Counters in memory, bounded: when there is no room left, whole budgets are forgotten first.
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    entries_max: usize,
    counters: Mutex<HashMap<(Limit, [u8; 32]), UnixMillis>>,
}

/// How long a client waits when every counter is in use by somebody else.
const NO_ROOM_RETRY_AFTER: Duration = Duration::from_secs(60);

impl LocalLimiter {
    /// Counters for at most `entries_max` keys.
    pub fn new(clock: Arc<dyn Clock>, entries_max: usize) -> Self {
        Self { clock, entries_max, counters: Mutex::new(HashMap::new()) }
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn charge(&self, limit: Limit, key: [u8; 32], budget: Budget) -> Result<Charged, Fault> {
        let now = self.clock.now();
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (limit, key);
        if counters.len() >= self.entries_max && !counters.contains_key(&entry) {
            // A budget that is whole again is the same as one that was never used.
            counters.retain(|_, whole_at| *whole_at > now);
            if counters.len() >= self.entries_max {
                return Ok(Charged::Refused { retry_after: NO_ROOM_RETRY_AFTER });
            }
        }
        match charge(budget, counters.get(&entry).copied(), now) {
            Charge::Accepted { whole_at } => {
                counters.insert(entry, whole_at);
                Ok(Charged::Accepted)
            }
            Charge::Refused { retry_after } => Ok(Charged::Refused { retry_after }),
        }
    }
}

/// No limits at all, for a benchmark.
pub struct NoLimiter;

#[async_trait]
impl Limiter for NoLimiter {
    async fn charge(&self, _: Limit, _: [u8; 32], _: Budget) -> Result<Charged, Fault> {
        Ok(Charged::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::FakeClock;

    const BUDGET: Budget = Budget { burst: 1, refill: Duration::from_secs(60) };

    #[tokio::test]
    async fn a_full_table_refuses_strangers_and_forgets_only_whole_budgets() {
        let clock = Arc::new(FakeClock::default());
        let limiter = LocalLimiter::new(clock.clone(), 2);
        let charge = async |key: u8| limiter.charge(Limit::ForgotPassword, [key; 32], BUDGET).await.unwrap();
        assert_eq!(charge(1).await, Charged::Accepted);
        assert_eq!(charge(2).await, Charged::Accepted);
        assert!(matches!(charge(1).await, Charged::Refused { .. }));
        assert_eq!(charge(3).await, Charged::Refused { retry_after: NO_ROOM_RETRY_AFTER });
        clock.advance(Duration::from_secs(60));
        assert_eq!(charge(3).await, Charged::Accepted);
    }
}
