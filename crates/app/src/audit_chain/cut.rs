//! Retention: the oldest part of the chain goes, and a signed mark says that it was us.

use super::walk::{Flaw, Place};
use super::{is_genuine, signed};
use crate::fault::Fault;
use crate::ports::rows::Cell;
use crate::ports::store::{ChainRow, MarkName};
use crate::service::Service;
use domain::time::UnixMillis;
use std::time::Duration;

/// Why nothing is cut.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// What is to go is not as it was sealed. It stays: a signed mark would bury what was done to it.
    #[error("the audit log keeps what is over, because {0}")]
    Flaw(Flaw),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Flaw> for CutError {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// Removes events from the beginning of the chain that are older than `kept_for`, at most `batch`; how many. They are
/// verified first: else a row whose date was set back could be made to go like any other.
///
/// # Errors
/// When the store fails, or what is to go was tampered with.
pub async fn cut_expired(service: &Service, kept_for: Duration, batch: u32) -> Result<u64, CutError> {
    let mac = service.chain_mac.as_ref();
    let cutoff = service.store.now().await?.minus(kept_for);
    let first = service.store.read_chain(0, batch).await?;
    if first.cut.is_some_and(|cut| !is_genuine(mac, MarkName::Cut, &cut)) {
        return Err(Flaw::MarkForged(MarkName::Cut).into());
    }
    let begin = Place::after(first.cut.as_ref());
    let mut place = begin;
    for row in first.rows.iter().filter(|row| row.seq > begin.seq) {
        if at(row).is_some_and(|at| at > cutoff) {
            break;
        }
        if !place.is_followed_by(mac, row) {
            return Err(place.flaw(mac, row, None, &[]).into());
        }
        place.step(row);
    }
    if place.seq == begin.seq {
        return Ok(0);
    }
    let cut = signed(mac, MarkName::Cut, place.seq, place.seal)
        .ok_or_else(|| Fault::internal("the audit log has no key to be marked with"))?;
    Ok(service.store.cut_chain(cut).await?)
}

/// When a row was written, if it still says so.
fn at(row: &ChainRow) -> Option<UnixMillis> {
    match row.event.get(1) {
        Some(Cell::Number(at)) => Some(UnixMillis::from_millis(*at)),
        _ => None,
    }
}
