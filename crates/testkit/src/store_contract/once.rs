//! Writes that happen once.

use super::World;
use crate::builders::{
    DAY, HOUR, TICK, audit, email, forgot, fresh_uuid, new_account, new_account_in_secret, open, set_password,
};
use app::ports::store::{
    AccountChange, AccountKey, NewAccount, Once, OnceAnswer, OnceOutcome, OnceRecord, OpenSession, Purged,
    Retention, SetPassword, SignUpOutcome,
};
use domain::account::CredentialEpoch;
use domain::event::EventKind;
use domain::ids::SessionId;
use std::sync::Arc;
use std::time::Duration;

/// Everything is kept for ever, but for what has an end of its own.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
const KEPT: Retention = Retention { sessions: FOREVER, mail: FOREVER, audit: FOREVER };

fn once(key: u8) -> Once {
    Once { key: [key; 32], body: [9; 32], keep_for: DAY }
}

fn now<T>(outcome: OnceOutcome<T>) -> T {
    match outcome {
        OnceOutcome::Now(outcome) => outcome,
        OnceOutcome::Before(_) => panic!("it had happened before"),
    }
}

fn before<T>(outcome: &OnceOutcome<T>) -> OnceRecord {
    match outcome {
        OnceOutcome::Before(record) => *record,
        OnceOutcome::Now(_) => panic!("it happened again"),
    }
}

async fn answer(world: &World, key: u8) -> Option<OnceAnswer> {
    world.store.find_once([key; 32]).await.unwrap().map(|record| record.answer)
}

pub async fn an_account_is_made_once(world: &World) {
    assert_eq!(answer(world, 1).await, None);
    let made = now(world.store.sign_up_once(new_account("kari"), once(1)).await.unwrap());
    let SignUpOutcome::Created(user) = made else { panic!("taken") };
    for _ in 0..5 {
        let record = before(&world.store.sign_up_once(new_account("kari"), once(1)).await.unwrap());
        assert_eq!((record.body, record.answer), ([9; 32], OnceAnswer::SignedUp(user.id)));
    }
    assert_eq!(answer(world, 1).await, Some(OnceAnswer::SignedUp(user.id)));
    assert_eq!(world.events_of(EventKind::SignUp).await.len(), 1);
    // Whether the body is the same is not the store's to judge: it hands back what it has.
    let other = Once { body: [8; 32], ..once(1) };
    assert_eq!(before(&world.store.sign_up_once(new_account("ola"), other).await.unwrap()).body, [9; 32]);
    assert_eq!(
        world.store.find_account(&user.namespace, &AccountKey::Email(email("ola"))).await.unwrap(),
        None
    );
}

pub async fn a_taken_address_is_remembered_as_taken(world: &World) {
    let kari = world.sign_up("kari").await;
    let taken = now(world.store.sign_up_once(new_account("kari"), once(1)).await.unwrap());
    assert_eq!(taken, SignUpOutcome::EmailTaken);
    world.store.delete_account(&kari.namespace, kari.id, audit()).await.unwrap();
    let again = before(&world.store.sign_up_once(new_account("kari"), once(1)).await.unwrap());
    assert_eq!(again.answer, OnceAnswer::EmailTaken);
}

/// Where nobody is told that an address is taken, a retry is not told either: it gets the id of nobody that the first one got.
pub async fn a_sign_up_in_secret_is_remembered_by_the_id_it_was_answered_with(world: &World) {
    for (key, event) in [(1, EventKind::SignUp), (2, EventKind::SignUpTaken)] {
        world.advance(TICK).await;
        let new = new_account_in_secret("kari");
        let (id, mails) = (new.id, new.mails.clone().unwrap());
        now(world.store.sign_up_once(new, once(key)).await.unwrap());
        for _ in 0..3 {
            let again = new_account_in_secret("kari");
            let record = before(&world.store.sign_up_once(again, once(key)).await.unwrap());
            assert_eq!(record.answer, OnceAnswer::SignedUp(id), "{event:?}");
        }
        assert_eq!(world.event_of(event).await.user, Some(id));
        let is_made = event == EventKind::SignUp;
        let ordered = if is_made { mails.made } else { mails.taken };
        assert_eq!(world.orders().await.last(), Some(&ordered));
        assert_eq!(world.orders().await.len(), if is_made { 1 } else { 2 });
    }
}

pub async fn a_mail_is_ordered_once(world: &World) {
    now(world.store.order_mail_once(forgot("kari"), once(1), audit()).await.unwrap());
    let record = before(&world.store.order_mail_once(forgot("kari"), once(1), audit()).await.unwrap());
    assert_eq!(record.answer, OnceAnswer::MailOrdered);
    now(world.store.order_mail_once(forgot("kari"), once(2), audit()).await.unwrap());
    assert_eq!(world.orders().await, [forgot("kari"), forgot("kari")]);
    assert_eq!(world.events_of(EventKind::ForgotPassword).await.len(), 2);
}

