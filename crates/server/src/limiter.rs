//! Limits counted in this process.

mod table;

use self::table::Table;
use app::fault::Fault;
use app::ports::clock::Clock;
use app::ports::limiter::{Charged, Limit, LimitKey, Limiter};
use async_trait::async_trait;
use domain::throttle::{self, Budget, Charge, Climb, Ladder, Rung};
use domain::time::UnixMillis;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a client waits when every counter is in use by somebody else.
const NO_ROOM_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Counters in memory, bounded for each limit by itself: a flood of one kind leaves the others their room.
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    entries_max: usize,
    paces: Mutex<HashMap<Limit, Table<UnixMillis>>>,
    rows: Mutex<HashMap<Limit, Table<Rung>>>,
}

impl LocalLimiter {
    /// Counters for at most `entries_max` keys of each limit.
    pub fn new(clock: Arc<dyn Clock>, entries_max: usize) -> Self {
        Self { clock, entries_max, paces: Mutex::default(), rows: Mutex::default() }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn charge(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<Charged, Fault> {
        let now = self.clock.now();
        let mut paces = locked(&self.paces);
        let table = paces.entry(limit).or_default();
        // A budget that is whole again is the same as one that was never used.
        if !table.has_room(&key, self.entries_max, now, |whole_at, _| *whole_at > now) {
            return Ok(Charged::Refused { retry_after: NO_ROOM_RETRY_AFTER });
        }
        Ok(match throttle::charge(budget, table.get(&key), now) {
            Charge::Accepted { whole_at } => {
                table.put(key, whole_at);
                Charged::Accepted
            }
            Charge::Refused { retry_after } => Charged::Refused { retry_after },
        })
    }

    async fn refund(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut paces = locked(&self.paces);
        let table = paces.entry(limit).or_default();
        if let Some(whole_at) = table.get(&key) {
            let kept = Some(throttle::refund(budget, whole_at)).filter(|whole_at| *whole_at > now);
            table.set(key, kept);
        }
        Ok(())
    }

    async fn climb(&self, limit: Limit, key: LimitKey, ladder: Ladder) -> Result<Charged, Fault> {
        let now = self.clock.now();
        let mut rows = locked(&self.rows);
        let table = rows.entry(limit).or_default();
        // A row too short to slow anybody down is the cheapest to lose, and the cheapest for a flood to make.
        let stays = |rung: &Rung, is_short_of_room: bool| {
            let is_expendable = is_short_of_room && rung.failures < ladder.free / 2;
            !ladder.is_forgotten(*rung, now) && !is_expendable
        };
        if !table.has_room(&key, self.entries_max, now, stays) {
            return Ok(Charged::Refused { retry_after: NO_ROOM_RETRY_AFTER });
        }
        Ok(match throttle::climb(ladder, table.get(&key), now) {
            Climb::Accepted(rung) => {
                table.put(key, rung);
                Charged::Accepted
            }
            Climb::Refused { retry_after } => Charged::Refused { retry_after },
        })
    }

    async fn step_down(&self, limit: Limit, key: LimitKey) -> Result<(), Fault> {
        let mut rows = locked(&self.rows);
        let table = rows.entry(limit).or_default();
        if let Some(rung) = table.get(&key) {
            table.set(key, throttle::step_down(rung));
        }
        Ok(())
    }

    async fn clear(&self, limit: Limit, key: LimitKey) -> Result<u32, Fault> {
        let mut rows = locked(&self.rows);
        let table = rows.entry(limit).or_default();
        let failures = table.get(&key).map_or(0, |rung| rung.failures);
        table.set(key, None);
        Ok(failures)
    }
}

/// No limits at all, for a benchmark.
pub struct NoLimiter;

#[async_trait]
impl Limiter for NoLimiter {
    fn refuses(&self) -> bool {
        false
    }

    async fn charge(&self, _: Limit, _: LimitKey, _: Budget) -> Result<Charged, Fault> {
        Ok(Charged::Accepted)
    }

    async fn refund(&self, _: Limit, _: LimitKey, _: Budget) -> Result<(), Fault> {
        Ok(())
    }

    async fn climb(&self, _: Limit, _: LimitKey, _: Ladder) -> Result<Charged, Fault> {
        Ok(Charged::Accepted)
    }

    async fn step_down(&self, _: Limit, _: LimitKey) -> Result<(), Fault> {
        Ok(())
    }

    async fn clear(&self, _: Limit, _: LimitKey) -> Result<u32, Fault> {
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::FakeClock;

    const BUDGET: Budget = Budget { burst: 1, refill: Duration::from_secs(60) };
    const LADDER: Ladder = Ladder {
        free: 4,
        wait: Duration::from_secs(60),
        wait_max: Duration::from_secs(60),
        stop: 10,
        forget_after: Duration::from_secs(3600),
    };
    const NO_ROOM: Charged = Charged::Refused { retry_after: NO_ROOM_RETRY_AFTER };

    #[tokio::test]
    async fn a_full_table_refuses_strangers_and_forgets_only_whole_budgets() {
        let clock = Arc::new(FakeClock::default());
        let limiter = LocalLimiter::new(clock.clone(), 2);
        let charge = async |key: u8| limiter.charge(Limit::ForgotPassword, [key; 32], BUDGET).await.unwrap();
        assert_eq!(charge(1).await, Charged::Accepted);
        assert_eq!(charge(2).await, Charged::Accepted);
        assert!(matches!(charge(1).await, Charged::Refused { .. }));
        assert_eq!(charge(3).await, NO_ROOM);
        let other = limiter.charge(Limit::ResetAddress, [3; 32], BUDGET).await.unwrap();
        assert_eq!(other, Charged::Accepted, "another limit has room of its own");
        clock.advance(Duration::from_secs(60));
        assert_eq!(charge(3).await, Charged::Accepted);
    }

    #[tokio::test]
    async fn a_flood_of_short_rows_takes_nobody_elses_place_and_hides_no_long_one() {
        let clock = Arc::new(FakeClock::default());
        let limiter = LocalLimiter::new(clock.clone(), 3);
        let climb = async |key: u8| limiter.climb(Limit::SignInAccount, [key; 32], LADDER).await.unwrap();
        for _ in 0..LADDER.free {
            assert_eq!(climb(0).await, Charged::Accepted);
        }
        for key in 1..100 {
            clock.advance(Duration::from_secs(1));
            assert_eq!(climb(key).await, Charged::Accepted, "{key}");
        }
        clock.turn_back(Duration::from_secs(99));
        assert_eq!(climb(0).await, Charged::Refused { retry_after: Duration::from_secs(60) });
        for key in [200, 201] {
            for _ in 0..LADDER.free {
                climb(key).await;
            }
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(climb(202).await, NO_ROOM, "long rows fill it, so it fails closed");
    }

    #[tokio::test]
    async fn what_is_given_back_can_be_used_again() {
        let limiter = LocalLimiter::new(Arc::new(FakeClock::default()), 10);
        let (pace, row) = (Limit::SignInAddress, Limit::SignInAccount);
        for _ in 0..20 {
            assert_eq!(limiter.charge(pace, [1; 32], BUDGET).await.unwrap(), Charged::Accepted);
            limiter.refund(pace, [1; 32], BUDGET).await.unwrap();
            assert_eq!(limiter.climb(row, [1; 32], LADDER).await.unwrap(), Charged::Accepted);
            limiter.step_down(row, [1; 32]).await.unwrap();
        }
        for _ in 0..LADDER.free {
            limiter.climb(row, [1; 32], LADDER).await.unwrap();
        }
        assert!(matches!(limiter.climb(row, [1; 32], LADDER).await.unwrap(), Charged::Refused { .. }));
        limiter.clear(row, [1; 32]).await.unwrap();
        assert_eq!(limiter.climb(row, [1; 32], LADDER).await.unwrap(), Charged::Accepted);
    }
}
