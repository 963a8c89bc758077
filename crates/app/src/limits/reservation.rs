//! Paying first, and getting it back.

use super::{Due, Rule};
use crate::fault::Fault;
use crate::gates::UnderWay;
use crate::ports::limiter::{Charged, Limit, LimitKey, Limiter};
use crate::ports::telemetry::Signal;
use crate::service::Service;
use std::time::Duration;

/// A refusal, and what a client is told of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Which limit.
    pub limit: Limit,
    /// How many it lets pass.
    pub quota: u32,
    /// In how long.
    pub window: Duration,
    /// When to come back.
    pub retry_after: Duration,
}

/// Why an attempt is not made.
#[derive(Debug)]
pub enum LimitError {
    /// There were too many.
    Limited(Limited),
    /// Nobody can say how many there were, so it is refused.
    Fault(Fault),
}

impl From<Fault> for LimitError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// When the line is too long to stand in.
const LINE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What one attempt has paid. Dropped, it counts as failed: also when its client went away.
#[must_use = "an attempt fails, succeeds or is taken back"]
pub(crate) struct Reservation<'a> {
    service: &'a Service,
    paid: Vec<Ticket>,
}

/// One payment.
pub(crate) struct Ticket {
    due: Due,
    under_way: UnderWay,
}

impl<'a> Reservation<'a> {
    /// Pays all of them, in this order, or none.
    ///
    /// # Errors
    /// When one has no room, or cannot be counted.
    pub(crate) async fn of(
        service: &'a Service,
        dues: impl IntoIterator<Item = Due>,
    ) -> Result<Self, LimitError> {
        let mut reservation = Self { service, paid: Vec::new() };
        for due in dues {
            match pay(service, due).await {
                Ok(ticket) => reservation.paid.push(ticket),
                Err(error) => {
                    reservation.release().await;
                    return Err(error);
                }
            }
        }
        Ok(reservation)
    }

    /// It proved right: every row of failures ends, and every pace gets its unit back. How many failures there were
    /// before it in the longest row, not counting what is still under way: that may prove right as well.
    pub(crate) async fn succeed(self) -> u32 {
        let mut longest = 0;
        for ticket in self.paid {
            let Due { limit, key, rule } = ticket.due;
            let limiter = limiter(self.service, limit);
            match rule {
                Rule::Pace(budget) => said(limiter.refund(limit, key, budget).await),
                Rule::Row(_) => match limiter.clear(limit, key).await {
                    Ok(attempts) => longest = longest.max(attempts.saturating_sub(ticket.under_way.count())),
                    Err(fault) => said(Err(fault)),
                },
            }
        }
        longest
    }

    /// It proved nothing: as if it had not been made.
    pub(crate) async fn release(self) {
        for ticket in self.paid {
            let Due { limit, key, rule } = ticket.due;
            let limiter = limiter(self.service, limit);
            said(match rule {
                Rule::Pace(budget) => limiter.refund(limit, key, budget).await,
                Rule::Row(_) => limiter.step_down(limit, key).await,
            });
        }
    }

    /// It proved wrong, or was to be paid for anyway.
    pub(crate) fn keep(self) {}
}

/// A unit that cannot be given back is lost to its owner, which is no reason to fail what was done already.
fn said(given_back: Result<(), Fault>) {
    if let Err(fault) = given_back {
        tracing::warn!(error = %fault, "a limit could not be given back");
    }
}

fn limiter(service: &Service, limit: Limit) -> &dyn Limiter {
    if limit.is_by_address() { service.address_limiter.as_ref() } else { service.limiter.as_ref() }
}

async fn pay(service: &Service, due: Due) -> Result<Ticket, LimitError> {
    let is_counted = limiter(service, due.limit).refuses();
    let Some(place) = service.gates.enter((due.limit, due.key), is_counted) else {
        return Err(refusal(service, due, LINE_RETRY_AFTER));
    };
    let turn = place.turn().await;
    let refused = loop {
        let ended = place.ended();
        match charge(service, due).await? {
            Charged::Accepted => break None,
            Charged::Refused { retry_after } if !place.news(ended).await => break Some(retry_after),
            Charged::Refused { .. } => {}
        }
    };
    match refused {
        Some(retry_after) => Err(refusal(service, due, retry_after)),
        None => {
            let ticket = Ticket { due, under_way: place.begin() };
            // Only now: the next in line must see this one under way.
            drop(turn);
            Ok(ticket)
        }
    }
}

async fn charge(service: &Service, due: Due) -> Result<Charged, Fault> {
    let limiter = limiter(service, due.limit);
    match due.rule {
        Rule::Pace(budget) => limiter.charge(due.limit, due.key, budget).await,
        Rule::Row(ladder) => limiter.climb(due.limit, due.key, ladder).await,
    }
}

fn refusal(service: &Service, due: Due, retry_after: Duration) -> LimitError {
    service.telemetry.count(Signal::Limited(due.limit));
    let (quota, window) = due.rule.quota();
    LimitError::Limited(Limited { limit: due.limit, quota, window, retry_after })
}

/// Counts a failure after the fact; the refusal it earns if there were too many.
pub(crate) async fn count_failure(service: &Service, due: Due) -> Result<(), LimitError> {
    match charge(service, due).await? {
        Charged::Accepted => Ok(()),
        Charged::Refused { retry_after } => Err(refusal(service, due, retry_after)),
    }
}

/// Ends the row of failures of strangers on an account whose owner has proved itself in another way.
pub(crate) async fn forgive(service: &Service, account: &LimitKey) {
    said(service.limiter.clear(Limit::SignInAccount, *account).await.map(drop));
}
