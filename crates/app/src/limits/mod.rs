//! What is limited, and by how much: the part of every use case that a stranger can call as often as they like.
//!
//! An attempt is paid for **before** anything is looked up or hashed and gets its payment back when it proves right
//! (`Reservation`), so that a hundred attempts at once are no cheaper than a hundred in a row (CVE-2024-4629).
//! Nothing here knows whether an account exists: the counts are kept under keyed hashes, and run alike for every
//! address.

mod known_device;
mod reservation;

pub(crate) use known_device::{KnownDevice, account_digest, known, remember};
pub use reservation::{LimitError, Limited};
pub(crate) use reservation::{Reservation, count_failure, forgive};

use crate::ports::limiter::{Limit, LimitKey};
use domain::throttle::{Budget, Ladder};
use std::time::Duration;

/// A way to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// So many in a time.
    Pace(Budget),
    /// So many failures in a row.
    Row(Ladder),
}

impl Rule {
    /// What a client is told of it: how many in how long.
    fn quota(self) -> (u32, Duration) {
        match self {
            Self::Pace(budget) => (budget.burst, budget.refill.saturating_mul(budget.burst)),
            Self::Row(ladder) => (ladder.stop, ladder.forget_after),
        }
    }
}

/// One thing to be paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) limit: Limit,
    pub(crate) key: LimitKey,
    pub(crate) rule: Rule,
}

impl Due {
    /// Of a pace.
    pub(crate) const fn pace(limit: Limit, key: LimitKey, budget: Budget) -> Self {
        Self { limit, key, rule: Rule::Pace(budget) }
    }

    /// Of a row of failures.
    pub(crate) const fn row(limit: Limit, key: LimitKey, ladder: Ladder) -> Self {
        Self { limit, key, rule: Rule::Row(ladder) }
    }
}
