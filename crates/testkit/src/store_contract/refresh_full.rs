//! Refresh with a full token: rotation, grace, latecomers and theft.

use super::World;
use crate::builders::{HOUR, TICK, audit, co, full, open, policy, refresh};
use app::outbox::{MailOrder, MailSubject, Notice};
use app::ports::store::{OpenSession, RefreshSession};
use domain::event::EventKind;
use domain::locale::Locale;
use domain::session::{Chain, ClientInfo, Ended, RevokeReason, Session, SessionPolicy, Slot, Verdict};
use std::time::Duration;

/// A fresh session of somebody.
async fn session(world: &World) -> Session {
    let kari = world.sign_up("kari").await;
    world.sign_in(&kari).await
}

/// Nothing but the look changed since `before`.
async fn unchanged(world: &World, before: &Session) {
    assert_eq!(&world.session(before).await, before);
}

pub async fn the_current_generation_rotates_its_slot_alone(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        let before = world.session(&begun).await;
        world.advance(HOUR).await;
        let outcome = world.refresh(&before, full(slot, 0)).await;
        let now = world.now().await;
        assert_eq!((outcome.now, outcome.verdict), (now, Verdict::Rotate));
        let after = outcome.session.unwrap();
        let chain = Chain { generation: 1, rotated_at: now, previous_rotated_at: begun.created_at };
        assert_eq!(after.chain(slot), chain);
        assert_eq!(after, before.rotated(slot, now, &policy()));
        unchanged(world, &after).await;
    }
}

pub async fn a_rotation_moves_the_idle_deadline_and_never_the_absolute_one(world: &World) {
    let begun = session(world).await;
    world.advance(policy().idle - TICK).await;
    let rotated = world.rotate(&begun, Slot::Body, 1).await;
    assert_eq!(rotated.idle_deadline, world.now().await.plus(policy().idle));
    assert_eq!(rotated.absolute_deadline, begun.absolute_deadline);
    assert_eq!(rotated.last_proof_at, world.now().await);
}

pub async fn the_idle_deadline_stops_at_the_absolute_one(world: &World) {
    let kari = world.sign_up("kari").await;
    let short = SessionPolicy { idle: HOUR, absolute: HOUR * 3 / 2, ..policy() };
    let begun = world.open(OpenSession { policy: short, ..open(&kari) }).await;
    world.advance(HOUR - TICK).await;
    let outcome = RefreshSession { policy: short, ..refresh(&begun, full(Slot::Cookie, 0)) };
    let rotated = world.store.refresh_session(outcome).await.unwrap().session.unwrap();
    assert_eq!(rotated.idle_deadline, begun.absolute_deadline);
    world.advance(HOUR / 2 + TICK).await;
    let outcome = RefreshSession { policy: short, ..refresh(&begun, full(Slot::Cookie, 1)) };
    let outcome = world.store.refresh_session(outcome).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Ended(Ended::Expired));
}

pub async fn a_rotation_leaves_no_event(world: &World) {
    let begun = session(world).await;
    let before = world.events().await;
    world.rotate(&begun, Slot::Body, 3).await;
    assert_eq!(world.events().await, before);
}

pub async fn a_retry_within_the_grace_gets_the_same_successor_and_moves_nothing(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        let rotated = world.rotate(&begun, slot, 1).await;
        for wait in [Duration::ZERO, policy().grace / 2, policy().grace / 2] {
            world.advance(wait).await;
            let outcome = world.refresh(&begun, full(slot, 0)).await;
            assert_eq!(outcome.verdict, Verdict::Regrant);
            assert_eq!(outcome.session.as_ref(), Some(&rotated));
            unchanged(world, &rotated).await;
        }
    }
    assert_eq!(world.events_of(EventKind::RefreshGrace).await.len(), 6);
}

pub async fn a_grace_is_recorded_and_marked_when_the_client_is_another(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 1).await;
    world.refresh(&begun, full(Slot::Body, 0)).await;
    let own = world.event_of(EventKind::RefreshGrace).await;
    assert_eq!((own.user, own.session, own.detail), (Some(begun.user), Some(begun.id), None));
    assert_eq!((own.namespace, own.audit, own.at), (Some(co()), audit(), world.now().await));
    let agent = ClientInfo { user_agent: Some("other/2".to_owned()), ..begun.client.clone() };
    let address = ClientInfo { address: Some("203.0.113.9".to_owned()), ..begun.client.clone() };
    for client in [agent, address] {
        world.advance(TICK).await;
        let other = RefreshSession { client, ..refresh(&begun, full(Slot::Body, 0)) };
        assert_eq!(world.store.refresh_session(other).await.unwrap().verdict, Verdict::Regrant);
        let newest = world.events().await.remove(0);
        assert_eq!((newest.kind, newest.detail.as_deref()), (EventKind::RefreshGrace, Some("other_client")));
    }
}

