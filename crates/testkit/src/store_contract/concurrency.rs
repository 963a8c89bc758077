//! Many at once: what must be one is one, and what was revoked stays revoked.

use super::World;
use super::accounts::done;
use crate::builders::{
    TICK, access, audit, co, end, end_all, full, new_account, open, policy, refresh, sealed, set_password,
};
use app::ports::store::{
    EndSession, EndSessionOutcome, NewAccount, OpenSession, OpenSessionOutcome, RefreshOutcome,
    SignUpOutcome, Store,
};
use domain::account::{AccountStatus, User};
use domain::event::EventKind;
use domain::session::{Presented, RevokeReason, Session, SessionPolicy, Slot, Verdict};
use std::future::Future;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Starts one call on a task of its own.
pub(super) fn start<T, F>(world: &World, call: impl FnOnce(Arc<dyn Store>) -> F) -> JoinHandle<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    tokio::spawn(call(Arc::clone(&world.store)))
}

pub(super) async fn all<T>(calls: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut answers = Vec::with_capacity(calls.len());
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers
}

fn refreshes(
    world: &World,
    session: &Session,
    presented: Presented,
    count: usize,
) -> Vec<JoinHandle<RefreshOutcome>> {
    let one = |_| {
        let call = refresh(session, presented);
        start(world, |store| async move { store.refresh_session(call).await.unwrap() })
    };
    (0..count).map(one).collect()
}

pub async fn a_hundred_refreshes_of_one_token_are_one_step_and_one_successor(world: &World) {
    let kari = world.sign_up("kari").await;
    let begun = world.sign_in(&kari).await;
    let outcomes = all(refreshes(world, &begun, full(Slot::Body, 0), 100)).await;
    let after = world.session(&begun).await;
    assert_eq!(after, begun.clone().rotated(Slot::Body, world.now().await, &policy()));
    assert!(outcomes.iter().all(|outcome| outcome.session.as_ref() == Some(&after)));
    let rotated = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Rotate).count();
    let regranted = outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Regrant).count();
    assert_eq!((rotated, regranted), (1, 99));
    assert_eq!(world.events_of(EventKind::RefreshGrace).await.len(), 99);
}

pub async fn both_slots_rotate_at_once_and_neither_loses_a_step(world: &World) {
    let kari = world.sign_up("kari").await;
    let begun = world.sign_in(&kari).await;
    let chain = |slot| {
        let session = begun.clone();
        start(world, move |store| async move {
            for generation in 0..30 {
                let outcome = store.refresh_session(refresh(&session, full(slot, generation))).await.unwrap();
                assert_eq!(outcome.verdict, Verdict::Rotate);
            }
        })
    };
    all(vec![chain(Slot::Body), chain(Slot::Cookie)]).await;
    let after = world.session(&begun).await;
    assert_eq!((after.body.generation, after.cookie.generation), (30, 30));
}

pub async fn what_was_answered_is_what_the_next_reader_sees(world: &World) {
    let kari = world.sign_up("kari").await;
    let calls = (0..20).map(|_| {
        let opening = open(&kari);
        start(world, |store| async move {
            let id = opening.id;
            let OpenSessionOutcome::Opened(opened) = store.open_session(opening).await.unwrap() else {
                panic!("nothing changed")
            };
            let seen = store.find_session(&co(), id).await.unwrap().unwrap();
            assert_eq!(seen.session, opened.session);
            let rotated = store.refresh_session(refresh(&seen.session, full(Slot::Body, 0))).await.unwrap();
            let seen = store.find_session(&co(), id).await.unwrap().unwrap();
            assert_eq!(Some(seen.session), rotated.session);
        })
    });
    all(calls.collect()).await;
}

pub async fn of_many_sign_ups_with_one_address_one_succeeds(world: &World) {
    let calls = (0..50)
        .map(|_| start(world, |store| async move { store.sign_up(new_account("kari")).await.unwrap() }));
    let outcomes = all(calls.collect()).await;
    let created = outcomes.iter().filter(|outcome| matches!(outcome, SignUpOutcome::Created(_))).count();
    assert_eq!(created, 1);
    assert_eq!(world.store.list_accounts(&co(), None, 10).await.unwrap().len(), 1);
    assert_eq!(world.events().await.len(), 1);
}

pub async fn many_sign_ins_at_once_never_exceed_the_limit(world: &World) {
    let kari = world.sign_up("kari").await;
    let five = SessionPolicy { max_live: 5, ..policy() };
    let calls = (0..40).map(|_| {
        let opening = OpenSession { policy: five, ..open(&kari) };
        start(world, |store| async move { store.open_session(opening).await.unwrap() })
    });
    all(calls.collect()).await;
    assert_eq!(world.store.list_sessions(&co(), kari.id).await.unwrap().len(), 5);
    assert_eq!(world.events_of(EventKind::SessionEvicted).await.len(), 35);
}

pub async fn a_session_that_is_ended_by_many_ends_once(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let calls = (0..50).map(|_| {
        let end = end(&session);
        start(world, |store| async move { store.end_session(end).await.unwrap() })
    });
    let outcomes = all(calls.collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == EndSessionOutcome::Ended).count(), 1);
    world.event_of(EventKind::SignOut).await;
}

/// Every way in which a session's life can be cut short by somebody else.
#[derive(Clone, Copy, Debug)]
enum Cut {
    SignOut,
    SignOutEverywhere,
    Password,
    Disable,
    Delete,
    Reuse,
}

