//! Opening, finding, listing and ending sessions.

use super::World;
use super::accounts::done;
use crate::builders::{
    DAY, HOUR, TICK, audit, client, co, end, end_all, fresh_uuid, full, open, policy, sealed, set_password,
    ws,
};
use app::ports::store::{EndSession, EndSessionOutcome, EndSessions, OpenSession, OpenSessionOutcome};
use domain::account::AccountStatus;
use domain::event::EventKind;
use domain::ids::{SessionId, UserId};
use domain::session::{Chain, Ended, RevokeReason, Salt, SessionPolicy, Slot, Verdict};
use std::time::Duration;

pub async fn a_session_begins_as_it_was_asked_for(world: &World) {
    let kari = world.sign_up("kari").await;
    let now = world.now().await;
    let asked = open(&kari);
    let (id, salt, mac_key) = (asked.id, asked.salt, asked.mac_key);
    let session = world.open(asked).await;
    assert_eq!((session.id, session.salt, session.mac_key), (id, salt, mac_key));
    assert_eq!((session.user, session.namespace.clone()), (kari.id, co()));
    assert_eq!((session.body, session.cookie), (Chain::begin(now), Chain::begin(now)));
    assert_eq!((session.created_at, session.last_proof_at), (now, now));
    assert_eq!(session.idle_deadline, now.plus(policy().idle));
    assert_eq!(session.absolute_deadline, now.plus(policy().absolute));
    assert_eq!((session.revoked, session.client.clone()), (None, client()));
    assert_eq!(session.credential_epoch, kari.credential_epoch);
    assert_eq!(world.find(id).await, Some(session));
}

pub async fn the_idle_deadline_is_never_after_the_absolute_one(world: &World) {
    let kari = world.sign_up("kari").await;
    let short = SessionPolicy { absolute: HOUR, ..policy() };
    let session = world.open(OpenSession { policy: short, ..open(&kari) }).await;
    assert_eq!(session.idle_deadline, session.absolute_deadline);
    assert_eq!(session.absolute_deadline, world.now().await.plus(HOUR));
}

pub async fn a_sign_in_dates_the_account_and_is_recorded(world: &World) {
    let kari = world.sign_up("kari").await;
    world.advance(HOUR).await;
    let OpenSessionOutcome::Opened(opened) = world.store.open_session(open(&kari)).await.unwrap() else {
        panic!("nothing changed");
    };
    assert_eq!(opened.now, world.now().await);
    assert_eq!(opened.user.last_sign_in_at, Some(opened.now));
    assert_eq!(opened.user.updated_at, kari.updated_at);
    assert_eq!(world.account(&kari).await, Some(opened.user));
    let event = world.event_of(EventKind::SignIn).await;
    assert_eq!((event.user, event.session), (Some(kari.id), Some(opened.session.id)));
    assert_eq!((event.namespace, event.at, event.audit), (Some(co()), opened.now, audit()));
}

pub async fn a_rehash_is_stored_with_the_sign_in_and_raises_no_epoch(world: &World) {
    let kari = world.sign_up("kari").await;
    let first = world.sign_in(&kari).await;
    world.open(OpenSession { rehash: Some(sealed("rehashed")), ..open(&kari) }).await;
    assert_eq!(world.password(&kari).await, sealed("rehashed").0);
    let after = world.account(&kari).await.unwrap();
    assert_eq!((after.credential_epoch, after.updated_at), (kari.credential_epoch, kari.updated_at));
    assert_eq!(world.session(&first).await.revoked, None);
}

/// A sign-in whose password was verified before a change must neither open a session nor put the old
/// password back by its rehash.
pub async fn a_sign_in_that_was_overtaken_by_a_new_password_changes_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    let late = OpenSession { rehash: Some(sealed("old")), ..open(&kari) };
    let id = late.id;
    assert_eq!(world.store.open_session(late).await.unwrap(), OpenSessionOutcome::CredentialChanged);
    assert_eq!(world.find(id).await, None);
    assert_eq!(world.password(&kari).await, sealed("second").0);
    assert_eq!(world.account(&kari).await.unwrap().last_sign_in_at, None);
    assert_eq!(world.events_of(EventKind::SignIn).await, []);
}

pub async fn no_session_opens_for_a_disabled_account_whatever_the_epoch(world: &World) {
    let kari = world.sign_up("kari").await;
    let disabled = done(world.set_status(&kari, AccountStatus::Disabled).await);
    for user in [&kari, &disabled] {
        let outcome = world.store.open_session(open(user)).await.unwrap();
        assert_eq!(outcome, OpenSessionOutcome::CredentialChanged);
    }
    let stranger = OpenSession { user: UserId::new(fresh_uuid()), ..open(&kari) };
    assert_eq!(world.store.open_session(stranger).await.unwrap(), OpenSessionOutcome::CredentialChanged);
    let elsewhere = OpenSession { namespace: ws(), ..open(&kari) };
    assert_eq!(world.store.open_session(elsewhere).await.unwrap(), OpenSessionOutcome::CredentialChanged);
}

