//! When a client calls: as soon as it is answered, or at moments that do not wait for answers.

use std::time::{Duration, Instant};

/// When one client calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as it is answered.
    Answered,
    /// At `next`, and then again and again.
    Every {
        /// When the next call is due.
        next: Instant,
        /// From one call to the next.
        interval: Duration,
    },
}

impl Pace {
    /// The paces of `clients` that call `per_second` times together, evenly from `start` on; 0 stands for as soon as they are answered.
    pub(crate) fn of_each(clients: usize, per_second: f64, start: Instant) -> Vec<Self> {
        if per_second <= 0.0 {
            return vec![Self::Answered; clients];
        }
        let between = Duration::from_secs_f64(1.0 / per_second);
        let interval = Duration::from_secs_f64(clients as f64 / per_second);
        let next = |number| start + between.saturating_mul(number);
        (0..).take(clients).map(|number| Self::Every { next: next(number), interval }).collect()
    }

    /// Waits for the moment of the next call, from which its time counts: when it was due, if the call before it took too long. A
    /// client that is held up would otherwise hide how many calls the hold-up would have met.
    pub(crate) async fn next(&mut self) -> Instant {
        let Self::Every { next, interval } = self else { return Instant::now() };
        let due = *next;
        *next += *interval;
        if due < Instant::now() {
            return due;
        }
        tokio::time::sleep_until(due.into()).await;
        // A timer is late by up to a millisecond, which is nobody's waiting time.
        Instant::now()
    }

    /// Whether somebody else says when to call.
    pub(crate) const fn is_fixed(&self) -> bool {
        matches!(self, Self::Every { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_a_pace_evenly() {
        let start = Instant::now();
        let paces = Pace::of_each(4, 8.0, start);
        let (interval, later) = (Duration::from_millis(500), start + Duration::from_millis(375));
        assert_eq!(paces[0], Pace::Every { next: start, interval });
        assert_eq!(paces[3], Pace::Every { next: later, interval });
        assert_eq!(Pace::of_each(2, 0.0, start), [Pace::Answered; 2]);
    }

    #[tokio::test]
    async fn a_call_that_is_late_counts_from_when_it_was_due() {
        let due = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        let mut pace = Pace::Every { next: due, interval: Duration::from_secs(1) };
        assert_eq!(pace.next().await, due);
    }
}
