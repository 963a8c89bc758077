//! One compact value for all worlds that can have the same future.
//!
//! The rules compare generations of a chain with each other and ages with limits, so a world is kept as: how
//! far behind each token is, how old things are, and what is left until a deadline. An age beyond the limit
//! that it is compared with stays beyond it and is kept as just beyond. Nothing else is thrown away. From the compact
//! value a world of real generations and moments is made again before the real functions see it.

use crate::world::{ACCESS_HOLDERS, Access, BEARER_HOLDERS, Bearer, FULL_HOLDERS, Full, World, session};
use minbil_auth_domain::access_token::ACCESS_TOKEN_LEEWAY;
use minbil_auth_domain::session::{Chain, RevokeReason, SessionPolicy, Slot};
use minbil_auth_domain::time::UnixMillis;
use std::time::Duration;

/// The moment at which every world made from a canonical one stands.
const NOW: UnixMillis = UnixMillis::from_secs(1_770_000_000);
/// The current generation of every chain in such a world.
const GENERATION: u32 = 1000;

/// Behind in the high byte, seconds since it was replaced in the low one.
type PackedFull = u16;
/// One bit of slot, seven bits of behind, and 24 of seconds until its end.
type PackedWeak = u32;

const NO_FULL: PackedFull = PackedFull::MAX;
const NO_WEAK: PackedWeak = PackedWeak::MAX;

/// A world, as far as its future depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Canonical {
    idle_left: u32,
    absolute_left: u32,
    /// Seconds since the last rotation of each chain, and since the one before.
    rotated: [u32; 2],
    previous_rotated: [u8; 2],
    revoked: Option<RevokeReason>,
    full: [PackedFull; FULL_HOLDERS],
    access: [PackedWeak; ACCESS_HOLDERS],
    bearer: [PackedWeak; BEARER_HOLDERS],
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap()
}

/// An age that no limit tells from a higher one.
fn capped(age: Duration, limit: Duration) -> u32 {
    seconds(age.min(limit + Duration::from_secs(1)))
}

fn byte(value: u32) -> u8 {
    u8::try_from(value).unwrap()
}

fn pack_weak(slot: Slot, behind: u32, left: u32) -> PackedWeak {
    assert!(behind < 0x7f && left < 1 << 24);
    u32::from(slot == Slot::Cookie) << 31 | behind << 24 | left
}

/// Slot, generation, and seconds until the end.
fn unpack_weak(packed: PackedWeak) -> Option<(Slot, u32, u32)> {
    let slot = if packed >> 31 == 1 { Slot::Cookie } else { Slot::Body };
    (packed != NO_WEAK).then_some((slot, GENERATION - (packed >> 24 & 0x7f), packed & 0x00ff_ffff))
}

impl Canonical {
    pub(crate) fn of(world: &World, policy: &SessionPolicy) -> Self {
        let World { now, session, .. } = world;
        let chains = [session.body, session.cookie];
        let behind = |slot, generation| session.chain(slot).generation - generation;
        let full = |full: Full| {
            let replaced = full.replaced_at.map_or(0, |at| capped(now.since(at), policy.grace));
            u16::from_be_bytes([byte(behind(full.slot, full.generation)), byte(replaced)])
        };
        let weak = |slot, generation, end: UnixMillis| {
            pack_weak(slot, behind(slot, generation), seconds(end.since(*now)))
        };
        // An expired access token opens nothing, and is as good as none.
        let access = |access: Access| {
            let end = access.expires_at.plus(ACCESS_TOKEN_LEEWAY);
            (*now < end).then(|| weak(access.slot, access.generation, end))
        };
        let longest = policy.bearer_chain.max(policy.grace);
        Self {
            idle_left: seconds(session.idle_deadline.since(*now)),
            absolute_left: seconds(session.absolute_deadline.since(*now)),
            rotated: chains.map(|chain| capped(now.since(chain.rotated_at), longest)),
            previous_rotated: chains
                .map(|chain| byte(capped(now.since(chain.previous_rotated_at), policy.grace))),
            revoked: session.revoked.map(|(_, reason)| reason),
            full: world.full.map(|held| held.map_or(NO_FULL, full)),
            access: world.access.map(|held| held.and_then(access).unwrap_or(NO_WEAK)),
            bearer: world
                .bearer
                .map(|held| held.map_or(NO_WEAK, |held| weak(held.slot, held.generation, held.deadline))),
        }
    }

    /// A world of which this is the canonical value.
    pub(crate) fn world(&self, policy: &SessionPolicy) -> World {
        let mut session = session(NOW, policy);
        session.body = self.chain(0);
        session.cookie = self.chain(1);
        session.idle_deadline = ahead(self.idle_left);
        session.absolute_deadline = ahead(self.absolute_left);
        session.revoked = self.revoked.map(|reason| (NOW, reason));
        let access = |(slot, generation, left)| Access {
            slot,
            generation,
            expires_at: ahead(left).minus(ACCESS_TOKEN_LEEWAY),
        };
        let bearer = |(slot, generation, left)| Bearer { slot, generation, deadline: ahead(left) };
        World {
            now: NOW,
            session,
            full: std::array::from_fn(|index| self.full(index)),
            access: self.access.map(|packed| unpack_weak(packed).map(access)),
            bearer: self.bearer.map(|packed| unpack_weak(packed).map(bearer)),
        }
    }

    fn chain(&self, index: usize) -> Chain {
        Chain {
            generation: GENERATION,
            rotated_at: ago(self.rotated[index]),
            previous_rotated_at: ago(self.previous_rotated[index].into()),
        }
    }

    fn full(&self, index: usize) -> Option<Full> {
        let packed = self.full[index];
        let [behind, replaced] = packed.to_be_bytes();
        (packed != NO_FULL).then(|| Full {
            slot: SLOTS[index],
            generation: GENERATION - u32::from(behind),
            replaced_at: (behind > 0).then(|| ago(replaced.into())),
        })
    }
}

fn ago(seconds: u32) -> UnixMillis {
    NOW.minus(Duration::from_secs(seconds.into()))
}

fn ahead(seconds: u32) -> UnixMillis {
    NOW.plus(Duration::from_secs(seconds.into()))
}

/// The slot of what each holder holds.
const SLOTS: [Slot; FULL_HOLDERS] =
    [Slot::Body, Slot::Body, Slot::Body, Slot::Cookie, Slot::Cookie, Slot::Body, Slot::Cookie];
