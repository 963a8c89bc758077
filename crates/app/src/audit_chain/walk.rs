//! Along the chain, row by row, and what is wrong with the first row that is not as it was sealed.

use super::{GENESIS, seal_of};
use crate::ports::keys::ChainMac;
use crate::ports::store::{ChainMark, ChainRow, MarkName, Seal};
use std::fmt;

/// What is wrong with the chain. Numbers are places of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The row says something else than when it was sealed.
    Edited(u64),
    /// The row stood elsewhere when it was sealed.
    Moved {
        /// Where it is.
        seq: u64,
        /// Where it was.
        from: u64,
    },
    /// The row was never sealed.
    Inserted(u64),
    /// Rows are gone that retention has not removed.
    Removed {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// An end of the chain is not marked.
    MarkMissing(MarkName),
    /// An end of the chain is marked by somebody else.
    MarkForged(MarkName),
    /// The chain ends before the head that was noted elsewhere.
    Shortened {
        /// Where it ends.
        head: u64,
        /// Where it was noted to have ended.
        noted: u64,
    },
    /// The row's seal is another one than was noted elsewhere: the chain was made again.
    Remade(u64),
    /// The noted head is older than what retention has left, so it says nothing.
    NotedTooOld {
        /// The first row that is left.
        first: u64,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited(seq) => write!(f, "row {seq} was edited"),
            Self::Moved { seq, from } => write!(f, "row {seq} was reordered: it was row {from}"),
            Self::Inserted(seq) => write!(f, "row {seq} was inserted"),
            Self::Removed { first, last } if first == last => write!(f, "row {first} was removed"),
            Self::Removed { first, last } => write!(f, "rows {first} to {last} were removed"),
            Self::MarkMissing(name) => write!(f, "the mark of the chain's {} was removed", name.name()),
            Self::MarkForged(name) => {
                write!(f, "the mark of the chain's {} is not one that this server made", name.name())
            }
            Self::Shortened { head, noted } => {
                write!(f, "the chain was shortened: it ends with row {head}, and row {noted} was noted")
            }
            Self::Remade(seq) => {
                write!(f, "the chain was made again: row {seq} has another seal than was noted")
            }
            Self::NotedTooOld { first } => {
                write!(f, "what was noted is older than the first row that retention has left, {first}")
            }
        }
    }
}

/// How far along it is: a place, and the seal that the next row follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) seq: u64,
    pub(super) seal: Seal,
}

impl Place {
    /// After what retention has removed.
    pub(super) fn after(cut: Option<&ChainMark>) -> Self {
        cut.map_or(Self { seq: 0, seal: GENESIS }, |mark| Self { seq: mark.seq, seal: mark.seal })
    }

    /// Whether `row` follows here as it is.
    pub(super) fn is_followed_by(&self, mac: &dyn ChainMac, row: &ChainRow) -> bool {
        let next = self.seq + 1;
        row.seq == next && row.seal.is_some() && is_sealed_as(mac, row, next, &self.seal)
    }

    /// A step on, over a row that follows.
    pub(super) fn step(&mut self, row: &ChainRow) {
        self.seq = row.seq;
        self.seal = row.seal.unwrap_or(self.seal);
    }

    /// What is wrong with a row that does not follow here. `next` is the row after it, `earlier` every seal that there is
    /// in the chain, with its place.
    pub(super) fn flaw(
        &self,
        mac: &dyn ChainMac,
        row: &ChainRow,
        next: Option<&ChainRow>,
        all: &[(u64, Seal)],
    ) -> Flaw {
        let here = self.seq + 1;
        if row.seq != here {
            return Flaw::Removed { first: here, last: row.seq - 1 };
        }
        if let (Some(next), Some(seal)) = (next, &row.seal) {
            // The row after it follows the seal that is here, so the seal is the true one and what is beside it is not.
            if is_sealed_as(mac, next, here + 1, seal) {
                return Flaw::Edited(here);
            }
        }
        let ends = [(0, GENESIS), (self.seq, self.seal)];
        let was = all.iter().chain(&ends).find_map(|(seq, seal)| {
            // Neighbours that changed places carry each other's numbers.
            [seq + 1, *seq].into_iter().find(|place| is_sealed_as(mac, row, *place, seal))
        });
        match was {
            Some(from) if from != here => Flaw::Moved { seq: here, from },
            _ if next.is_some_and(|next| is_sealed_as(mac, next, here, &self.seal)) => Flaw::Inserted(here),
            _ => Flaw::Edited(here),
        }
    }
}

/// Whether the row's seal is the one it had at a place after a seal.
fn is_sealed_as(mac: &dyn ChainMac, row: &ChainRow, seq: u64, before: &Seal) -> bool {
    let (Some(key), Some(seal)) = (row.key, row.seal) else { return false };
    seal_of(mac, key, seq, before, &row.event) == Some(seal)
}
