//! A pace: the generic cell rate algorithm, as a pure function of one number.

use crate::time::{UnixMillis, millis};
use std::time::Duration;

/// A budget: `burst` at once, then one more every `refill`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many may come at once after a long silence; at least 1.
    pub burst: u32,
    /// How long one used unit takes to come back.
    pub refill: Duration,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// It fits; the new state is to be kept.
    Accepted {
        /// The state to keep: the moment at which the budget is whole again.
        whole_at: UnixMillis,
    },
    /// It does not fit; nothing changes.
    Refused {
        /// How long until one more would fit.
        retry_after: Duration,
    },
}

/// Charges one attempt at `now` against a budget whose kept state is `whole_at` (none before the first).
pub fn charge(budget: Budget, whole_at: Option<UnixMillis>, now: UnixMillis) -> Charge {
    let owed_until = whole_at.map_or(now, |kept| kept.max(now));
    let after_this = owed_until.plus(budget.refill);
    // In whole milliseconds, as the state is kept: else fractions would add up to one attempt too many.
    let refill = Duration::from_millis(u64::try_from(millis(budget.refill)).unwrap_or(0));
    let latest = now.plus(refill.saturating_mul(budget.burst.max(1)));
    if after_this <= latest {
        Charge::Accepted { whole_at: after_this }
    } else {
        Charge::Refused { retry_after: after_this.since(latest) }
    }
}

/// Takes one accepted attempt back. What is left is what there would be without it, as far as one number can tell.
#[must_use]
pub fn refund(budget: Budget, whole_at: UnixMillis) -> UnixMillis {
    whole_at.minus(budget.refill)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { burst: 3, refill: Duration::from_secs(3600) };

    fn attempt(state: &mut Option<UnixMillis>, at: i64) -> Option<Duration> {
        match charge(BUDGET, *state, UnixMillis::from_secs(at)) {
            Charge::Accepted { whole_at } => {
                *state = Some(whole_at);
                None
            }
            Charge::Refused { retry_after } => Some(retry_after),
        }
    }

    #[test]
    fn a_burst_passes_and_then_one_an_hour() {
        let mut state = None;
        for _ in 0..3 {
            assert_eq!(attempt(&mut state, 0), None);
        }
        assert_eq!(attempt(&mut state, 0), Some(Duration::from_secs(3600)));
        assert_eq!(attempt(&mut state, 3599), Some(Duration::from_secs(1)));
        assert_eq!(attempt(&mut state, 3600), None);
        assert_eq!(attempt(&mut state, 3600), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn a_refused_attempt_costs_nothing() {
        let mut state = None;
        for _ in 0..3 {
            attempt(&mut state, 0);
        }
        let kept = state;
        for _ in 0..100 {
            assert!(attempt(&mut state, 1).is_some());
        }
        assert_eq!(state, kept);
    }

    #[test]
    fn what_is_refunded_can_be_spent_again() {
        let mut state = None;
        for _ in 0..3 {
            attempt(&mut state, 0);
        }
        assert!(attempt(&mut state, 0).is_some());
        state = state.map(|whole_at| refund(BUDGET, whole_at));
        assert_eq!(attempt(&mut state, 0), None);
        assert!(attempt(&mut state, 0).is_some());
    }
}
