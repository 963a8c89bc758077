//! A sign-in in a browser that holds a session already (ASVS 7.2.4).

use super::World;
use super::accounts::done;
use super::concurrency::{all, start};
use crate::builders::{
    DAY, HOUR, TICK, audit, co, end, fresh_uuid, full, held, open, policy, refresh, set_password, ws,
};
use app::ports::store::{HeldSession, OpenSession, OpenSessionOutcome, OpenedSession, Store};
use domain::account::User;
use domain::event::EventKind;
use domain::ids::SessionId;
use domain::session::{Ended, RevokeReason, Salt, Session, SessionPolicy, Slot, Verdict};
use std::sync::Arc;

const AGAIN: RevokeReason = RevokeReason::SignedInAgain;

/// A sign-in of `user` in a browser that holds that.
async fn again(world: &World, user: &User, held: HeldSession) -> OpenedSession {
    in_browser(Arc::clone(&world.store), OpenSession { held: Some(held), ..open(user) }).await
}

async fn in_browser(store: Arc<dyn Store>, open: OpenSession) -> OpenedSession {
    match store.open_session(open).await.unwrap() {
        OpenSessionOutcome::Opened(opened) => *opened,
        OpenSessionOutcome::CredentialChanged => panic!("the credential changed"),
    }
}

pub async fn asvs_7_2_4_the_session_that_the_browser_held_ends_as_the_new_one_begins(world: &World) {
    let kari = world.sign_up("kari").await;
    let old = world.sign_in(&kari).await;
    let elsewhere = world.sign_in(&kari).await;
    world.advance(HOUR).await;
    let opened = again(world, &kari, held(&old, 0)).await;
    assert!(opened.held_ended);
    let revoked = Some((opened.now, AGAIN));
    assert_eq!(world.session(&old).await, Session { revoked, ..old.clone() });
    for slot in Slot::ALL {
        let ended = Verdict::Ended(Ended::Revoked(AGAIN));
        assert_eq!(world.verdict(&old, full(slot, 0)).await, ended, "{slot:?}");
        assert_eq!(world.verdict(&opened.session, full(slot, 0)).await, Verdict::Rotate, "{slot:?}");
    }
    assert_eq!(world.session(&elsewhere).await, elsewhere);
    let event = world.event_of(EventKind::SignOut).await;
    assert_eq!((event.user, event.session, event.at), (Some(kari.id), Some(old.id), opened.now));
    assert_eq!((event.namespace, event.detail.as_deref()), (Some(co()), Some("signed_in_again")));
    assert_eq!((event.problem, event.audit), (None, audit()));
}

pub async fn somebody_elses_session_in_the_same_browser_ends_too(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let old = world.sign_in(&kari).await;
    let before = world.account(&kari).await;
    let opened = again(world, &ola, held(&old, 0)).await;
    assert!(opened.held_ended);
    assert_eq!((opened.user.id, opened.session.user), (ola.id, ola.id));
    assert_eq!(world.session(&old).await.revoked, Some((opened.now, AGAIN)));
    assert_eq!(world.event_of(EventKind::SignOut).await.user, Some(kari.id));
    assert_eq!(world.account(&kari).await, before);
}

pub async fn a_cookie_whose_successor_was_lost_within_the_grace_still_ends_its_session(world: &World) {
    let kari = world.sign_up("kari").await;
    let old = world.sign_in(&kari).await;
    world.advance(TICK).await;
    world.rotate(&old, Slot::Cookie, 1).await;
    world.advance(policy().grace).await;
    assert!(again(world, &kari, held(&old, 0)).await.held_ended);
    assert_eq!(world.session(&old).await.revoked.unwrap().1, AGAIN);
    assert_eq!(world.events_of(EventKind::RefreshGrace).await, []);
}