async fn cut(store: Arc<dyn Store>, cut: Cut, user: User, session: Session) {
    match cut {
        Cut::SignOut => {
            store.end_session(end(&session)).await.unwrap();
        }
        Cut::SignOutEverywhere => {
            store.end_sessions(end_all(&user)).await.unwrap();
        }
        Cut::Password => {
            done(store.set_password(set_password(&user)).await.unwrap());
        }
        Cut::Disable => {
            done(store.set_status(&co(), user.id, AccountStatus::Disabled, audit()).await.unwrap());
        }
        Cut::Delete => assert!(store.delete_account(&co(), user.id, audit()).await.unwrap()),
        Cut::Reuse => {
            // Three behind is reuse at any moment.
            let outcome = store.refresh_session(refresh(&session, full(Slot::Cookie, 0))).await.unwrap();
            assert_eq!(outcome.verdict, Verdict::Reused);
        }
    }
}

/// Refreshes and sign-ins race with one cut; whatever the order was, nothing works after it.
async fn race(world: &World, round: usize, how: Cut) {
    let user = world.sign_up(&format!("racer{round}-{}", format!("{how:?}").to_lowercase())).await;
    let session = world.sign_in(&user).await;
    let session = world.rotate(&session, Slot::Cookie, 3).await;
    let mut calls = refreshes(world, &session, full(Slot::Body, 0), 4);
    calls.extend(refreshes(world, &session, access(Slot::Body, 0), 2));
    let (user_now, session_now) = (user.clone(), session.clone());
    let cut = start(world, |store| cut(store, how, user_now, session_now));
    calls.extend(refreshes(world, &session, full(Slot::Cookie, 3), 4));
    let opening = open(&user);
    let opened_id = opening.id;
    let sign_in = start(world, |store| async move { store.open_session(opening).await.unwrap() });
    cut.await.unwrap();
    // From here on the revocation was answered: whatever is presented now is refused.
    for presented in [full(Slot::Body, 0), full(Slot::Body, 1), access(Slot::Body, 0), access(Slot::Body, 1)]
    {
        let verdict = world.verdict(&session, presented).await;
        assert!(
            matches!(verdict, Verdict::Ended(_)),
            "round {round}, {how:?}: {presented:?} got {verdict:?}"
        );
    }
    all(calls).await;
    sign_in.await.unwrap();
    assert!(world.session(&session).await.revoked.is_some());
    let raises_the_epoch = matches!(how, Cut::Password | Cut::Disable | Cut::Delete);
    if let Some(opened) = world.find(opened_id).await
        && raises_the_epoch
    {
        assert!(opened.revoked.is_some(), "round {round}, {how:?}: a session of the old credential lives");
    }
}

pub async fn nothing_works_after_a_revocation_whatever_raced_with_it(world: &World) {
    let cuts = [Cut::SignOut, Cut::SignOutEverywhere, Cut::Password, Cut::Disable, Cut::Delete, Cut::Reuse];
    for round in 0..10 {
        for how in cuts {
            race(world, round, how).await;
        }
    }
}

pub async fn of_many_password_changes_from_one_epoch_one_is_done(world: &World) {
    let kari = world.sign_up("kari").await;
    let calls = (0..20).map(|_| {
        let change = set_password(&kari);
        start(world, |store| async move { store.set_password(change).await.unwrap() })
    });
    let outcomes = all(calls.collect()).await;
    let refused = outcomes.iter().filter(|change| **change == app::ports::store::AccountChange::Refused);
    assert_eq!(refused.count(), 19);
    assert_eq!(world.account(&kari).await.unwrap().credential_epoch.0, 1);
    world.event_of(EventKind::PasswordChanged).await;
}

/// The same session id twice cannot be: the second opening fails after it has begun to write.
pub async fn a_write_that_fails_undoes_itself_whole_and_alone(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let taken = world.sign_in(&kari).await;
    let before = (world.account(&ola).await, world.events_of(EventKind::SignIn).await.len());
    world.advance(TICK).await;
    let calls = (0..40).map(|n| {
        let fails = n % 4 == 1;
        let bad = OpenSession { id: taken.id, rehash: Some(sealed("undone")), ..open(&ola) };
        let good = OpenSession { rehash: Some(sealed("done")), ..open(&kari) };
        start(world, move |store| async move {
            (fails, store.open_session(if fails { bad } else { good }).await.is_err())
        })
    });
    for (fails, failed) in all(calls.collect()).await {
        assert_eq!(fails, failed);
    }
    assert_eq!(before, (world.account(&ola).await, world.events_of(EventKind::SignIn).await.len() - 30));
    assert_eq!(world.password(&ola).await, "sealed:first");
    assert_eq!(world.password(&kari).await, "sealed:done");
    assert_eq!(world.find(taken.id).await.unwrap().user, kari.id);
}

pub async fn an_account_id_that_is_taken_is_a_fault_and_changes_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let same_id = NewAccount { id: kari.id, ..new_account("ola") };
    assert!(world.store.sign_up(same_id).await.is_err());
    assert_eq!(world.account(&kari).await, Some(kari));
    assert_eq!(world.events().await.len(), 1);
}

pub async fn an_evicted_sessions_reason_is_not_overwritten_by_a_later_end(world: &World) {
    let kari = world.sign_up("kari").await;
    let one = SessionPolicy { max_live: 1, ..policy() };
    let first = world.open(OpenSession { policy: one, ..open(&kari) }).await;
    world.open(OpenSession { policy: one, ..open(&kari) }).await;
    let late = EndSession { reason: RevokeReason::Operator, ..end(&first) };
    assert_eq!(world.store.end_session(late).await.unwrap(), EndSessionOutcome::AlreadyEnded);
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    assert_eq!(world.session(&first).await.revoked.unwrap().1, RevokeReason::Evicted);
}
