//! Refresh with a bearer-class token or an access token, and with what is refused whatever it is.

use super::World;
use crate::builders::{
    DAY, HOUR, TICK, access, bearer, co, end, fresh_uuid, full, open, policy, refresh, ws,
};
use app::ports::store::{EndSession, OpenSession, RefreshOutcome, RefreshSession};
use domain::event::EventKind;
use domain::ids::SessionId;
use domain::session::{Ended, Presented, RevokeReason, Salt, Session, SessionPolicy, Slot, Verdict};

async fn session(world: &World) -> Session {
    let kari = world.sign_up("kari").await;
    world.sign_in(&kari).await
}

/// Everything a credential of one generation can present, with a deadline that is far away.
fn bearers(session: &Session, slot: Slot, generation: u32) -> [Presented; 2] {
    [access(slot, generation), bearer(slot, generation, session.absolute_deadline)]
}

/// Presents it and makes sure that nothing was written.
async fn present(world: &World, session: &Session, presented: Presented) -> Verdict {
    let before = (world.session(session).await, world.events().await, world.mails().await);
    let outcome = world.refresh(session, presented).await;
    assert_eq!(outcome.now, world.now().await);
    assert_eq!(outcome.session.as_ref(), Some(&before.0));
    assert_eq!(before, (world.session(session).await, world.events().await, world.mails().await));
    outcome.verdict
}

pub async fn a_bearer_credential_of_the_current_generation_extends_and_moves_nothing(world: &World) {
    let begun = session(world).await;
    world.advance(HOUR).await;
    let rotated = world.rotate(&begun, Slot::Cookie, 2).await;
    world.advance(HOUR).await;
    for (slot, generation) in [(Slot::Body, 0), (Slot::Cookie, 2)] {
        let deadline = rotated.chain(slot).rotated_at.plus(DAY);
        for presented in bearers(&begun, slot, generation) {
            assert_eq!(present(world, &begun, presented).await, Verdict::Extend { deadline });
        }
    }
}

pub async fn a_bearer_tokens_own_deadline_is_copied_on_and_never_extended(world: &World) {
    let begun = session(world).await;
    let deadline = world.now().await.plus(HOUR);
    world.advance(HOUR - TICK).await;
    let presented = bearer(Slot::Body, 0, deadline);
    assert_eq!(present(world, &begun, presented).await, Verdict::Extend { deadline });
    world.advance(TICK).await;
    assert_eq!(present(world, &begun, presented).await, Verdict::ReauthenticationRequired);
}

pub async fn a_bearer_chain_ends_a_day_after_the_last_real_proof(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        world.advance(HOUR).await;
        let rotated = world.rotate(&begun, slot, 1).await;
        let deadline = rotated.chain(slot).rotated_at.plus(DAY);
        world.advance(DAY - TICK).await;
        for presented in bearers(&begun, slot, 1) {
            assert_eq!(present(world, &begun, presented).await, Verdict::Extend { deadline });
        }
        world.advance(TICK).await;
        for presented in bearers(&begun, slot, 1) {
            assert_eq!(present(world, &begun, presented).await, Verdict::ReauthenticationRequired);
        }
    }
}

pub async fn a_bearer_chain_never_outlives_its_session(world: &World) {
    let kari = world.sign_up("kari").await;
    let short = SessionPolicy { absolute: HOUR, ..policy() };
    let begun = world.open(OpenSession { policy: short, ..open(&kari) }).await;
    for presented in [access(Slot::Body, 0), bearer(Slot::Body, 0, world.now().await.plus(DAY))] {
        let deadline = begun.absolute_deadline;
        assert_eq!(present(world, &begun, presented).await, Verdict::Extend { deadline });
    }
}

/// A thief with a copied access token dies with the owner's next rotation, and the owner notices nothing.
pub async fn a_bearer_credential_of_an_older_generation_is_superseded_and_never_reuse(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        world.rotate(&begun, slot, 4).await;
        for generation in 0..4 {
            for presented in bearers(&begun, slot, generation) {
                assert_eq!(present(world, &begun, presented).await, Verdict::Superseded);
            }
        }
        world.advance(DAY * 2).await;
        assert_eq!(present(world, &begun, access(slot, 3)).await, Verdict::Superseded);
    }
}

pub async fn a_generation_that_never_was_is_not_trusted(world: &World) {
    let begun = session(world).await;
    for slot in Slot::ALL {
        world.rotate(&begun, slot, 1).await;
        for generation in [2, 3, u32::MAX] {
            for presented in bearers(&begun, slot, generation) {
                assert_eq!(present(world, &begun, presented).await, Verdict::NeverIssued);
            }
            assert_eq!(present(world, &begun, full(slot, generation)).await, Verdict::NeverIssued);
        }
    }
}

/// What every kind of credential may present to a session whose chains are at generation 2.
fn everything(session: &Session) -> Vec<Presented> {
    let of = |slot| {
        let kinds = move |generation| {
            let [access, bearer] = bearers(session, slot, generation);
            [access, bearer, full(slot, generation)]
        };
        (0..4).flat_map(kinds)
    };
    Slot::ALL.into_iter().flat_map(of).collect()
}