pub async fn what_a_refresh_would_refuse_ends_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let old = world.sign_in(&kari).await;
    let live = world.rotate(&old, Slot::Cookie, 2).await;
    let ended = world.sign_in(&kari).await;
    world.store.end_session(end(&ended)).await.unwrap();
    let ended = world.session(&ended).await;
    let short = SessionPolicy { idle: TICK, ..policy() };
    let expired = world.open(OpenSession { policy: short, ..open(&kari) }).await;
    let elsewhere = Session { id: SessionId::new(fresh_uuid()), ..live.clone() };
    world.advance(policy().grace + TICK).await;
    let events = world.events_of(EventKind::SignOut).await.len();
    for (refused, why) in [
        (held(&live, 0), "spent"),
        (held(&live, 1), "spent, whose successor came"),
        (held(&live, 3), "never issued"),
        (HeldSession { salt: Salt([9; 16]), ..held(&live, 2) }, "of another salt"),
        (held(&elsewhere, 2), "of nothing"),
        (held(&ended, 0), "ended"),
        (held(&expired, 0), "expired"),
    ] {
        assert!(!again(world, &kari, refused).await.held_ended, "{why}");
    }
    let stranger = OpenSession { namespace: ws(), held: Some(held(&live, 2)), ..open(&kari) };
    assert_eq!(world.store.open_session(stranger).await.unwrap(), OpenSessionOutcome::CredentialChanged);
    for session in [live, ended, expired] {
        assert_eq!(world.session(&session).await, session);
    }
    assert_eq!(world.events_of(EventKind::SignOut).await.len(), events);
    // No alarm either: the owner of the password is here, and the cookie goes with the answer.
    assert_eq!(world.events_of(EventKind::RefreshReused).await, []);
    assert_eq!(world.mails().await, []);
}

pub async fn a_sign_in_that_opens_nothing_ends_nothing(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let sessions = [world.sign_in(&ola).await, world.sign_in(&ola).await];
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    for session in &sessions {
        let late = OpenSession { held: Some(held(session, 0)), ..open(&kari) };
        assert_eq!(world.store.open_session(late).await.unwrap(), OpenSessionOutcome::CredentialChanged);
        assert_eq!(world.session(session).await, *session);
    }
    assert_eq!(world.events_of(EventKind::SignOut).await, []);
}

pub async fn a_session_that_gives_way_makes_room_and_evicts_nobody(world: &World) {
    let kari = world.sign_up("kari").await;
    let two = SessionPolicy { max_live: 2, ..policy() };
    let begin = || OpenSession { policy: two, ..open(&kari) };
    let idlest = world.open(begin()).await;
    world.advance(TICK).await;
    let old = world.open(begin()).await;
    world.advance(TICK).await;
    world.open(OpenSession { held: Some(held(&old, 0)), ..begin() }).await;
    assert_eq!(world.session(&idlest).await.revoked, None);
    assert_eq!(world.events_of(EventKind::SessionEvicted).await, []);
}

pub async fn of_sign_ins_at_once_that_hold_one_session_one_ends_it(world: &World) {
    let kari = world.sign_up("kari").await;
    let old = world.sign_in(&kari).await;
    let sign_in = |_| {
        let open = OpenSession { held: Some(held(&old, 0)), ..open(&kari) };
        start(world, |store| in_browser(store, open))
    };
    let tabs = all((0..8).map(sign_in).collect()).await;
    assert_eq!(tabs.iter().filter(|opened| opened.held_ended).count(), 1);
    for opened in &tabs {
        assert_eq!(world.session(&opened.session).await.revoked, None);
    }
    assert_eq!(world.event_of(EventKind::SignOut).await.session, Some(old.id));
}

/// A tab that refreshes while another signs in: whoever comes first, the old session is over and nothing counts as a theft.
pub async fn a_held_session_gives_way_whether_it_is_rotated_before_or_after(world: &World) {
    let kari = world.sign_up("kari").await;
    for _ in 0..8 {
        let old = world.sign_in(&kari).await;
        let call = refresh(&old, full(Slot::Cookie, 0));
        let refreshing =
            start(world, |store| async move { store.refresh_session(call).await.unwrap().verdict });
        let opened = again(world, &kari, held(&old, 0)).await;
        let verdict = refreshing.await.unwrap();
        let ended = Verdict::Ended(Ended::Revoked(AGAIN));
        assert!(opened.held_ended && [Verdict::Rotate, ended].contains(&verdict), "{verdict:?}");
        assert_eq!(world.session(&old).await.revoked.unwrap().1, AGAIN);
    }
    world.advance(DAY).await;
    assert_eq!(world.events_of(EventKind::RefreshReused).await, []);
}
