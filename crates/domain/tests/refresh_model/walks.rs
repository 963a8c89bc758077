//! Random walks, longer than the exhaustive ones, and with clocks that step back.

use crate::actions::{Action, Event, all};
use crate::canonical::Canonical;
use crate::invariants::{Step, broken};
use crate::rules::REAL;
use crate::world::{World, session};
use minbil_auth_domain::session::{
    Ended, Presented, RevokeReason, Session, SessionPolicy, Slot, Verdict, classify,
};
use minbil_auth_domain::time::UnixMillis;
use proptest::prelude::*;
use proptest::sample::Index;
use std::time::Duration;

const START: UnixMillis = UnixMillis::from_secs(1_770_000_000);

/// The paper's table, told from history: when each generation came to be. It knows nothing of rows.
struct Ledger {
    policy: SessionPolicy,
    /// When each generation of each slot came to be.
    births: [Vec<UnixMillis>; 2],
    last_rotation: UnixMillis,
    revoked: Option<RevokeReason>,
}

impl Ledger {
    fn new(policy: SessionPolicy) -> Self {
        Self { policy, births: [vec![START], vec![START]], last_rotation: START, revoked: None }
    }

    fn absolute(&self) -> UnixMillis {
        START.plus(self.policy.absolute)
    }

    fn verdict(&self, presented: Presented, now: UnixMillis) -> Verdict {
        if let Some(reason) = self.revoked {
            return Verdict::Ended(Ended::Revoked(reason));
        }
        if now >= self.absolute() || now >= self.last_rotation.plus(self.policy.idle) {
            return Verdict::Ended(Ended::Expired);
        }
        let births = &self.births[presented.slot() as usize];
        let (generation, deadline) = match presented {
            Presented::Full { generation, .. } => (generation, None),
            Presented::Access { generation, .. } => (generation, Some(self.absolute())),
            Presented::Bearer { generation, deadline, .. } => (generation, Some(deadline)),
        };
        let Some(current) = births.get(generation as usize) else { return Verdict::NeverIssued };
        let newer: Vec<UnixMillis> = births.iter().skip(generation as usize + 1).copied().collect();
        match (deadline, newer.as_slice()) {
            (None, []) => Verdict::Rotate,
            (None, [replaced, rest @ ..]) => {
                let is_fresh = now.since(*replaced) <= self.policy.grace;
                match (is_fresh, rest.len()) {
                    (true, 0) => Verdict::Regrant,
                    (true, 1) => Verdict::Superseded,
                    _ => Verdict::Reused,
                }
            }
            (Some(_), [_, ..]) => Verdict::Superseded,
            (Some(deadline), []) => {
                let deadline = deadline.min(current.plus(self.policy.bearer_chain)).min(self.absolute());
                if now < deadline { Verdict::Extend { deadline } } else { Verdict::ReauthenticationRequired }
            }
        }
    }

    fn carry_out(&mut self, verdict: Verdict, slot: Slot, now: UnixMillis) {
        match verdict {
            Verdict::Rotate => {
                self.births[slot as usize].push(now);
                self.last_rotation = now;
            }
            Verdict::Reused => self.revoked = Some(RevokeReason::RefreshReused),
            _ => {}
        }
    }

