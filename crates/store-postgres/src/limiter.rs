//! Budgets that protect accounts, counted once for all nodes.
//!
//! [`domain::throttle`] is the rule; these are the same rules as one statement each, which the row's lock makes one
//! decision at a time. A test compares the two.

use crate::clock::now;
use crate::failure::Failure;
use crate::open::PostgresStore;
use app::fault::Fault;
use app::ports::limiter::{Charged, Limit, LimitKey, Limiter};
use async_trait::async_trait;
use domain::throttle::{self, Budget, Climb, Ladder, Rung};
use domain::time::{UnixMillis, millis};
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

/// Counts one more, or touches nothing. `whole_at` is when the row is forgotten, so the last attempt was `$8` earlier.
const CLIMB: &str = concat!(
    "WITH clock AS (SELECT ",
    now!(),
    " AS now), climbed AS (
       INSERT INTO limits AS l (kind, key, whole_at, failures) SELECT $2, $3, now + $8, 1 FROM clock
       ON CONFLICT (kind, key) DO UPDATE
          SET whole_at = excluded.whole_at,
              failures = CASE WHEN excluded.whole_at - l.whole_at >= $8 THEN 1 ELSE l.failures + 1 END
        WHERE greatest(excluded.whole_at - l.whole_at, 0) >= least($8::int8, CASE
                WHEN l.failures >= $7::int8 THEN $8::int8
                WHEN l.failures < $4::int8 THEN 0
                ELSE least($5::int8 << least(l.failures - $4::int8, 20)::int4, $6::int8) END)
       RETURNING 1)
     SELECT EXISTS (SELECT 1 FROM climbed), clock.now, kept.whole_at, kept.failures
       FROM clock LEFT JOIN limits AS kept ON kept.kind = $2 AND kept.key = $3"
);

#[async_trait]
impl Limiter for PostgresStore {
    async fn charge(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<Charged, Fault> {
        let refill = millis(budget.refill);
        let depth = refill.saturating_mul(i64::from(budget.burst.max(1)));
        let values = (self.clock.parameter(), limit.name(), key.as_slice());
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

    async fn refund(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<(), Fault> {
        let sql = "UPDATE limits SET whole_at = whole_at - $3 WHERE kind = $1 AND key = $2";
        let values = (limit.name(), key.as_slice(), millis(budget.refill));
        self.writers.once(sql, &[&values.0, &values.1, &values.2]).await?;
        Ok(())
    }

    async fn climb(&self, limit: Limit, key: LimitKey, ladder: Ladder) -> Result<Charged, Fault> {
        let (kind, key, forget) = (limit.name(), key.as_slice(), millis(ladder.forget_after));
        let (free, stop) = (i64::from(ladder.free), i64::from(ladder.stop));
        let (wait, wait_max) = (millis(ladder.wait), millis(ladder.wait_max));
        let clock = self.clock.parameter();
        let rows =
            self.writers.once(CLIMB, &[&clock, &kind, &key, &free, &wait, &wait_max, &stop, &forget]).await?;
        let row = rows.first().ok_or(Failure::Impossible("a statement without a row"))?;
        if row.try_get(0).map_err(Failure::from)? {
            return Ok(Charged::Accepted);
        }
        let now = UnixMillis::from_millis(row.try_get(1).map_err(Failure::from)?);
        // Empty when the very first attempts on this key were made while this one waited for them.
        let whole_at: Option<i64> = row.try_get(2).map_err(Failure::from)?;
        let failures: Option<i64> = row.try_get(3).map_err(Failure::from)?;
        let kept = whole_at.zip(failures).map(|(whole_at, failures)| Rung {
            failures: u32::try_from(failures).unwrap_or(u32::MAX),
            at: UnixMillis::from_millis(whole_at).minus(ladder.forget_after),
        });
        Ok(Charged::Refused {
            retry_after: match throttle::climb(ladder, kept, now) {
                Climb::Refused { retry_after } => retry_after,
                Climb::Accepted(_) => ladder.wait,
            },
        })
    }

    async fn step_down(&self, limit: Limit, key: LimitKey) -> Result<(), Fault> {
        let sql = "UPDATE limits SET failures = greatest(failures - 1, 0) WHERE kind = $1 AND key = $2";
        self.writers.once(sql, &[&limit.name(), &key.as_slice()]).await?;
        Ok(())
    }

    async fn clear(&self, limit: Limit, key: LimitKey) -> Result<u32, Fault> {
        let sql = "DELETE FROM limits WHERE kind = $1 AND key = $2 RETURNING failures";
        let rows = self.writers.once(sql, &[&limit.name(), &key.as_slice()]).await?;
        let failures: Option<i64> =
            rows.first().map(|row| row.try_get(0)).transpose().map_err(Failure::from)?;
        Ok(u32::try_from(failures.unwrap_or(0)).unwrap_or(u32::MAX))
    }
}
