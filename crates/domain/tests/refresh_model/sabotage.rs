//! Rules with one fault each, as somebody could have written them, and the promise that each one breaks.

use crate::invariants::Invariant;
use crate::rules::{CarryOut, Classify, REAL, Rules, carry_out};
use minbil_auth_domain::credential::{self, Carried, Credentials, HeaderCredential};
use minbil_auth_domain::session::{self, Chain, Presented, Session, Slot, Verdict};
use minbil_auth_domain::time::UnixMillis;
use std::time::Duration;

type Sabotage = (&'static str, fn() -> Rules, Invariant);

pub(crate) const ALL: [Sabotage; 22] = [
    (
        "a duplicate that crossed two rotations is reuse",
        without_the_two_step_allowance,
        Invariant::HonestStaysSignedInWithinTheGrace,
    ),
    ("no grace at all", without_grace, Invariant::HonestStaysSignedInWithinTheGrace),
    (
        "a grace that ends a moment too early",
        grace_that_ends_too_early,
        Invariant::HonestStaysSignedInWithinTheGrace,
    ),
    (
        "a grace that refuses without harm",
        grace_that_gives_nothing,
        Invariant::HonestStaysSignedInWithinTheGrace,
    ),
    ("a grace that forks a new generation", grace_that_forks, Invariant::OneLiveGeneration),
    ("reuse taken for a latecomer", reuse_ignored, Invariant::ReuseEndsTheSession),
    ("reuse that revokes nothing", reuse_that_revokes_nothing, Invariant::ReuseEndsTheSession),
    ("an allowance for any number of rotations", allowance_without_end, Invariant::ReuseEndsTheSession),
    (
        "an allowance counted from the last rotation",
        allowance_from_the_wrong_rotation,
        Invariant::ReuseEndsTheSession,
    ),
    ("a bearer credential that rotates", bearer_that_rotates, Invariant::BearerNeverRotates),
    (
        "a bearer chain that extends itself",
        bearer_that_extends_itself,
        Invariant::BearerChainEndsAtItsDeadline,
    ),
    ("a bearer chain without a deadline", bearer_at_its_deadline, Invariant::BearerChainEndsAtItsDeadline),
    (
        "a stale bearer credential that revokes",
        stale_bearer_that_revokes,
        Invariant::BearerNeverRevokesNorRises,
    ),
    (
        "a stale bearer credential that works",
        stale_bearer_that_works,
        Invariant::BearerChainEndsAtTheNextRotation,
    ),
    ("a revocation nobody looks at", revocation_ignored, Invariant::NothingIsAcceptedAfterTheEnd),
    ("deadlines a moment late", deadlines_one_moment_late, Invariant::NothingIsAcceptedAfterTheEnd),
    (
        "a rotation that moves the absolute deadline",
        rotation_that_moves_the_absolute_deadline,
        Invariant::AbsoluteDeadlineNeverMoves,
    ),
    (
        "a grace that moves the idle deadline",
        grace_that_moves_the_idle_deadline,
        Invariant::IdleMovesWithARotationOnly,
    ),
    (
        "a bearer credential that moves the idle deadline",
        bearer_that_moves_the_idle_deadline,
        Invariant::IdleMovesWithARotationOnly,
    ),
    ("a rotation of both slots", rotation_of_both_slots, Invariant::ChainsAreIndependentAndRemember),
    (
        "a rotation that forgets the one before",
        rotation_that_forgets_the_one_before,
        Invariant::ChainsAreIndependentAndRemember,
    ),
    (
        "a cookie that takes the place of an explicit token",
        ambient_beats_explicit,
        Invariant::CurrentTokenWorks,
    ),
];

/// The real rules, but for one verdict.
fn with(classify: Classify) -> Rules {
    Rules { classify, ..REAL }
}

/// The real rules, but for what is done about a verdict.
fn with_carry_out(carry_out: CarryOut) -> Rules {
    Rules { carry_out, ..REAL }
}

/// How far behind a full token is, if the session lives.
fn behind(session: &Session, presented: Presented, now: UnixMillis) -> Option<(u32, Chain)> {
    let Presented::Full { slot, generation } = presented else { return None };
    let chain = session.chain(slot);
    let behind = chain.generation.checked_sub(generation)?;
    session.ended(now).is_none().then_some((behind, chain))
}

/// Rules without the allowance for a duplicate that crossed two rotations.
pub(crate) fn without_the_two_step_allowance() -> Rules {
    with(|session, presented, now, policy| match behind(session, presented, now) {
        Some((2, _)) => Verdict::Reused,
        _ => session::classify(session, presented, now, policy),
    })
}

pub(crate) fn without_grace() -> Rules {
    with(|session, presented, now, policy| match behind(session, presented, now) {
        Some((1, _)) => Verdict::Reused,
        _ => session::classify(session, presented, now, policy),
    })
}

/// The grace ends a moment too early: `<` for `<=`.
pub(crate) fn grace_that_ends_too_early() -> Rules {
    with(|session, presented, now, policy| match behind(session, presented, now) {
        Some((1, chain)) if now.since(chain.rotated_at) >= policy.grace => Verdict::Reused,
        _ => session::classify(session, presented, now, policy),
    })
}

/// A predecessor is refused without harm, and so a lost answer is lost for good.
pub(crate) fn grace_that_gives_nothing() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Regrant => Verdict::Superseded,
        verdict => verdict,
    })
}

