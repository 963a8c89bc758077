//! The sealer's work: one batch of events into the chain.

use super::{GENESIS, is_genuine, seal_of, signed};
use crate::fault::Fault;
use crate::ports::store::{ChainMark, EventSeal, MarkName, Seal, Unsealed};
use crate::service::Service;
use std::time::Duration;

/// How old an event is before it gets its place: long enough for those of about the same moment to come in their order.
/// Nothing depends on it: what is committed later than that gets a later place.
const SETTLED: Duration = Duration::from_secs(5);
/// How many events one write seals, so that no request waits long behind it.
const BATCH: u32 = 200;
/// How long one node has the sealing. Shorter than the worker's pause, so that its next round finds it free.
const LEASE: Duration = Duration::from_secs(4);

/// The head of the chain as this process saw it last. A chain only grows: one that is shorter than it was has been
/// tampered with, or its database was replaced by an older one.
#[derive(Debug, Default)]
pub struct LastSeen(Option<(u64, Seal)>);

impl LastSeen {
    /// The head.
    pub const fn head(&self) -> Option<(u64, Seal)> {
        self.0
    }

    /// Looks at the head, and says whether it has gone back.
    fn look(&mut self, head: Option<&ChainMark>) -> bool {
        let now = head.map(|mark| (mark.seq, mark.seal));
        let went_back = match (self.0, now) {
            (Some((seq, seal)), Some((now, same))) => now < seq || (now == seq && same != seal),
            (Some(_), None) => true,
            (None, _) => false,
        };
        self.0 = now;
        went_back
    }
}

/// What became of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing waits that is old enough.
    Nothing,
    /// Another node is at it.
    Elsewhere,
    /// So many events were sealed.
    Events {
        /// How many.
        count: usize,
        /// Whether more may wait.
        is_full: bool,
    },
}

/// Seals what has settled, at most one batch. `has_lease`: this process has the sealing from the batch before.
///
/// # Errors
/// When the store fails, or the head of the chain is not one that we made. Then nothing is sealed any more: to go on from
/// another place would hide what was done.
pub async fn seal_next(service: &Service, seen: &mut LastSeen, has_lease: bool) -> Result<Sealed, Fault> {
    // It looks before it claims: reading costs nothing, and a claim is a write with a flush.
    let Unsealed { head, events } = service.store.find_unsealed(SETTLED, BATCH).await?;
    check(service, head.as_ref(), seen)?;
    if events.is_empty() {
        return Ok(Sealed::Nothing);
    }
    if !has_lease && !service.store.claim_sealing(LEASE).await? {
        return Ok(Sealed::Elsewhere);
    }
    let mac = service.chain_mac.as_ref();
    let no_key = || Fault::internal("the audit log has no key to be sealed with");
    let from = head.map_or(0, |mark| mark.seq);
    let (mut seq, mut last) = (from, head.map_or(GENESIS, |mark| mark.seal));
    let mut seals = Vec::with_capacity(events.len());
    for (id, event) in &events {
        let key = mac.current_key();
        seq += 1;
        last = seal_of(mac, key, seq, &last, event).ok_or_else(no_key)?;
        seals.push(EventSeal { id: *id, seq, key, seal: last });
    }
    let head = signed(mac, MarkName::Head, seq, last).ok_or_else(no_key)?;
    let count = seals.len();
    if !service.store.append_seals(from, seals, head).await? {
        return Ok(Sealed::Elsewhere);
    }
    seen.look(Some(&head));
    Ok(Sealed::Events { count, is_full: count >= BATCH as usize })
}

fn check(service: &Service, head: Option<&ChainMark>, seen: &mut LastSeen) -> Result<(), Fault> {
    if head.is_some_and(|mark| !is_genuine(service.chain_mac.as_ref(), MarkName::Head, mark)) {
        return Err(Fault::internal(
            "the head of the audit log is not one that this server made; nothing is sealed",
        ));
    }
    let before = seen.head();
    if seen.look(head) {
        tracing::error!(
            before = before.map(|(seq, _)| seq),
            now = head.map(|mark| mark.seq),
            "the audit log is shorter than it was: `minbil-auth audit verify` says more"
        );
    }
    Ok(())
}
