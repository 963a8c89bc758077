//! What must hold after every step, whatever the rules are.
//!
//! They are stated over what tokens are (current, replaced when, by how many rotations), taken from the paper
//! and not from the code: `classify` never looks at when a *token* was replaced.

use crate::actions::Event;
use crate::rules::Rules;
use crate::world::{Call, Full, Sent, World};
use minbil_auth_domain::session::{Presented, RevokeReason, SessionPolicy, Slot, Verdict};

/// A promise, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    /// A client whose token was replaced within the grace keeps its session, unless it was overtaken by more
    /// than two rotations; and if by one, it gets the current tokens.
    HonestStaysSignedInWithinTheGrace,
    /// The current token of a live session is never refused.
    CurrentTokenWorks,
    /// At most one generation of a slot can rotate, and only the current one does.
    OneLiveGeneration,
    /// Nothing is granted, and nothing changes, after the end of a session.
    NothingIsAcceptedAfterTheEnd,
    /// A spent full token outside of every allowance ends the session.
    ReuseEndsTheSession,
    /// Nothing is granted at or after the deadline of a bearer chain, and no token of it says a later one.
    BearerChainEndsAtItsDeadline,
    /// A bearer credential of an older generation gets nothing.
    BearerChainEndsAtTheNextRotation,
    /// A bearer credential never rotates a chain.
    BearerNeverRotates,
    /// A bearer credential never ends a session, and never becomes a full token.
    BearerNeverRevokesNorRises,
    /// The absolute deadline stays where it was at sign-in.
    AbsoluteDeadlineNeverMoves,
    /// The idle deadline moves with a rotation only, and then to where it belongs.
    IdleMovesWithARotationOnly,
    /// What happens to one slot does not change the other, and a rotation remembers when the one before was.
    ChainsAreIndependentAndRemember,
    /// A token that we made is never taken for one that never was.
    GenuineIsNeverDisowned,
    /// A sign-out ends the session.
    SignOutEndsTheSession,
}

use Invariant as I;

/// A step to be looked at.
pub(crate) struct Step<'a> {
    pub(crate) before: &'a World,
    pub(crate) after: &'a World,
    pub(crate) event: Event,
    pub(crate) policy: &'a SessionPolicy,
}

/// The first promise that the step breaks.
pub(crate) fn broken(step: &Step<'_>, rules: &Rules) -> Option<Invariant> {
    let found = match step.event {
        Event::Unseen => None,
        Event::SignOut => (!step.has_ended_after()).then_some(I::SignOutEndsTheSession),
        Event::Refresh(call) => step.call(&call),
    };
    found.or_else(|| step.row()).or_else(|| one_live_generation(step, rules))
}