    /// Whether the row says the same.
    fn agrees(&self, row: &Session) -> bool {
        let chains = Slot::ALL.into_iter().all(|slot| {
            let (births, chain) = (&self.births[slot as usize], row.chain(slot));
            let before = births.len().checked_sub(2).map_or(START, |at| births[at]);
            births.len() == chain.generation as usize + 1
                && births.last() == Some(&chain.rotated_at)
                && before == chain.previous_rotated_at
        });
        chains
            && row.absolute_deadline == self.absolute()
            && row.last_proof_at == self.last_rotation
            && row.idle_deadline == self.last_rotation.plus(self.policy.idle).min(self.absolute())
            && row.revoked.map(|(_, reason)| reason) == self.revoked
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Full,
    Access,
    /// A deadline so long after now, or before.
    Bearer(i64),
}

#[derive(Clone, Debug)]
enum Move {
    /// A token so many generations behind; -1 is one that never was.
    Present(Slot, Kind, i64),
    /// Time, in milliseconds; clocks of two nodes differ, so it may go back.
    Pass(i64),
    /// To so many milliseconds from the end of the grace of a slot's last rotation.
    GraceEnd(Slot, i64),
    SignOut,
}

fn any_slot() -> impl Strategy<Value = Slot> {
    prop_oneof![Just(Slot::Body), Just(Slot::Cookie)]
}

fn any_move() -> impl Strategy<Value = Move> {
    let kind = prop_oneof![
        3 => Just(Kind::Full),
        1 => Just(Kind::Access),
        1 => (-100_000_000i64..100_000_000).prop_map(Kind::Bearer),
    ];
    let behind = prop_oneof![1 => Just(-1i64), 8 => Just(0), 4 => Just(1), 3 => Just(2), 2 => 3i64..6];
    let pass = prop_oneof![
        4 => 0i64..3,
        2 => 0i64..120_000,
        1 => 0i64..100_000_000,
        1 => -300_000i64..0,
    ];
    prop_oneof![
        60 => (any_slot(), kind, behind).prop_map(|(slot, kind, behind)| Move::Present(slot, kind, behind)),
        25 => pass.prop_map(Move::Pass),
        14 => (any_slot(), -1i64..=1).prop_map(|(slot, off)| Move::GraceEnd(slot, off)),
        1 => Just(Move::SignOut),
    ]
}

fn any_policy() -> impl Strategy<Value = SessionPolicy> {
    let grace = prop_oneof![1 => Just(0u64), 3 => Just(60), 1 => 0u64..=600];
    let span = |seconds: u64| Duration::from_secs(seconds);
    (grace, 3600u64..=200_000, 600u64..=4_000_000, 3600u64..=9_000_000).prop_map(
        move |(grace, bearer, idle, absolute)| SessionPolicy {
            idle: span(idle),
            absolute: span(absolute),
            grace: span(grace),
            bearer_chain: span(bearer),
            max_live: 20,
        },
    )
}

fn presented(row: &Session, slot: Slot, kind: &Kind, behind: i64, now: UnixMillis) -> Option<Presented> {
    let generation = u32::try_from(i64::from(row.chain(slot).generation) - behind).ok()?;
    Some(match kind {
        Kind::Full => Presented::Full { slot, generation },
        Kind::Access => Presented::Access { slot, generation },
        Kind::Bearer(left) => {
            let deadline = UnixMillis::from_millis(now.as_millis() + left);
            Presented::Bearer { slot, generation, deadline }
        }
    })
}

proptest! {
    #[test]
    fn the_rules_and_the_papers_table_agree_on_every_walk(
        policy in any_policy(),
        moves in prop::collection::vec(any_move(), 1..150),
    ) {
        let (mut row, mut now) = (session(START, &policy), START);
        let mut ledger = Ledger::new(policy);
        for one in moves {
            match one {
                Move::Pass(millis) => now = UnixMillis::from_millis(now.as_millis() + millis),
                Move::GraceEnd(slot, off) => {
                    let end = row.chain(slot).rotated_at.plus(policy.grace);
                    now = UnixMillis::from_millis(end.as_millis() + off);
                }
                Move::SignOut => {
                    if row.ended(now).is_none() {
                        row.revoked = Some((now, RevokeReason::SignOut));
                        ledger.revoked = Some(RevokeReason::SignOut);
                    }
                }
                Move::Present(slot, kind, behind) => {
                    let Some(presented) = presented(&row, slot, &kind, behind, now) else { continue };
                    let verdict = classify(&row, presented, now, &policy);
                    prop_assert_eq!(verdict, ledger.verdict(presented, now), "{:?} at {:?}", presented, now);
                    row = (REAL.carry_out)(row, presented, verdict, now, &policy);
                    ledger.carry_out(verdict, slot, now);
                    prop_assert!(ledger.agrees(&row), "{:?}", row);
                }
            }
        }
    }

    #[test]
    fn no_long_walk_of_clients_and_thieves_breaks_a_promise(
        policy in any_policy(),
        steps in prop::collection::vec((any::<Index>(), 0u64..200_000), 1..120),
    ) {
        let actions = all(&policy);
        let mut world = World::signed_in(START, &policy);
        for (index, millis) in steps {
            let mut action = *index.get(&actions);
            // One wait in two is of any length; a long one ends most walks, so it is a rare one.
            if let (Action::Wait(_), true) = (action, millis % 16 != 0) {
                action = Action::Wait(Duration::from_millis(millis));
            }
            let before = world.clone();
            let Some(event) = action.take(&mut world, &REAL, &policy) else { continue };
            let step = Step { before: &before, after: &world, event, policy: &policy };
            prop_assert_eq!(broken(&step, &REAL), None, "{:?}", action);
        }
    }

    /// What makes the exhaustive search one: a world and its stand-in have the same future.
    #[test]
    fn a_step_from_a_world_and_from_its_canonical_stand_in_lead_to_the_same(
        grace in 0u64..=120,
        steps in prop::collection::vec((any::<Index>(), 0u64..200), 1..100),
    ) {
        let seconds = Duration::from_secs;
        let policy = SessionPolicy {
            grace: seconds(grace),
            bearer_chain: seconds(86_400),
            idle: seconds(3 * 86_400),
            absolute: seconds(9 * 86_400),
            max_live: 20,
        };
        let actions = all(&policy);
        let mut world = World::signed_in(START, &policy);
        for (index, span) in steps {
            let mut action = *index.get(&actions);
            if let (Action::Wait(wait), true) = (action, span % 8 != 0) {
                action = Action::Wait(seconds(span).min(wait));
            }
            let canonical = Canonical::of(&world, &policy);
            let mut stand_in = canonical.world(&policy);
            prop_assert!(Canonical::of(&stand_in, &policy) == canonical);
            // Half a second is no part of the search either.
            if let Action::Wait(wait) = action {
                action = Action::Wait(seconds(wait.as_secs()));
            }
            let event = action.take(&mut world, &REAL, &policy);
            let other = action.take(&mut stand_in, &REAL, &policy);
            let (seen, other) = (event.map(kind), other.map(kind));
            // An expired access token is kept in a world and not in its stand-in, and gets nothing.
            prop_assert!(seen == other || (other.is_none() && matches!(seen, Some((None, false)))));
            prop_assert!(Canonical::of(&stand_in, &policy) == Canonical::of(&world, &policy), "{:?}", action);
        }
    }
}

/// What an event comes to, moments aside; and whether something was granted.
fn kind(event: Event) -> (Option<std::mem::Discriminant<Verdict>>, bool) {
    match event {
        Event::Unseen | Event::SignOut => (None, false),
        Event::Refresh(call) => (call.verdict.as_ref().map(std::mem::discriminant), call.granted.is_some()),
    }
}
