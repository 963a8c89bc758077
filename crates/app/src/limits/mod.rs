//! What is limited, and by how much: the part of every use case that a stranger can call as often as they like.
//!
//! An attempt is paid for **before** anything is looked up or hashed and gets its payment back when it proves right
//! ([`Reservation`]), so that a hundred attempts at once are no cheaper than a hundred in a row (CVE-2024-4629).
//! Nothing here knows whether an account exists: the counts are kept under keyed hashes, and run alike for every
//! address.

mod gate;
mod known_device;
mod reservation;

pub use gate::Gates;
pub use known_device::DeviceProof;
pub(crate) use known_device::{KnownDevice, account_digest, known, remember};
pub use reservation::{LimitError, Limited};
pub(crate) use reservation::{Reservation, count_failure, forgive};

use crate::ports::limiter::{Limit, LimitKey};
use domain::throttle::{Budget, Ladder};
use std::time::Duration;

/// How much of each there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed sign-ins from one network address.
    pub sign_in_address: Budget,
    /// Failed sign-ins to one account from unknown devices, all together.
    pub sign_in_account: Ladder,
    /// Failed sign-ins to one account from one known device; wrong current passwords of one user as well.
    pub sign_in_device: Ladder,
    /// Sign-ups from one network address.
    pub sign_up_address: Budget,
    /// Requests for reset mails from one network address.
    pub forgot_password_address: Budget,
    /// Mails that strangers can order in one namespace.
    pub namespace_mail: Budget,
    /// Wrong reset tokens from one network address.
    pub reset_address: Budget,
    /// Refused refreshes from one network address.
    pub refresh_address: Budget,
    /// How long a device is known after its last sign-in.
    pub device_known_for: Duration,
}

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
