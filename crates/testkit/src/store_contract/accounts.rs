//! Accounts, their credentials and the decoy.

use super::World;
use crate::builders::{TICK, audit, co, email, fresh_uuid, new_account, sealed, set_password, ws};
use app::outbox::Notice;
use app::ports::store::{AccountChange, AccountKey, NewAccount, SetPassword, SignUpOutcome};
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::event::EventKind;
use domain::ids::UserId;
use domain::session::RevokeReason;

pub async fn a_new_account_is_active_and_unverified(world: &World) {
    let kari = world.sign_up("kari").await;
    assert_eq!(kari.status, AccountStatus::Active);
    assert_eq!(kari.credential_epoch, CredentialEpoch(0));
    assert!(!kari.email_verified);
    assert_eq!((kari.created_at, kari.updated_at), (world.now().await, world.now().await));
    assert_eq!(kari.last_sign_in_at, None);
    assert_eq!(world.account(&kari).await, Some(kari));
}

pub async fn a_sign_up_is_recorded_without_the_address(world: &World) {
    let kari = world.sign_up("kari").await;
    let event = world.event_of(EventKind::SignUp).await;
    assert_eq!((event.user, event.session, event.namespace), (Some(kari.id), None, Some(co())));
    assert_eq!((event.at, event.audit, event.detail), (world.now().await, audit(), None));
}

pub async fn a_taken_address_changes_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let again = NewAccount { password: sealed("thief"), ..new_account("kari") };
    let second = again.id;
    assert_eq!(world.store.sign_up(again).await.unwrap(), SignUpOutcome::EmailTaken);
    assert_eq!(world.store.find_account(&co(), &AccountKey::Id(second)).await.unwrap(), None);
    assert_eq!(world.password(&kari).await, sealed("first").0);
    assert_eq!(world.events().await.len(), 1);
}

pub async fn one_address_has_one_account_in_each_namespace(world: &World) {
    let kari = world.sign_up("kari").await;
    let other = NewAccount { namespace: ws(), ..new_account("kari") };
    let SignUpOutcome::Created(other) = world.store.sign_up(other).await.unwrap() else {
        panic!("a namespace is a world of its own");
    };
    let key = AccountKey::Email(email("kari"));
    assert_eq!(world.store.find_account(&co(), &key).await.unwrap(), Some(kari.clone()));
    assert_eq!(world.store.find_account(&ws(), &key).await.unwrap(), Some(other));
    assert_eq!(world.store.find_account(&ws(), &AccountKey::Id(kari.id)).await.unwrap(), None);
}

pub async fn an_account_is_found_by_id_and_by_address(world: &World) {
    let kari = world.sign_up("kari").await;
    let find = |key| async move { world.store.find_account(&co(), &key).await.unwrap() };
    assert_eq!(find(AccountKey::Id(kari.id)).await, Some(kari.clone()));
    assert_eq!(find(AccountKey::Email(kari.email.clone())).await, Some(kari));
    assert_eq!(find(AccountKey::Id(UserId::new(fresh_uuid()))).await, None);
    assert_eq!(find(AccountKey::Email(email("nobody"))).await, None);
}

pub async fn accounts_are_listed_page_by_page_in_the_order_of_their_ids(world: &World) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(world.sign_up(name).await.id);
    }
    world.store.sign_up(NewAccount { namespace: ws(), ..new_account("f") }).await.unwrap();
    ids.sort();
    let page = |after, limit| async move {
        let users = world.store.list_accounts(&co(), after, limit).await.unwrap();
        users.iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, ids[..2]);
    assert_eq!(page(Some(ids[1]), 2).await, ids[2..4]);
    assert_eq!(page(Some(ids[3]), 2).await, ids[4..]);
    assert_eq!(page(Some(ids[4]), 2).await, []);
}