pub async fn a_password_is_changed_once_with_the_session_that_follows(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = SessionId::new(fresh_uuid());
    let change = || world.store.set_password_once(set_password(&kari), once(1), session);
    let AccountChange::Done(changed) = now(change().await.unwrap()) else { panic!("refused") };
    let record = before(&change().await.unwrap());
    let epoch = CredentialEpoch(kari.credential_epoch.0 + 1);
    assert_eq!(record.answer, OnceAnswer::PasswordChanged { session, epoch });
    assert_eq!(changed.credential_epoch, epoch);
    assert_eq!(world.account(&kari).await, Some(changed.clone()));
    assert_eq!((world.events_of(EventKind::PasswordChanged).await.len(), world.orders().await.len()), (1, 1));
    let opened = world.open(OpenSession { id: session, expected_epoch: epoch, ..open(&changed) }).await;
    assert_eq!(opened.id, session);
}

pub async fn a_refused_change_is_not_remembered(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = SessionId::new(fresh_uuid());
    let late = SetPassword { expected_epoch: Some(CredentialEpoch(7)), ..set_password(&kari) };
    let refused = now(world.store.set_password_once(late, once(1), session).await.unwrap());
    assert_eq!((refused, answer(world, 1).await), (AccountChange::Refused, None));
    let done = now(world.store.set_password_once(set_password(&kari), once(1), session).await.unwrap());
    assert!(matches!(done, AccountChange::Done(_)));
}

/// A crash, as the store sees it: the write does not come to its end.
pub async fn a_write_that_fails_leaves_no_record_behind(world: &World) {
    let kari = world.sign_up("kari").await;
    let same_id = || NewAccount { id: kari.id, ..new_account("ola") };
    assert!(world.store.sign_up_once(same_id(), once(1)).await.is_err());
    assert_eq!(answer(world, 1).await, None);
    let made = now(world.store.sign_up_once(new_account("ola"), once(1)).await.unwrap());
    assert!(matches!(made, SignUpOutcome::Created(_)));
}

pub async fn of_many_at_once_one_happens_and_all_hear_of_it(world: &World) {
    let calls = (0..10).map(|_| {
        let store = Arc::clone(&world.store);
        tokio::spawn(async move { store.sign_up_once(new_account("kari"), once(1)).await.unwrap() })
    });
    let (mut made, mut heard) = (Vec::new(), Vec::new());
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            OnceOutcome::Now(SignUpOutcome::Created(user)) => made.push(OnceAnswer::SignedUp(user.id)),
            OnceOutcome::Now(SignUpOutcome::EmailTaken) => {
                panic!("one of ten was told that another was first")
            }
            OnceOutcome::Before(record) => heard.push(record.answer),
        }
    }
    assert_eq!((made.len(), heard.len()), (1, 9));
    assert!(heard.iter().all(|answer| *answer == made[0]));
    assert_eq!(world.events_of(EventKind::SignUp).await.len(), 1);
}

pub async fn of_many_mails_and_changes_at_once_one_happens(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = SessionId::new(fresh_uuid());
    let mut calls = Vec::new();
    for _ in 0..10 {
        let (store, change) = (Arc::clone(&world.store), set_password(&kari));
        calls.push(tokio::spawn(async move {
            let mail = store.order_mail_once(forgot("kari"), once(1), audit()).await.unwrap();
            let change = store.set_password_once(change, once(2), session).await.unwrap();
            let is_refused = matches!(change, OnceOutcome::Now(AccountChange::Refused));
            assert!(!is_refused, "one of ten was told that another was first");
            (u32::from(matches!(mail, OnceOutcome::Now(_))), u32::from(matches!(change, OnceOutcome::Now(_))))
        }));
    }
    let (mut mails, mut changes) = (0, 0);
    for call in calls {
        let (mail, change) = call.await.unwrap();
        (mails, changes) = (mails + mail, changes + change);
    }
    assert_eq!((mails, changes, world.orders().await.len()), (1, 1, 2));
}

pub async fn a_record_counts_for_its_time_and_is_purged_after_it(world: &World) {
    now(world.store.order_mail_once(forgot("kari"), once(1), audit()).await.unwrap());
    let short = Once { keep_for: HOUR, ..once(2) };
    now(world.store.order_mail_once(forgot("kari"), short, audit()).await.unwrap());
    world.advance(HOUR - TICK).await;
    before(&world.store.order_mail_once(forgot("kari"), short, audit()).await.unwrap());
    world.advance(TICK).await;
    assert_eq!(answer(world, 2).await, None);
    now(world.store.order_mail_once(forgot("kari"), short, audit()).await.unwrap());
    world.advance(HOUR).await;
    let purged = world.store.purge(KEPT, 100).await.unwrap();
    assert_eq!(purged, Purged { once: 1, ..Purged::default() });
    assert_eq!((answer(world, 1).await, answer(world, 2).await), (Some(OnceAnswer::MailOrdered), None));
    world.advance(DAY - HOUR * 2).await;
    assert_eq!(world.store.purge(KEPT, 100).await.unwrap().once, 1);
    assert_eq!(world.store.purge(KEPT, 100).await.unwrap(), Purged::default());
}
