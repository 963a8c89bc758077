//! Calls that were refused, for the audit log (ASVS 16.3.2, 16.3.3): counted in memory and written a row for many.
//!
//! Whoever is refused can be refused as often as they like, so a row for each would let a stranger fill the disk, and would
//! make a refusal cost a write. What has a row of its own (a wrong password, a reused refresh token) is not counted here.

use crate::audit::{Actor, AuditContext};
use crate::fault::Fault;
use crate::ports::store::{AuditStore, NewEvent};
use domain::event::EventKind;
use domain::namespace::NamespaceName;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many rows with a source one window has. Everybody else of that window is counted together.
pub const SOURCES_MAX: usize = 64;

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefusedCall {
    /// The namespace that was called, if it is one.
    pub namespace: Option<NamespaceName>,
    /// The call, and the limit if it was one. Never anything that a client typed.
    pub call: String,
    /// The code of the problem that the client was told.
    pub problem: &'static str,
    /// The network address it came from.
    pub source: Option<String>,
}

struct Count {
    times: u32,
    /// The first of them, to be found in the log.
    request_id: String,
}

/// The counts of the window.
#[derive(Default)]
pub struct RefusedCalls(Mutex<HashMap<RefusedCall, Count>>);

impl RefusedCalls {
    /// Counts one.
    pub fn count(&self, call: RefusedCall, request_id: &str) {
        self.add(call, Count { times: 1, request_id: request_id.to_owned() });
    }

    fn add(&self, mut call: RefusedCall, more: Count) {
        let mut counts = self.lock();
        let is_full = |counts: &HashMap<RefusedCall, Count>| {
            counts.keys().filter(|call| call.source.is_some()).count() >= SOURCES_MAX
        };
        // Without a source there are as many as calls and problems, which is a bound of its own.
        if call.source.is_some() && !counts.contains_key(&call) && is_full(&counts) {
            call.source = None;
        }
        let count = counts.entry(call).or_insert(Count { times: 0, request_id: more.request_id });
        count.times = count.times.saturating_add(more.times);
    }

    fn take(&self) -> Vec<(RefusedCall, Count)> {
        self.lock().drain().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RefusedCall, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what was counted, and begins a new window.
///
/// # Errors
/// When the store fails; the counts stay for the next time.
pub async fn write(store: &dyn AuditStore, calls: &RefusedCalls) -> Result<(), Fault> {
    let counted = calls.take();
    if counted.is_empty() {
        return Ok(());
    }
    let written = store.record_events(counted.iter().map(event).collect()).await;
    if written.is_err() {
        counted.into_iter().for_each(|(call, count)| calls.add(call, count));
    }
    written
}

fn event((call, count): &(RefusedCall, Count)) -> NewEvent {
    let audit = AuditContext {
        actor: Actor::Client,
        request_id: Some(count.request_id.clone()),
        address: call.source.clone(),
    };
    NewEvent {
        namespace: call.namespace.clone(),
        detail: Some(call.call.clone()),
        problem: Some(call.problem.to_owned()),
        times: Some(count.times),
        ..NewEvent::of(EventKind::CallsRefused, audit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(source: Option<u32>) -> RefusedCall {
        let source = source.map(|number| format!("192.0.2.{number}"));
        RefusedCall { namespace: None, call: "refresh".to_owned(), problem: "invalid_token", source }
    }

    #[test]
    fn a_flood_from_everywhere_takes_a_bounded_number_of_rows_and_counts_everybody() {
        let calls = RefusedCalls::default();
        for round in 0..3 {
            for number in 0..1000 {
                calls.count(call(Some(number)), &format!("request-{round}-{number}"));
            }
        }
        let counted = calls.take();
        assert_eq!(counted.len(), SOURCES_MAX + 1);
        assert_eq!(counted.iter().map(|(_, count)| count.times).sum::<u32>(), 3000);
        let together = counted.iter().find(|(call, _)| call.source.is_none()).unwrap();
        assert_eq!(together.1.times, 3 * (1000 - u32::try_from(SOURCES_MAX).unwrap()));
        let first = counted.iter().find(|(counted, _)| *counted == call(Some(0))).unwrap();
        assert_eq!((first.1.times, first.1.request_id.as_str()), (3, "request-0-0"));
        assert!(calls.take().is_empty(), "a new window has begun");
    }

    #[test]
    fn a_count_ends_at_the_end_of_its_range() {
        let calls = RefusedCalls::default();
        calls.add(call(None), Count { times: u32::MAX, request_id: "first".to_owned() });
        calls.count(call(None), "second");
        let counted = calls.take();
        assert_eq!((counted[0].1.times, counted[0].1.request_id.as_str()), (u32::MAX, "first"));
    }
}