pub async fn the_idlest_session_makes_room_for_a_new_one(world: &World) {
    let kari = world.sign_up("kari").await;
    let three = SessionPolicy { max_live: 3, ..policy() };
    let begin = || OpenSession { policy: three, ..open(&kari) };
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(world.open(begin()).await);
        world.advance(TICK).await;
    }
    // The oldest is the busiest: the second one is idle for the longest time.
    world.rotate(&sessions[0], Slot::Cookie, 1).await;
    world.advance(TICK).await;
    let newest = world.open(begin()).await;
    let event = world.event_of(EventKind::SessionEvicted).await;
    assert_eq!((event.session, event.user, event.audit), (Some(sessions[1].id), Some(kari.id), audit()));
    let revoked = world.session(&sessions[1]).await.revoked;
    assert_eq!(revoked, Some((world.now().await, RevokeReason::Evicted)));
    for session in [&sessions[0], &sessions[2], &newest] {
        assert_eq!(world.session(session).await.revoked, None);
    }
}

pub async fn a_lowered_limit_evicts_as_many_as_it_takes(world: &World) {
    let kari = world.sign_up("kari").await;
    for _ in 0..5 {
        world.sign_in(&kari).await;
        world.advance(TICK).await;
    }
    let two = SessionPolicy { max_live: 2, ..policy() };
    let newest = world.open(OpenSession { policy: two, ..open(&kari) }).await;
    let live = world.store.list_sessions(&co(), kari.id).await.unwrap();
    assert_eq!(live.len(), 2);
    assert_eq!(live[0].id, newest.id);
    assert_eq!(world.events_of(EventKind::SessionEvicted).await.len(), 4);
}

pub async fn sessions_that_do_not_live_need_no_room(world: &World) {
    let kari = world.sign_up("kari").await;
    let ola = world.sign_up("ola").await;
    let two = SessionPolicy { max_live: 2, idle: HOUR, ..policy() };
    let begin = || OpenSession { policy: two, ..open(&kari) };
    world.open(OpenSession { policy: two, ..open(&ola) }).await;
    let ended = world.open(begin()).await;
    let kept = world.open(begin()).await;
    world.store.end_session(end(&ended)).await.unwrap();
    world.open(begin()).await;
    assert_eq!(world.session(&kept).await.revoked, None);
    world.advance(HOUR).await;
    world.open(begin()).await;
    world.open(begin()).await;
    assert_eq!(world.events_of(EventKind::SessionEvicted).await, []);
}

pub async fn a_session_is_found_with_its_owner_live_or_not(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let view = world.store.find_session(&co(), session.id).await.unwrap().unwrap();
    assert_eq!((view.session, view.user), (session.clone(), world.account(&kari).await));
    assert_eq!(view.now, world.now().await);
    world.store.end_session(end(&session)).await.unwrap();
    assert!(world.find(session.id).await.unwrap().revoked.is_some());
    assert_eq!(world.store.find_session(&ws(), session.id).await.unwrap(), None);
    assert_eq!(world.find(SessionId::new(fresh_uuid())).await, None);
}

pub async fn live_sessions_are_listed_by_their_latest_proof(world: &World) {
    let kari = world.sign_up("kari").await;
    let ola = world.sign_up("ola").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(world.sign_in(&kari).await);
        world.advance(TICK).await;
    }
    world.sign_in(&ola).await;
    let rotated = world.rotate(&sessions[0], Slot::Body, 1).await;
    world.store.end_session(end(&sessions[1])).await.unwrap();
    let listed = world.store.list_sessions(&co(), kari.id).await.unwrap();
    assert_eq!(listed, [rotated, sessions[2].clone()]);
    assert_eq!(world.store.list_sessions(&ws(), kari.id).await.unwrap(), []);
}

pub async fn a_session_is_listed_until_its_deadline_and_not_at_it(world: &World) {
    let kari = world.sign_up("kari").await;
    world.sign_in(&kari).await;
    world.advance(policy().idle - TICK).await;
    assert_eq!(world.store.list_sessions(&co(), kari.id).await.unwrap().len(), 1);
    world.advance(TICK).await;
    assert_eq!(world.store.list_sessions(&co(), kari.id).await.unwrap(), []);
}

pub async fn a_sign_out_ends_the_session_once(world: &World) {
    let kari = world.sign_up("kari").await;
    let (session, other) = (world.sign_in(&kari).await, world.sign_in(&kari).await);
    world.advance(TICK).await;
    let ended_at = world.now().await;
    assert_eq!(world.store.end_session(end(&session)).await.unwrap(), EndSessionOutcome::Ended);
    world.advance(HOUR).await;
    let again = EndSession { reason: RevokeReason::Operator, ..end(&session) };
    assert_eq!(world.store.end_session(again).await.unwrap(), EndSessionOutcome::AlreadyEnded);
    assert_eq!(world.session(&session).await.revoked, Some((ended_at, RevokeReason::SignOut)));
    assert_eq!(world.session(&other).await.revoked, None);
    let event = world.event_of(EventKind::SignOut).await;
    assert_eq!((event.session, event.user, event.at), (Some(session.id), Some(kari.id), ended_at));
    assert_eq!(world.events_of(EventKind::SessionRevoked).await, []);
}