impl Step<'_> {
    fn call(&self, call: &Call) -> Option<Invariant> {
        if call.verdict == Some(Verdict::NeverIssued) {
            return Some(I::GenuineIsNeverDisowned);
        }
        if self.had_ended_before() {
            let is_unchanged = self.before.session == self.after.session;
            return (call.granted.is_some() || !is_unchanged).then_some(I::NothingIsAcceptedAfterTheEnd);
        }
        match call.sent {
            Sent::Full(full) => self.full_call(call, full),
            Sent::Bearer(bearer) => {
                let is_spent = self.before.now >= bearer.deadline;
                self.bearer_call(call, bearer.slot, bearer.generation, is_spent)
            }
            Sent::Access(access) => self.bearer_call(call, access.slot, access.generation, false),
        }
    }

    fn full_call(&self, call: &Call, full: Full) -> Option<Invariant> {
        let chain = self.before.session.chain(full.slot);
        let generation_after = self.after.session.chain(full.slot).generation;
        let behind = chain.generation - full.generation;
        let Some(replaced_at) = full.replaced_at else {
            let is_rotated = generation_after == chain.generation + 1;
            let is_granted = call.granted.is_some_and(|granted| granted.full.is_some());
            return (!is_rotated || !is_granted).then_some(I::CurrentTokenWorks);
        };
        if generation_after != chain.generation {
            return Some(I::OneLiveGeneration);
        }
        if self.before.now.since(replaced_at) > self.policy.grace || behind > 2 {
            let reason = self.after.session.revoked.map(|(_, reason)| reason);
            return (reason != Some(RevokeReason::RefreshReused)).then_some(I::ReuseEndsTheSession);
        }
        let is_current = |full: Full| full.generation == chain.generation;
        let is_granted = call.granted.and_then(|granted| granted.full).is_some_and(is_current);
        let is_signed_out = self.has_ended_after();
        (is_signed_out || (behind == 1 && !is_granted)).then_some(I::HonestStaysSignedInWithinTheGrace)
    }

    fn bearer_call(&self, call: &Call, slot: Slot, generation: u32, is_spent: bool) -> Option<Invariant> {
        let (before, after) = (&self.before.session, &self.after.session);
        if before.body.generation != after.body.generation
            || before.cookie.generation != after.cookie.generation
        {
            return Some(I::BearerNeverRotates);
        }
        if self.has_ended_after() {
            return Some(I::BearerNeverRevokesNorRises);
        }
        let granted = call.granted?;
        if granted.full.is_some() {
            return Some(I::BearerNeverRevokesNorRises);
        }
        if generation != before.chain(slot).generation {
            return Some(I::BearerChainEndsAtTheNextRotation);
        }
        // The last real proof of a chain is when its current generation came to be.
        let end = before.chain(slot).rotated_at.plus(self.policy.bearer_chain).min(before.absolute_deadline);
        let says = granted.bearer.map_or(end, |bearer| bearer.deadline).max(granted.access.expires_at);
        let is_late = is_spent || self.before.now >= end || says > end;
        is_late.then_some(I::BearerChainEndsAtItsDeadline)
    }

    /// What a step may do to the row.
    fn row(&self) -> Option<Invariant> {
        let (before, after) = (&self.before.session, &self.after.session);
        if before.absolute_deadline != after.absolute_deadline {
            return Some(I::AbsoluteDeadlineNeverMoves);
        }
        let rotated = Slot::ALL.map(|slot| before.chain(slot).generation != after.chain(slot).generation);
        let idle = if rotated == [false, false] {
            before.idle_deadline
        } else {
            self.after.now.plus(self.policy.idle).min(before.absolute_deadline)
        };
        if after.idle_deadline != idle {
            return Some(I::IdleMovesWithARotationOnly);
        }
        let is_as_it_should_be = Slot::ALL.into_iter().zip(rotated).all(|(slot, rotated)| {
            let (before, after) = (before.chain(slot), after.chain(slot));
            if rotated {
                after.generation == before.generation + 1
                    && after.rotated_at == self.after.now
                    && after.previous_rotated_at == before.rotated_at
            } else {
                after == before
            }
        });
        let both = rotated == [true, true];
        (both || !is_as_it_should_be).then_some(I::ChainsAreIndependentAndRemember)
    }

    fn had_ended_before(&self) -> bool {
        has_ended(self.before)
    }

    fn has_ended_after(&self) -> bool {
        has_ended(self.after)
    }
}

/// Said once more here, because `Session::ended` is one of the rules under test.
fn has_ended(world: &World) -> bool {
    let session = &world.session;
    session.revoked.is_some() || world.now >= session.idle_deadline || world.now >= session.absolute_deadline
}

/// Asks the rules about every generation around the current one, held by somebody or not.
fn one_live_generation(step: &Step<'_>, rules: &Rules) -> Option<Invariant> {
    let World { session, now, .. } = step.after;
    let is_wrong = |slot: Slot| {
        let current = session.chain(slot).generation;
        (current.saturating_sub(4)..=current + 1).any(|generation| {
            let presented = Presented::Full { slot, generation };
            let rotates = (rules.classify)(session, presented, *now, step.policy) == Verdict::Rotate;
            rotates && generation != current
        })
    };
    Slot::ALL.into_iter().any(is_wrong).then_some(I::OneLiveGeneration)
}
