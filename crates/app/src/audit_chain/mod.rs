//! The chain of the audit log: every event sealed together with everything before it.
//!
//! Writing an event costs what it always did; no write waits for the chain. The sealer takes what has settled, gives each
//! event the next place and a MAC over that place, the seal before and all that the event says. The MAC's key comes from
//! the root key, so somebody who has the database alone can neither change a sealed row nor make the chain again; what
//! they can do is tear off its end together with its mark, which a head that was noted elsewhere tells (ASVS 16.4.2).
//!
//! Events get their place when they are sealed, not when they are written: one that a slow transaction commits late comes
//! later in the chain, and never before a row that is sealed.

mod cut;
mod seal;
mod verify;
mod walk;

pub use cut::{CutError, cut_expired};
pub use seal::{LastSeen, Sealed, seal_next};
pub use verify::{Anchor, Verified, VerifyError, verify};
pub use walk::Flaw;

use crate::ports::keys::ChainMac;
use crate::ports::rows::{Cell, EVENTS};
use crate::ports::store::{ChainMark, MarkName, Seal};
use domain::refresh_token::MacKeyId;

/// What the first row follows.
pub const GENESIS: Seal = [0; 32];

/// Part of what is stored: neither ever changes.
const ROW_TAG: &[u8] = b"minbil-auth audit row v1";
const MARK_TAG: &[u8] = b"minbil-auth audit mark v1";

/// The seal of an event at a place, after the seal before it. `None` when the key is not ours.
fn seal_of(mac: &dyn ChainMac, key: MacKeyId, seq: u64, before: &Seal, event: &[Cell]) -> Option<Seal> {
    let mut message = Vec::with_capacity(512);
    message.extend_from_slice(ROW_TAG);
    message.extend_from_slice(&seq.to_be_bytes());
    message.extend_from_slice(before);
    for ((name, _), cell) in EVENTS.columns.iter().zip(event) {
        // An empty column leaves no trace, so that a column that comes later changes no seal from before.
        if *cell != Cell::Empty {
            Cell::Text((*name).to_owned()).spell(&mut message);
            cell.spell(&mut message);
        }
    }
    mac.tag(key, &message)
}

fn mark_message(name: MarkName, seq: u64, seal: &Seal) -> Vec<u8> {
    [MARK_TAG, name.name().as_bytes(), &[0], &seq.to_be_bytes(), seal].concat()
}

/// A mark, signed under today's key. `None` when there is no such key.
fn signed(mac: &dyn ChainMac, name: MarkName, seq: u64, seal: Seal) -> Option<ChainMark> {
    let mac_key = mac.current_key();
    Some(ChainMark { seq, seal, mac_key, mac: mac.tag(mac_key, &mark_message(name, seq, &seal))? })
}

/// Whether a mark is one that we made. Who can try is who has the database, and learns nothing from the time it takes.
fn is_genuine(mac: &dyn ChainMac, name: MarkName, mark: &ChainMark) -> bool {
    mac.tag(mark.mac_key, &mark_message(name, mark.seq, &mark.seal)) == Some(mark.mac)
}

#[cfg(test)]
mod tests;
