//! Failures in a row: each waits longer for the next, and at some length there is no next.

use crate::time::UnixMillis;
use std::time::Duration;

/// How a row of failures is slowed down and ended (NIST SP 800-63B-4 section 3.2.2: at most 100 in a row).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// How many may fail before any wait.
    pub free: u32,
    /// The first wait; it doubles with each further failure.
    pub wait: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// At so many failures in a row there is no further attempt.
    pub stop: u32,
    /// A row that rested for so long is forgotten.
    pub forget_after: Duration,
}

/// What is kept of a row of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// How many attempts were made without success, those under way included.
    pub failures: u32,
    /// When the last of them began.
    pub at: UnixMillis,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Climb {
    /// It may be made; it counts as failed until something else is said.
    Accepted(Rung),
    /// It may not be made; nothing changes.
    Refused {
        /// How long until one could.
        retry_after: Duration,
    },
}

impl Ladder {
    /// The wait after a number of failures; `None` when only forgetting helps.
    pub fn wait_after(&self, failures: u32) -> Option<Duration> {
        if failures >= self.stop {
            return None;
        }
        let Some(doublings) = failures.checked_sub(self.free) else { return Some(Duration::ZERO) };
        Some(self.wait.saturating_mul(1 << doublings.min(20)).min(self.wait_max))
    }

    /// Whether a row has rested for so long that it is as good as none.
    pub fn is_forgotten(&self, rung: Rung, now: UnixMillis) -> bool {
        now.since(rung.at) >= self.forget_after
    }
}

/// Begins one attempt at `now`; `kept` is what there is of earlier ones.
pub fn climb(ladder: Ladder, kept: Option<Rung>, now: UnixMillis) -> Climb {
    let Some(rung) = kept.filter(|rung| rung.failures > 0 && !ladder.is_forgotten(*rung, now)) else {
        return Climb::Accepted(Rung { failures: 1, at: now });
    };
    let rested = now.since(rung.at);
    let wait = ladder.wait_after(rung.failures).unwrap_or(ladder.forget_after);
    if rested >= wait {
        Climb::Accepted(Rung { failures: rung.failures.saturating_add(1), at: now })
    } else {
        Climb::Refused { retry_after: wait.saturating_sub(rested) }
    }
}

/// Takes one attempt back that proved nothing either way.
pub fn step_down(kept: Rung) -> Option<Rung> {
    let failures = kept.failures.saturating_sub(1);
    (failures > 0).then_some(Rung { failures, ..kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: Ladder = Ladder {
        free: 10,
        wait: Duration::from_secs(30),
        wait_max: Duration::from_secs(600),
        stop: 100,
        forget_after: Duration::from_secs(24 * 3600),
    };

    /// Attempts as often as the ladder lets one, until `end` seconds; when each was made.
    fn attack(end: i64) -> Vec<i64> {
        let (mut kept, mut now, mut made) = (None, 0, Vec::new());
        while now < end {
            match climb(LADDER, kept, UnixMillis::from_secs(now)) {
                Climb::Accepted(rung) => {
                    kept = Some(rung);
                    made.push(now);
                }
                Climb::Refused { retry_after } => now += i64::try_from(retry_after.as_secs()).unwrap_or(0),
            }
        }
        made
    }

    #[test]
    fn ten_are_free_and_then_the_waits_double_up_to_ten_minutes() {
        let made = attack(3 * 3600);
        assert!(made[..10].iter().all(|at| *at == 0));
        let waits: Vec<_> = made[9..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits[..6], [30, 60, 120, 240, 480, 600]);
        assert!(waits[6..].iter().all(|wait| *wait == 600), "{waits:?}");
    }

    #[test]
    fn nist_800_63b_3_2_2_the_101st_failure_in_a_row_waits_for_a_day() {
        let made = attack(48 * 3600);
        let last_of_the_row = made[99];
        assert_eq!(made[100] - last_of_the_row, 24 * 3600);
        let in_a_day = made.iter().filter(|at| **at < 24 * 3600).count();
        assert_eq!(in_a_day, 100);
    }

    #[test]
    fn a_refusal_says_exactly_how_long_it_lasts() {
        let kept = Some(Rung { failures: 10, at: UnixMillis::from_secs(0) });
        let at = |seconds| climb(LADDER, kept, UnixMillis::from_secs(seconds));
        assert_eq!(at(29), Climb::Refused { retry_after: Duration::from_secs(1) });
        assert_eq!(at(30), Climb::Accepted(Rung { failures: 11, at: UnixMillis::from_secs(30) }));
    }

    #[test]
    fn a_clock_that_is_put_back_frees_nobody() {
        let kept = Some(Rung { failures: 10, at: UnixMillis::from_secs(1000) });
        assert!(matches!(climb(LADDER, kept, UnixMillis::from_secs(0)), Climb::Refused { .. }));
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let Climb::Accepted(rung) = climb(LADDER, None, UnixMillis::from_secs(5)) else { unreachable!() };
        assert_eq!(step_down(rung), None);
        assert_eq!(step_down(Rung { failures: 7, ..rung }), Some(Rung { failures: 6, ..rung }));
    }
}