pub async fn rfc_9700_4_14_a_reused_refresh_token_ends_the_session(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 1).await;
    world.advance(policy().grace + TICK).await;
    let before = world.session(&begun).await;
    let outcome = world.refresh(&begun, full(Slot::Body, 0)).await;
    let now = world.now().await;
    assert_eq!((outcome.verdict, outcome.now), (Verdict::Reused, now));
    let revoked = Session { revoked: Some((now, RevokeReason::RefreshReused)), ..before };
    assert_eq!(outcome.session.as_ref(), Some(&revoked));
    unchanged(world, &revoked).await;
    for slot in Slot::ALL {
        let current = world.verdict(&begun, full(slot, revoked.chain(slot).generation)).await;
        assert_eq!(current, Verdict::Ended(Ended::Revoked(RevokeReason::RefreshReused)));
    }
}

pub async fn a_reuse_is_recorded_and_told_to_the_owner_once(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Cookie, 3).await;
    world.advance(policy().grace + TICK).await;
    for _ in 0..2 {
        let stolen =
            RefreshSession { notice_locale: Locale::English, ..refresh(&begun, full(Slot::Cookie, 0)) };
        world.store.refresh_session(stolen).await.unwrap();
    }
    let event = world.event_of(EventKind::RefreshReused).await;
    assert_eq!((event.user, event.session, event.audit), (Some(begun.user), Some(begun.id), audit()));
    assert_eq!(event.problem.as_deref(), Some("refresh_reused"));
    let subject = MailSubject::Notice { user: begun.user, notice: Notice::RefreshReused };
    assert_eq!(world.orders().await, [MailOrder { namespace: co(), locale: Locale::English, subject }]);
    assert_eq!(world.events_of(EventKind::SessionRevoked).await, []);
}

pub async fn a_reuse_leaves_the_users_other_sessions_alone(world: &World) {
    let kari = world.sign_up("kari").await;
    let (stolen, other) = (world.sign_in(&kari).await, world.sign_in(&kari).await);
    world.rotate(&stolen, Slot::Body, 3).await;
    assert_eq!(world.verdict(&stolen, full(Slot::Body, 0)).await, Verdict::Reused);
    unchanged(world, &other).await;
}

pub async fn two_behind_within_the_grace_of_its_own_replacement_is_an_honest_latecomer(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        let rotated = world.rotate(&begun, slot, 2).await;
        world.advance(policy().grace / 2).await;
        let outcome = world.refresh(&begun, full(slot, 0)).await;
        assert_eq!((outcome.verdict, outcome.session.as_ref()), (Verdict::Superseded, Some(&rotated)));
        unchanged(world, &rotated).await;
    }
    assert_eq!(world.mails().await, []);
    assert_eq!(world.events_of(EventKind::RefreshGrace).await, []);
}

/// What counts is when the presented token was itself replaced, not when the last rotation was.
pub async fn two_behind_whose_own_replacement_is_older_is_reuse(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 1).await;
    world.advance(policy().grace).await;
    let rotated = world.rotate(&begun, Slot::Body, 1).await;
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Superseded);
    unchanged(world, &rotated).await;
    world.advance(TICK).await;
    assert_eq!(world.verdict(&begun, full(Slot::Body, 1)).await, Verdict::Regrant);
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Reused);
}

/// A thief who rotates all the time must not hide behind the owner's honest retry.
pub async fn three_behind_is_reuse_even_within_the_grace(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 3).await;
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Reused);
}

pub async fn the_grace_ends_after_its_last_millisecond(world: &World) {
    let kari = world.sign_up("kari").await;
    for (wait, verdict) in [(policy().grace, Verdict::Regrant), (policy().grace + TICK, Verdict::Reused)] {
        let begun = world.sign_in(&kari).await;
        world.rotate(&begun, Slot::Cookie, 1).await;
        world.advance(wait).await;
        assert_eq!(world.verdict(&begun, full(Slot::Cookie, 0)).await, verdict);
    }
}

pub async fn without_a_grace_a_retry_in_the_same_millisecond_is_the_last(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 1).await;
    let none = SessionPolicy { grace: Duration::ZERO, ..policy() };
    let retry = || RefreshSession { policy: none, ..refresh(&begun, full(Slot::Body, 0)) };
    assert_eq!(world.store.refresh_session(retry()).await.unwrap().verdict, Verdict::Regrant);
    world.advance(TICK).await;
    assert_eq!(world.store.refresh_session(retry()).await.unwrap().verdict, Verdict::Reused);
}

pub async fn a_clock_that_is_put_back_makes_no_thief_of_an_owner(world: &World) {
    let begun = session(world).await;
    let rotated = world.rotate(&begun, Slot::Body, 1).await;
    world.turn_back(HOUR).await;
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Regrant);
    unchanged(world, &rotated).await;
    let again = world.rotate(&begun, Slot::Body, 1).await;
    assert_eq!(again.body.rotated_at, world.now().await);
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Superseded);
    unchanged(world, &again).await;
}