pub async fn whatever_is_presented_to_a_revoked_session_gets_the_reason(world: &World) {
    let kari = world.sign_up("kari").await;
    for reason in RevokeReason::ALL {
        let begun = world.sign_in(&kari).await;
        for slot in Slot::ALL {
            world.rotate(&begun, slot, 2).await;
        }
        world.store.end_session(EndSession { reason, ..end(&begun) }).await.unwrap();
        for presented in everything(&begun) {
            let verdict = present(world, &begun, presented).await;
            assert_eq!(verdict, Verdict::Ended(Ended::Revoked(reason)), "{presented:?}");
        }
    }
}

pub async fn a_session_ends_at_its_idle_deadline_exactly(world: &World) {
    let begun = session(world).await;
    let rotated = world.rotate(&world.rotate(&begun, Slot::Body, 2).await, Slot::Cookie, 2).await;
    world.advance(policy().idle - TICK).await;
    assert_eq!(world.verdict(&begun, access(Slot::Body, 2)).await, Verdict::ReauthenticationRequired);
    world.advance(TICK).await;
    assert_eq!(world.now().await, rotated.idle_deadline);
    for presented in everything(&begun) {
        assert_eq!(present(world, &begun, presented).await, Verdict::Ended(Ended::Expired));
    }
}

pub async fn a_session_rotates_until_the_last_millisecond(world: &World) {
    let kari = world.sign_up("kari").await;
    let begun = world.sign_in(&kari).await;
    world.advance(policy().idle - TICK).await;
    assert_eq!(world.verdict(&begun, full(Slot::Body, 0)).await, Verdict::Rotate);
    let late = world.sign_in(&kari).await;
    world.advance(policy().idle).await;
    assert_eq!(world.verdict(&late, full(Slot::Body, 0)).await, Verdict::Ended(Ended::Expired));
}

pub async fn a_session_ends_at_its_absolute_deadline_however_busy_it_is(world: &World) {
    let kari = world.sign_up("kari").await;
    let short = SessionPolicy { absolute: DAY, ..policy() };
    let begun = world.open(OpenSession { policy: short, ..open(&kari) }).await;
    world.advance(DAY - TICK).await;
    let rotated = world.rotate(&begun, Slot::Body, 1).await;
    world.advance(TICK).await;
    assert_eq!(world.now().await, rotated.absolute_deadline);
    for presented in everything(&begun) {
        assert_eq!(present(world, &begun, presented).await, Verdict::Ended(Ended::Expired));
    }
}

pub async fn an_expired_session_is_never_reuse(world: &World) {
    let begun = session(world).await;
    world.rotate(&begun, Slot::Body, 3).await;
    world.advance(policy().idle).await;
    assert_eq!(present(world, &begun, full(Slot::Body, 0)).await, Verdict::Ended(Ended::Expired));
    assert_eq!(world.events_of(EventKind::RefreshReused).await, []);
}

fn stranger(now: domain::time::UnixMillis, verdict: Verdict) -> RefreshOutcome {
    RefreshOutcome { now, verdict, session: None }
}

pub async fn another_salt_is_not_this_session(world: &World) {
    let begun = session(world).await;
    let before = world.rotate(&begun, Slot::Body, 2).await;
    for presented in
        [full(Slot::Body, 2), full(Slot::Body, 0), bearer(Slot::Body, 2, before.absolute_deadline)]
    {
        let forged = RefreshSession { salt: Some(Salt([0xee; 16])), ..refresh(&begun, presented) };
        let outcome = world.store.refresh_session(forged).await.unwrap();
        assert_eq!(outcome, stranger(world.now().await, Verdict::NeverIssued));
    }
    // A full token carries a salt; a call that brings none must not rotate and must not raise an alarm.
    for generation in [0, 2] {
        let bare = RefreshSession { salt: None, ..refresh(&begun, full(Slot::Body, generation)) };
        let outcome = world.store.refresh_session(bare).await.unwrap();
        assert_eq!(outcome, stranger(world.now().await, Verdict::NeverIssued));
    }
    assert_eq!(world.session(&begun).await, before);
}

pub async fn another_namespace_or_id_is_no_session(world: &World) {
    let begun = session(world).await;
    let gone = stranger(world.now().await, Verdict::Ended(Ended::Expired));
    for presented in
        [full(Slot::Body, 0), access(Slot::Body, 0), bearer(Slot::Body, 0, begun.absolute_deadline)]
    {
        let elsewhere = RefreshSession { namespace: ws(), ..refresh(&begun, presented) };
        assert_eq!(world.store.refresh_session(elsewhere).await.unwrap(), gone);
        let unknown = RefreshSession { session: SessionId::new(fresh_uuid()), ..refresh(&begun, presented) };
        assert_eq!(world.store.refresh_session(unknown).await.unwrap(), gone);
    }
    assert_eq!(world.store.find_session(&co(), begun.id).await.unwrap().unwrap().session, begun);
}
