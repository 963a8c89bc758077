//! Limits. The one behind this port so far protects mailboxes from reset mails that nobody asked for.

use crate::fault::Fault;
use async_trait::async_trait;
use domain::throttle::Budget;
use std::time::Duration;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Reset mails to one address.
    ForgotPassword,
}

/// Whether a charge fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// It fitted.
    Accepted,
    /// It did not: 429.
    Refused {
        /// How long until one more would fit.
        retry_after: Duration,
    },
}

/// Counts charges against budgets.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Charges one unit to `key`.
    ///
    /// # Errors
    /// When the counters cannot be reached; a caller then refuses, it never lets pass.
    async fn charge(&self, limit: Limit, key: [u8; 32], budget: Budget) -> Result<Charged, Fault>;
}
