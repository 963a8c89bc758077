//! The limiter's arithmetic, against a bucket that is counted unit by unit.

use minbil_auth_domain::throttle::{Budget, Charge, charge};
use minbil_auth_domain::time::UnixMillis;
use proptest::prelude::*;
use std::time::Duration;

/// A bucket of `burst` units; each used one is on its way back, one after the other.
struct Bucket {
    burst: i64,
    refill: i64,
    /// When each used unit is back.
    back_at: Vec<i64>,
}

impl Bucket {
    fn charge(&mut self, now: i64) -> Result<(), i64> {
        self.back_at.retain(|at| *at > now);
        let used = i64::try_from(self.back_at.len()).unwrap();
        if used >= self.burst {
            return Err(self.back_at[0] - now);
        }
        let from = self.back_at.last().copied().unwrap_or(now);
        self.back_at.push(from + self.refill);
        Ok(())
    }
}

#[test]
fn a_budget_of_none_still_lets_one_come_at_a_time() {
    let budget = Budget { burst: 0, refill: Duration::from_secs(1) };
    let now = UnixMillis::from_secs(0);
    let whole_at = now.plus(Duration::from_secs(1));
    assert_eq!(charge(budget, None, now), Charge::Accepted { whole_at });
    assert_eq!(charge(budget, Some(whole_at), now), Charge::Refused { retry_after: Duration::from_secs(1) });
}

proptest! {
    #[test]
    fn a_budget_behaves_as_a_bucket_that_is_counted(
        burst in 1u32..12,
        refill in 1i64..5_000,
        gaps in prop::collection::vec(prop_oneof![3 => 0i64..3, 2 => 0i64..6_000, 1 => 0i64..60_000], 1..80),
    ) {
        let budget = Budget { burst, refill: Duration::from_millis(refill.unsigned_abs()) };
        let mut bucket = Bucket { burst: i64::from(burst), refill, back_at: Vec::new() };
        let (mut kept, mut now) = (None, 1_000_000);
        for gap in gaps {
            now += gap;
            let counted = bucket.charge(now);
            match charge(budget, kept, UnixMillis::from_millis(now)) {
                Charge::Accepted { whole_at } => {
                    prop_assert_eq!(counted, Ok(()));
                    prop_assert_eq!(Some(&whole_at.as_millis()), bucket.back_at.last());
                    kept = Some(whole_at);
                }
                Charge::Refused { retry_after } => {
                    prop_assert_eq!(counted, Err(i64::try_from(retry_after.as_millis()).unwrap()));
                }
            }
        }
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_let_in(
        burst in 1u32..100, refill in 1u64..10_000_000, ahead in 0u64..100_000_000, at in 0i64..1 << 41,
    ) {
        let budget = Budget { burst, refill: Duration::from_millis(refill) };
        let now = UnixMillis::from_millis(at);
        let kept = Some(now.plus(Duration::from_millis(ahead)));
        if let Charge::Refused { retry_after } = charge(budget, kept, now) {
            prop_assert!(retry_after > Duration::ZERO);
            let then = now.plus(retry_after);
            let is_accepted = |at| matches!(charge(budget, kept, at), Charge::Accepted { .. });
            prop_assert!(is_accepted(then));
            prop_assert!(!is_accepted(then.minus(Duration::from_millis(1))));
        }
    }

    #[test]
    fn no_budget_and_no_moment_makes_it_panic(
        burst: u32, refill in any::<Duration>(), kept in any::<Option<i64>>(), now: i64,
    ) {
        let kept = kept.map(UnixMillis::from_millis);
        let now = UnixMillis::from_millis(now);
        match charge(Budget { burst, refill }, kept, now) {
            Charge::Accepted { whole_at } => prop_assert!(whole_at >= now),
            Charge::Refused { retry_after } => prop_assert!(retry_after > Duration::ZERO),
        }
    }
}