pub async fn a_credential_is_what_signing_in_needs(world: &World) {
    world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    let credential = world.store.find_credential(&co(), &kari.email).await.unwrap();
    assert_eq!((credential.user, credential.epoch), (kari.id, kari.credential_epoch));
    assert!(credential.password == sealed("first"));
    assert_eq!((credential.status, credential.is_decoy), (AccountStatus::Active, false));
}

/// ASVS 6.3.8: the answer to a stranger is made of a row too.
pub async fn asvs_6_3_8_an_address_without_an_account_gets_the_decoy(world: &World) {
    let decoy = world.put_decoy().await;
    world.sign_up("kari").await;
    let credential = world.store.find_credential(&co(), &email("nobody")).await.unwrap();
    assert_eq!((credential.user, credential.is_decoy), (decoy, true));
    assert!(credential.password == sealed("decoy"));
    assert_eq!((credential.status, credential.epoch), (AccountStatus::Active, CredentialEpoch(0)));
    assert_eq!(world.store.find_account(&co(), &AccountKey::Id(decoy)).await.unwrap(), None);
}

pub async fn a_stranger_without_a_decoy_is_a_fault(world: &World) {
    world.store.put_decoy(&ws(), UserId::new(fresh_uuid()), sealed("decoy")).await.unwrap();
    assert!(world.store.find_credential(&co(), &email("nobody")).await.is_err());
}

pub async fn a_decoy_is_replaced_and_each_namespace_has_its_own(world: &World) {
    assert!(world.store.find_decoy(&co()).await.unwrap().is_none());
    let first = world.put_decoy().await;
    assert!(world.store.find_decoy(&co()).await.unwrap() == Some((first, sealed("decoy"))));
    assert!(world.store.find_decoy(&ws()).await.unwrap().is_none());
    let second = UserId::new(fresh_uuid());
    world.store.put_decoy(&co(), second, sealed("newer")).await.unwrap();
    assert!(world.store.find_decoy(&co()).await.unwrap() == Some((second, sealed("newer"))));
}

pub async fn a_refused_sign_in_fills_the_same_columns_for_a_stranger(world: &World) {
    let decoy = world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    for user in [kari.id, decoy] {
        world.store.record_refused_sign_in(&co(), user, "invalid_credentials", audit()).await.unwrap();
    }
    let mut events = world.events_of(EventKind::SignInRefused).await;
    events.sort_by_key(|event| event.user != Some(kari.id));
    assert_eq!(events[1].user, Some(decoy));
    events[1].user = events[0].user;
    events[1].id = events[0].id;
    assert_eq!(events[0], events[1]);
    assert_eq!((events[0].namespace.clone(), events[0].audit.clone()), (Some(co()), audit()));
    assert_eq!((events[0].problem.as_deref(), events[0].times), (Some("invalid_credentials"), None));
}

pub async fn a_credential_is_found_by_id_for_a_password_change(world: &World) {
    world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    let credential = world.store.find_credential_of(&co(), kari.id).await.unwrap().unwrap();
    assert_eq!(
        (credential.user, credential.epoch, credential.is_decoy),
        (kari.id, CredentialEpoch(0), false)
    );
    assert!(credential.password == sealed("first"));
    assert!(world.store.find_credential_of(&ws(), kari.id).await.unwrap().is_none());
    assert!(world.store.find_credential_of(&co(), UserId::new(fresh_uuid())).await.unwrap().is_none());
}