pub async fn every_other_reason_is_a_revocation(world: &World) {
    let kari = world.sign_up("kari").await;
    for reason in [RevokeReason::EndedElsewhere, RevokeReason::Operator] {
        let session = world.sign_in(&kari).await;
        let end = EndSession { reason, user: Some(kari.id), salt: None, ..end(&session) };
        assert_eq!(world.store.end_session(end).await.unwrap(), EndSessionOutcome::Ended);
        assert_eq!(world.session(&session).await.revoked.unwrap().1, reason);
        let verdict = world.verdict(&session, full(Slot::Cookie, 0)).await;
        assert_eq!(verdict, Verdict::Ended(Ended::Revoked(reason)));
    }
    assert_eq!(world.events_of(EventKind::SessionRevoked).await.len(), 2);
    assert_eq!(world.events_of(EventKind::SignOut).await, []);
}

pub async fn nobody_ends_a_session_that_is_not_theirs(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let session = world.sign_in(&kari).await;
    let not_found = [
        EndSession { user: Some(ola.id), ..end(&session) },
        EndSession { salt: Some(Salt([0xff; 16])), ..end(&session) },
        EndSession { namespace: ws(), ..end(&session) },
        EndSession { session: SessionId::new(fresh_uuid()), ..end(&session) },
    ];
    for end in not_found {
        assert_eq!(world.store.end_session(end).await.unwrap(), EndSessionOutcome::NotFound);
    }
    assert_eq!(world.session(&session).await, session);
    assert_eq!(world.events_of(EventKind::SignOut).await, []);
}

pub async fn ending_a_session_whose_time_is_over_changes_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    world.advance(policy().idle).await;
    assert_eq!(world.store.end_session(end(&session)).await.unwrap(), EndSessionOutcome::AlreadyEnded);
    assert_eq!(world.session(&session).await, session);
    assert_eq!(world.events_of(EventKind::SignOut).await, []);
}

pub async fn the_other_sessions_end_and_the_calling_one_stays(world: &World) {
    let kari = world.sign_up("kari").await;
    let ola = world.sign_up("ola").await;
    let (own, second, third) =
        (world.sign_in(&kari).await, world.sign_in(&kari).await, world.sign_in(&kari).await);
    let other = world.sign_in(&ola).await;
    let others = EndSessions { except: Some(own.id), reason: RevokeReason::EndedElsewhere, ..end_all(&kari) };
    assert_eq!(world.store.end_sessions(others).await.unwrap(), 2);
    for session in [&own, &other] {
        assert_eq!(world.session(session).await.revoked, None);
    }
    for session in [&second, &third] {
        assert_eq!(world.session(session).await.revoked.unwrap().1, RevokeReason::EndedElsewhere);
    }
    let event = world.event_of(EventKind::SessionRevoked).await;
    assert_eq!((event.user, event.session), (Some(kari.id), None));
    assert_eq!((event.detail.as_deref(), event.audit), (Some("2"), audit()));
}

pub async fn a_global_sign_out_counts_the_live_ones_and_is_one_event(world: &World) {
    let kari = world.sign_up("kari").await;
    let short = SessionPolicy { idle: HOUR, ..policy() };
    world.open(OpenSession { policy: short, ..open(&kari) }).await;
    world.advance(DAY).await;
    let ended = world.sign_in(&kari).await;
    world.store.end_session(EndSession { reason: RevokeReason::Operator, ..end(&ended) }).await.unwrap();
    world.sign_in(&kari).await;
    assert_eq!(world.store.end_sessions(EndSessions { namespace: ws(), ..end_all(&kari) }).await.unwrap(), 0);
    assert_eq!(world.store.end_sessions(end_all(&kari)).await.unwrap(), 1);
    assert_eq!(world.store.end_sessions(end_all(&kari)).await.unwrap(), 0);
    assert_eq!(world.event_of(EventKind::SignOut).await.detail.as_deref(), Some("1"));
    assert_eq!(world.store.list_sessions(&co(), kari.id).await.unwrap(), []);
}

/// A moment far away must neither wrap nor become a fraction.
pub async fn windows_beyond_the_end_of_time_are_capped(world: &World) {
    let kari = world.sign_up("kari").await;
    let endless = SessionPolicy { idle: Duration::MAX, absolute: Duration::MAX, ..policy() };
    let session = world.open(OpenSession { policy: endless, ..open(&kari) }).await;
    assert_eq!(session.absolute_deadline.as_millis(), i64::MAX);
    let refresh = app::ports::store::RefreshSession {
        policy: endless,
        ..crate::builders::refresh(&session, full(Slot::Body, 0))
    };
    let rotated = world.store.refresh_session(refresh).await.unwrap();
    assert_eq!(rotated.session.unwrap().idle_deadline.as_millis(), i64::MAX);
}
