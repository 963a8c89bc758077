//! Refresh, sign-out, reset, disable and sign-in, statement by statement, in every order that three actors and a clock can bring
//! about: the two statements of a refresh, answers that are lost, tabs that share a storage, a thief. The rules are the domain's own; what a
//! database adds is only that a statement is one step. (`refresh_model` looks at one statement a call, and at more kinds of callers.)
//!
//! `MINBIL_AUTH_TEST_MODEL_CALLS` says how many calls each caller makes.

#[cfg(test)]
mod actors;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use crate::actors::{Call, Caller, State, Step, Third};
    use crate::world::{Answer, GRACE, POLICY, REAL, Rules, World};
    use minbil_auth_domain::session::{RevokeReason, Session, Verdict, classify};
    use minbil_auth_domain::time::UnixMillis;
    use std::collections::HashMap;

    /// As many as a debug build looks at in a few seconds.
    const CALLS: u8 = 2;

    fn calls() -> u8 {
        std::env::var("MINBIL_AUTH_TEST_MODEL_CALLS").map_or(CALLS, |text| text.parse().unwrap())
    }

    /// A promise, by name.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Promise {
        /// One generation has one successor.
        NoFork,
        /// What was answered as ended grants nothing any more, to whichever call, however long it was under way.
        AnEndIsFinal,
        /// A retry within the grace gets the current tokens, and nobody who is that late ends the session.
        ARetryIsNeverPunished,
        /// A spent token outside of every allowance ends the session.
        ATheftIsNeverHidden,
        /// A current token of a live session works, and a call ends.
        ACurrentTokenWorks,
    }

    struct Found {
        promise: Promise,
        steps: Vec<Step>,
    }

    fn caller(shares_storage: bool, calls: u8, losses: u8) -> Caller {
        Caller { shares_storage, own: 0, call: Call::Idle, calls, losses }
    }

    /// Every cast: two tabs, or a tab and a thief; who ends the session, beside whom somebody may sign in; how far the clock goes.
    fn casts(calls: u8) -> Vec<State> {
        let mut casts = Vec::new();
        let full = if calls > CALLS { 3 } else { 2 };
        for is_thief in [false, true] {
            for third in [Third::Nobody, Third::SignOut, Third::Reset, Third::Disable] {
                for (fourth, halves) in [(Third::Nobody, full), (Third::SignIn(None), 0)] {
                    casts.push(State {
                        world: World::signed_in(),
                        storage: 0,
                        callers: [caller(true, calls, 1), caller(!is_thief, calls, u8::from(!is_thief))],
                        thirds: [third, fourth],
                        halves,
                        is_ended: false,
                        is_credential_over: false,
                    });
                }
            }
        }
        casts
    }

    /// What the step broke.
    fn broken(before: &State, after: &State, step: Step) -> Option<Promise> {
        let (old, new) = (&before.world, &after.world);
        let rotations = new.chain.generation - old.chain.generation;
        let revived = old.revoked.is_some() && new.revoked != old.revoked;
        let sneaked_in = after.is_credential_over && new.has_second_session;
        if revived || sneaked_in || (before.is_ended && rotations > 0) {
            return Some(Promise::AnEndIsFinal);
        }
        match step {
            Step::Update(at) | Step::Judge(at) => call(before, after, at, matches!(step, Step::Judge(_))),
            _ => None,
        }
    }

    /// A statement of a call, stated over when the *token* was replaced, which no row and no rule knows.
    fn call(before: &State, after: &State, at: usize, is_judged: bool) -> Option<Promise> {
        let world = &before.world;
        let (Call::Sent(generation) | Call::Missed(generation, _)) = before.callers[at].call else {
            return None;
        };
        let rotations = after.world.chain.generation - world.chain.generation;
        let granted = match after.callers[at].call {
            Call::Answered(_, Answer::Granted(granted)) => Some(granted),
            _ => None,
        };
        if before.is_ended && granted.is_some() {
            return Some(Promise::AnEndIsFinal);
        }
        if rotations > 0 && (generation != world.chain.generation || rotations > 1) {
            return Some(Promise::NoFork);
        }
        if granted.is_some_and(|granted| granted != after.world.chain.generation) {
            return Some(Promise::NoFork);
        }
        let is_live = world.revoked.is_none();
        let Some(replaced_at) = world.replaced_at.get(generation as usize) else {
            // It is the current one.
            return (is_live && granted.is_none()).then_some(Promise::ACurrentTokenWorks);
        };
        if !is_live || !is_judged {
            return None;
        }
        let behind = world.chain.generation - generation;
        let is_within = world.now.since(*replaced_at) <= GRACE && behind <= 2;
        let reason = after.world.revoked.map(|(_, reason)| reason);
        match (is_within, behind) {
            (true, 1) if granted.is_none() => Some(Promise::ARetryIsNeverPunished),
            (true, _) => reason.is_some().then_some(Promise::ARetryIsNeverPunished),
            (false, _) => {
                (reason != Some(RevokeReason::RefreshReused)).then_some(Promise::ATheftIsNeverHidden)
            }
        }
    }

    /// Walks every order, each state once; how many there are.
    fn explore(rules: &Rules, calls: u8) -> Result<(usize, usize), Found> {
        let (mut states, mut transitions) = (0, 0);
        for start in casts(calls) {
            let mut known: HashMap<State, Option<(u32, Step)>> = HashMap::from([(start.clone(), None)]);
            let mut order = vec![start];
            let mut next = 0;
            while next < order.len() {
                let before = order[next].clone();
                for step in before.steps() {
                    let mut after = before.clone();
                    after.take(step, rules);
                    transitions += 1;
                    if let Some(promise) = broken(&before, &after, step) {
                        let mut steps = vec![step];
                        let mut at = &before;
                        while let Some((parent, step)) = known[at] {
                            steps.push(step);
                            at = &order[parent as usize];
                        }
                        steps.reverse();
                        return Err(Found { promise, steps });
                    }
                    if !known.contains_key(&after) {
                        known.insert(after.clone(), Some((u32::try_from(next).unwrap(), step)));
                        order.push(after);
                    }
                }
                next += 1;
            }
            states += order.len();
        }
        Ok((states, transitions))
    }

    #[test]
    fn no_order_of_statements_breaks_a_promise() {
        let (states, transitions) = explore(&REAL, calls())
            .unwrap_or_else(|found| panic!("{:?} is broken by {:?}", found.promise, found.steps));
        println!("proof: {} calls each: {states} states, {transitions} transitions", calls());
        assert!(states > 10_000, "{states}");
    }

    /// Faults that somebody could write, each in one place.
    const SABOTAGES: [(&str, Rules, Promise); 9] = [
        (
            "the second statement judges the row that the first one saw",
            Rules { judges: |_, seen, presented, now| classify(seen, presented, now, &POLICY), ..REAL },
            Promise::AnEndIsFinal,
        ),
        (
            "the update does not look at the end of the session",
            Rules { hits: |session, generation, _| session.body.generation == generation, ..REAL },
            Promise::AnEndIsFinal,
        ),
        (
            "the update takes any generation that was issued",
            Rules {
                hits: |session, generation, now| generation <= session.body.generation && lives(session, now),
                ..REAL
            },
            Promise::NoFork,
        ),
        (
            "the update takes the one before as well, in place of a grace",
            Rules {
                hits: |session, generation, now| {
                    session.body.generation - generation <= 1 && lives(session, now)
                },
                ..REAL
            },
            Promise::NoFork,
        ),
        (
            "the update misses now and then",
            Rules {
                hits: |session, generation, now| (REAL.hits)(session, generation, now) && generation != 1,
                judges: |row, seen, presented, now| match (REAL.judges)(row, seen, presented, now) {
                    Verdict::Rotate => Verdict::Superseded,
                    verdict => verdict,
                },
                ..REAL
            },
            Promise::ACurrentTokenWorks,
        ),
        (
            "a latecomer is taken for a thief",
            Rules {
                judges: |row, seen, presented, now| match (REAL.judges)(row, seen, presented, now) {
                    Verdict::Superseded | Verdict::Regrant => Verdict::Reused,
                    verdict => verdict,
                },
                ..REAL
            },
            Promise::ARetryIsNeverPunished,
        ),
        (
            "a thief is taken for a latecomer",
            Rules {
                judges: |row, seen, presented, now| match (REAL.judges)(row, seen, presented, now) {
                    Verdict::Reused => Verdict::Superseded,
                    verdict => verdict,
                },
                ..REAL
            },
            Promise::ATheftIsNeverHidden,
        ),
        (
            "a sign-in does not hold the epoch that it read against the row",
            Rules { may_open: |_, world| world.is_active, ..REAL },
            Promise::AnEndIsFinal,
        ),
        (
            "a reset changes the password and ends nothing",
            Rules { reset: |_| {}, ..REAL },
            Promise::AnEndIsFinal,
        ),
    ];

    fn lives(session: &Session, now: UnixMillis) -> bool {
        session.ended(now).is_none()
    }

    #[test]
    fn every_sabotage_is_caught_and_named() {
        for (name, rules, promise) in SABOTAGES {
            let Err(found) = explore(&rules, CALLS) else { panic!("nothing noticed: {name}") };
            assert_eq!(found.promise, promise, "{name}: {:?}", found.steps);
            println!("proof: sabotage caught, {name}: {promise:?} after {} steps", found.steps.len());
        }
    }
}