pub async fn asvs_7_4_3_a_new_password_ends_every_session_and_voids_every_reset(world: &World) {
    let kari = world.sign_up("kari").await;
    let ola = world.sign_up("ola").await;
    let (first, second, other) =
        (world.sign_in(&kari).await, world.sign_in(&kari).await, world.sign_in(&ola).await);
    let reset = world.mailed_reset("kari").await;
    world.advance(TICK).await;
    let changed = done(world.store.set_password(set_password(&kari)).await.unwrap());
    assert_eq!(changed.credential_epoch, CredentialEpoch(1));
    assert_eq!((changed.created_at, changed.updated_at), (kari.created_at, world.now().await));
    assert_eq!(world.password(&kari).await, sealed("second").0);
    let revoked = Some((world.now().await, RevokeReason::PasswordChanged));
    assert_eq!(world.session(&first).await.revoked, revoked);
    assert_eq!(world.session(&second).await.revoked, revoked);
    assert_eq!(world.session(&other).await.revoked, None);
    assert!(world.store.find_reset(&co(), reset.id).await.unwrap().unwrap().is_void);
}

pub async fn a_new_password_is_recorded_and_told_in_the_same_write(world: &World) {
    let kari = world.sign_up("kari").await;
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    let event = world.event_of(EventKind::PasswordChanged).await;
    assert_eq!((event.user, event.namespace, event.audit), (Some(kari.id), Some(co()), audit()));
    assert_eq!(world.orders().await, [crate::builders::notice(&kari, Notice::PasswordChanged)]);
}

pub async fn a_password_that_was_read_before_a_change_sets_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    let session = world.sign_in(&world.account(&kari).await.unwrap()).await;
    let stale = SetPassword { password: sealed("third"), ..set_password(&kari) };
    assert_eq!(world.store.set_password(stale).await.unwrap(), AccountChange::Refused);
    assert_eq!(world.password(&kari).await, sealed("second").0);
    assert_eq!(world.session(&session).await.revoked, None);
    assert_eq!(world.events_of(EventKind::PasswordChanged).await.len(), 1);
    assert_eq!(world.mails().await.len(), 1);
}

pub async fn a_disabled_account_cannot_set_its_password_but_an_operator_can(world: &World) {
    let kari = world.sign_up("kari").await;
    let kari = done(world.set_status(&kari, AccountStatus::Disabled).await);
    let own = set_password(&kari);
    assert_eq!(world.store.set_password(own).await.unwrap(), AccountChange::Refused);
    let reason = RevokeReason::Operator;
    let operator = SetPassword { expected_epoch: None, notice: None, reason, ..set_password(&kari) };
    let changed = done(world.store.set_password(operator).await.unwrap());
    assert_eq!(changed.status, AccountStatus::Disabled);
    assert_eq!(changed.credential_epoch.0, kari.credential_epoch.0 + 1);
    assert_eq!(world.password(&kari).await, sealed("second").0);
    assert_eq!(world.mails().await, []);
}

pub async fn an_operator_overrides_whatever_the_epoch_is(world: &World) {
    let kari = world.sign_up("kari").await;
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    let session = world.sign_in(&world.account(&kari).await.unwrap()).await;
    let reason = RevokeReason::Operator;
    let operator = SetPassword { expected_epoch: None, reason, ..set_password(&kari) };
    done(world.store.set_password(operator).await.unwrap());
    assert_eq!(world.session(&session).await.revoked.unwrap().1, RevokeReason::Operator);
}

pub async fn a_password_of_nobody_is_refused(world: &World) {
    let kari = world.sign_up("kari").await;
    for expected_epoch in [None, Some(CredentialEpoch(0))] {
        let nobody = SetPassword { user: UserId::new(fresh_uuid()), expected_epoch, ..set_password(&kari) };
        assert_eq!(world.store.set_password(nobody).await.unwrap(), AccountChange::Refused);
        let elsewhere = SetPassword { namespace: ws(), expected_epoch, ..set_password(&kari) };
        assert_eq!(world.store.set_password(elsewhere).await.unwrap(), AccountChange::Refused);
    }
    assert_eq!(world.password(&kari).await, sealed("first").0);
    assert_eq!(world.mails().await, []);
}

/// The account of a change that was done.
pub(super) fn done(change: AccountChange) -> User {
    match change {
        AccountChange::Done(user) => user,
        AccountChange::Refused => panic!("refused"),
    }
}
