//! Is the audit log as it was written?

use super::is_genuine;
use super::walk::{Flaw, Place};
use crate::fault::Fault;
use crate::ports::keys::ChainMac;
use crate::ports::store::{AuditStore, ChainMark, ChainPage, ChainRow, MarkName, Seal};

/// How many rows are read at once.
const PAGE: u32 = 1000;

/// A head of the chain that was noted elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where.
    pub seq: u64,
    /// The seal there.
    pub seal: Seal,
}

/// A chain that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many rows were verified.
    pub rows: u64,
    /// The last row that retention has removed; 0 if it has removed none.
    pub cut: u64,
    /// The last row.
    pub head: Option<Anchor>,
    /// How many events wait to be sealed.
    pub unsealed: u64,
}

/// Why a chain is not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not as it was.
    #[error("{0}")]
    Flaw(Flaw),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Flaw> for VerifyError {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// Reads the whole chain and compares every row with its seal, both ends with their marks, and one place with what was
/// noted elsewhere. The log may go on and be cut meanwhile.
///
/// # Errors
/// The first thing that is wrong.
pub async fn verify(
    store: &dyn AuditStore,
    mac: &dyn ChainMac,
    noted: Option<Anchor>,
) -> Result<Verified, VerifyError> {
    let mut walker = Walker { place: Place::after(None), rows: 0, cut: 0, noted };
    loop {
        let page = store.read_chain(walker.place.seq, PAGE).await?;
        check_marks(mac, &page)?;
        walker.begin_after(page.cut.as_ref())?;
        for (index, row) in page.rows.iter().enumerate() {
            // A cut while the page before was looked at has removed no more than the rows up to it.
            if row.seq <= walker.cut {
                continue;
            }
            let head = page.head.map_or(0, |mark| mark.seq);
            if row.seq > head {
                return Err(Flaw::Inserted(row.seq).into());
            }
            if !walker.place.is_followed_by(mac, row) {
                return Err(explain(store, mac, &walker.place, row, page.rows.get(index + 1)).await?.into());
            }
            walker.step(row)?;
        }
        if page.rows.len() < PAGE as usize {
            let head = walker.end(page.head.as_ref())?;
            let unsealed = store.count_unsealed().await?;
            return Ok(Verified { rows: walker.rows, cut: walker.cut, head, unsealed });
        }
    }
}

struct Walker {
    place: Place,
    rows: u64,
    cut: u64,
    noted: Option<Anchor>,
}

impl Walker {
    /// Steps over what retention has removed.
    fn begin_after(&mut self, cut: Option<&ChainMark>) -> Result<(), Flaw> {
        let Some(cut) = cut.filter(|cut| cut.seq > self.place.seq) else { return Ok(()) };
        self.place = Place::after(Some(cut));
        self.cut = cut.seq;
        match self.noted {
            Some(noted) if noted.seq < cut.seq => Err(Flaw::NotedTooOld { first: cut.seq + 1 }),
            _ => self.compare(),
        }
    }

    fn step(&mut self, row: &ChainRow) -> Result<(), Flaw> {
        self.place.step(row);
        self.rows += 1;
        self.compare()
    }

    fn compare(&mut self) -> Result<(), Flaw> {
        let here = self.place.seq;
        match self.noted.take_if(|noted| noted.seq == here) {
            Some(noted) if noted.seal != self.place.seal => Err(Flaw::Remade(here)),
            _ => Ok(()),
        }
    }

    fn end(&self, head: Option<&ChainMark>) -> Result<Option<Anchor>, Flaw> {
        let Place { seq, seal } = self.place;
        if let Some(noted) = self.noted.filter(|noted| noted.seq > head.map_or(0, |mark| mark.seq)) {
            return Err(Flaw::Shortened { head: seq, noted: noted.seq });
        }
        match head {
            Some(mark) if seq < mark.seq => Err(Flaw::Removed { first: seq + 1, last: mark.seq }),
            Some(mark) if seal != mark.seal => Err(Flaw::Edited(seq)),
            head => Ok(head.map(|mark| Anchor { seq: mark.seq, seal: mark.seal })),
        }
    }
}

/// Both ends are marked, by us.
fn check_marks(mac: &dyn ChainMac, page: &ChainPage) -> Result<(), Flaw> {
    for (name, mark) in [(MarkName::Head, &page.head), (MarkName::Cut, &page.cut)] {
        if mark.as_ref().is_some_and(|mark| !is_genuine(mac, name, mark)) {
            return Err(Flaw::MarkForged(name));
        }
    }
    let has_chain = !page.rows.is_empty() || page.cut.is_some();
    if has_chain && page.head.is_none() { Err(Flaw::MarkMissing(MarkName::Head)) } else { Ok(()) }
}

/// What is wrong with a row that does not follow. Every seal of the chain is looked through for the one it did follow.
async fn explain(
    store: &dyn AuditStore,
    mac: &dyn ChainMac,
    place: &Place,
    row: &ChainRow,
    next: Option<&ChainRow>,
) -> Result<Flaw, Fault> {
    let read_next = match next {
        Some(_) => None,
        None => store.read_chain(row.seq, 1).await?.rows.pop(),
    };
    let mut seals = Vec::new();
    let mut after = 0;
    loop {
        let page = store.read_chain(after, PAGE).await?;
        let Some(last) = page.rows.last() else { break };
        after = last.seq;
        seals.extend(page.rows.iter().filter_map(|row| Some((row.seq, row.seal?))));
    }
    Ok(place.flaw(mac, row, next.or(read_next.as_ref()), &seals))
}