/// Auth0's and Okta's way: a predecessor within the grace begins a generation of its own.
pub(crate) fn grace_that_forks() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Regrant => Verdict::Rotate,
        verdict => verdict,
    })
}

pub(crate) fn reuse_ignored() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Reused => Verdict::Superseded,
        verdict => verdict,
    })
}

/// The allowance reaches any number of rotations back, as long as the last one is fresh: a thief who keeps
/// rotating hides.
pub(crate) fn allowance_without_end() -> Rules {
    with(|session, presented, now, policy| match behind(session, presented, now) {
        Some((2.., chain)) if now.since(chain.rotated_at) <= policy.grace => Verdict::Superseded,
        _ => session::classify(session, presented, now, policy),
    })
}

/// The allowance is measured from the last rotation and not from the token's own replacement.
pub(crate) fn allowance_from_the_wrong_rotation() -> Rules {
    with(|session, presented, now, policy| match behind(session, presented, now) {
        Some((2, chain)) if now.since(chain.rotated_at) <= policy.grace => Verdict::Superseded,
        _ => session::classify(session, presented, now, policy),
    })
}

pub(crate) fn bearer_that_rotates() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Extend { .. } => Verdict::Rotate,
        verdict => verdict,
    })
}

/// Every use of a bearer credential gives it another day (CVE-2026-82469).
pub(crate) fn bearer_that_extends_itself() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Extend { .. } => Verdict::Extend { deadline: now.plus(policy.bearer_chain) },
        verdict => verdict,
    })
}

pub(crate) fn bearer_at_its_deadline() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::ReauthenticationRequired => Verdict::Extend { deadline: now.plus(Duration::from_secs(1)) },
        verdict => verdict,
    })
}

pub(crate) fn stale_bearer_that_revokes() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Superseded if !matches!(presented, Presented::Full { .. }) => Verdict::Reused,
        verdict => verdict,
    })
}

pub(crate) fn stale_bearer_that_works() -> Rules {
    with(|session, presented, now, policy| match session::classify(session, presented, now, policy) {
        Verdict::Superseded if !matches!(presented, Presented::Full { .. }) => {
            Verdict::Extend { deadline: session.bearer_deadline(presented.slot(), policy) }
        }
        verdict => verdict,
    })
}

/// A session whose revocation nobody looks at.
pub(crate) fn revocation_ignored() -> Rules {
    with(|session, presented, now, policy| {
        let session = Session { revoked: None, ..session.clone() };
        session::classify(&session, presented, now, policy)
    })
}

/// A deadline is the last moment that is accepted, and not the first that is not.
pub(crate) fn deadlines_one_moment_late() -> Rules {
    with(|session, presented, now, policy| {
        session::classify(session, presented, now.minus(Duration::from_millis(1)), policy)
    })
}

pub(crate) fn rotation_that_moves_the_absolute_deadline() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| {
        let mut session = carry_out(session, presented, verdict, now, policy);
        if verdict == Verdict::Rotate {
            session.absolute_deadline = now.plus(policy.absolute);
        }
        session
    })
}

pub(crate) fn grace_that_moves_the_idle_deadline() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| {
        let mut session = carry_out(session, presented, verdict, now, policy);
        if verdict == Verdict::Regrant {
            session.idle_deadline = now.plus(policy.idle).min(session.absolute_deadline);
        }
        session
    })
}

pub(crate) fn bearer_that_moves_the_idle_deadline() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| {
        let mut session = carry_out(session, presented, verdict, now, policy);
        if matches!(verdict, Verdict::Extend { .. }) {
            session.idle_deadline = now.plus(policy.idle).min(session.absolute_deadline);
        }
        session
    })
}

/// One rotation, two chains: a cookie-borne refresh would spend the body's token.
pub(crate) fn rotation_of_both_slots() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| match verdict {
        Verdict::Rotate => session.rotated(Slot::Body, now, policy).rotated(Slot::Cookie, now, policy),
        _ => carry_out(session, presented, verdict, now, policy),
    })
}

pub(crate) fn rotation_that_forgets_the_one_before() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| {
        let mut session = carry_out(session, presented, verdict, now, policy);
        if verdict == Verdict::Rotate {
            session.body.previous_rotated_at = session.body.rotated_at;
        }
        session
    })
}

/// Reuse raises the alarm, and the session goes on.
pub(crate) fn reuse_that_revokes_nothing() -> Rules {
    with_carry_out(|session, presented, verdict, now, policy| match verdict {
        Verdict::Reused => session,
        _ => carry_out(session, presented, verdict, now, policy),
    })
}

/// A cookie beside an explicit token takes its place.
pub(crate) fn ambient_beats_explicit() -> Rules {
    let choose = |mut credentials: Credentials| {
        if matches!(credentials.cookie, Carried::Genuine(_)) {
            credentials.body = Carried::Absent;
            credentials.header = HeaderCredential::Absent;
        }
        credential::choose(credentials)
    };
    Rules { choose, ..REAL }
}
