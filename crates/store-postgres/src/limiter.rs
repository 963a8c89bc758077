//! Budgets that protect accounts, counted once for all nodes.
//!
//! [`domain::throttle::charge`] is the rule; this is the same rule as one statement, which the row's lock makes one
//! decision at a time. A test compares the two.

use crate::clock::now;
use crate::failure::Failure;
use crate::open::PostgresStore;
use app::fault::Fault;
use app::ports::limiter::{Charged, Limit, Limiter};
use async_trait::async_trait;
use domain::throttle::Budget;
use domain::time::millis;
use std::time::Duration;

/// Accepts and moves the moment, or touches nothing. What there was before the statement comes back with it.
const CHARGE: &str = concat!(
    "WITH clock AS (SELECT ",
    now!(),
    " AS now), charged AS (
       INSERT INTO limits AS l (kind, key, whole_at) SELECT $2, $3, now + $4 FROM clock
       ON CONFLICT (kind, key) DO UPDATE
          SET whole_at = greatest(l.whole_at, excluded.whole_at - $4) + $4
        WHERE greatest(l.whole_at, excluded.whole_at - $4) + $4 <= excluded.whole_at - $4 + $5
       RETURNING 1)
     SELECT EXISTS (SELECT 1 FROM charged), clock.now,
            (SELECT whole_at FROM limits WHERE kind = $2 AND key = $3) FROM clock"
);

#[async_trait]
impl Limiter for PostgresStore {
    async fn charge(&self, limit: Limit, key: [u8; 32], budget: Budget) -> Result<Charged, Fault> {
        let refill = millis(budget.refill);
        let depth = refill.saturating_mul(i64::from(budget.burst.max(1)));
        let values = (self.clock.parameter(), name(limit), key.as_slice());
        let rows = self.writers.once(CHARGE, &[&values.0, &values.1, &values.2, &refill, &depth]).await?;
        let row = rows.first().ok_or(Failure::Impossible("a statement without a row"))?;
        if row.try_get(0).map_err(Failure::from)? {
            return Ok(Charged::Accepted);
        }
        let now: i64 = row.try_get(1).map_err(Failure::from)?;
        // Empty when the very first charges of this key happened while this one waited for them.
        let whole_at: Option<i64> = row.try_get(2).map_err(Failure::from)?;
        let wait = whole_at.map_or(refill, |whole_at| whole_at.max(now) + refill - now - depth);
        Ok(Charged::Refused { retry_after: Duration::from_millis(u64::try_from(wait.max(1)).unwrap_or(1)) })
    }
}

/// The stored name.
const fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::ForgotPassword => "forgot_password",
    }
}
