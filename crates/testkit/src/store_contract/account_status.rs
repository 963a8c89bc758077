//! Accounts that are switched off and on again, and accounts that are deleted.

use super::World;
use super::accounts::done;
use crate::builders::{DAY, HOUR, TICK, audit, co, email, forgot, full, notice, open, policy, refresh, ws};
use app::outbox::Notice;
use app::ports::store::{AccountChange, BeginReset, MailResult, OpenSession, OpenSessionOutcome};
use domain::account::AccountStatus;
use domain::event::EventKind;
use domain::session::{Ended, RevokeReason, Slot, Verdict};

pub async fn asvs_7_4_2_disabling_an_account_ends_everything(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let reset = world.mailed_reset("kari").await;
    world.advance(TICK).await;
    let disabled = done(world.set_status(&kari, AccountStatus::Disabled).await);
    assert_eq!(disabled.status, AccountStatus::Disabled);
    assert_eq!(disabled.credential_epoch.0, kari.credential_epoch.0 + 1);
    assert_eq!(disabled.updated_at, world.now().await);
    let revoked = Some((world.now().await, RevokeReason::AccountDisabled));
    assert_eq!(world.session(&session).await.revoked, revoked);
    assert!(world.store.find_reset(&co(), reset.id).await.unwrap().unwrap().is_void);
    let event = world.event_of(EventKind::AccountDisabled).await;
    assert_eq!((event.user, event.audit), (Some(kari.id), audit()));
}

pub async fn a_disabled_account_keeps_its_credential_and_says_that_it_is_disabled(world: &World) {
    let kari = world.sign_up("kari").await;
    done(world.set_status(&kari, AccountStatus::Disabled).await);
    let credential = world.store.find_credential(&co(), &kari.email).await.unwrap();
    assert_eq!((credential.status, credential.is_decoy), (AccountStatus::Disabled, false));
    assert!(credential.password == crate::builders::sealed("first"));
}

pub async fn enabling_an_account_revives_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let reset = world.mailed_reset("kari").await;
    let disabled = done(world.set_status(&kari, AccountStatus::Disabled).await);
    let enabled = done(world.set_status(&kari, AccountStatus::Active).await);
    assert_eq!(enabled.status, AccountStatus::Active);
    assert!(enabled.credential_epoch >= disabled.credential_epoch);
    assert_eq!(world.session(&session).await.revoked.unwrap().1, RevokeReason::AccountDisabled);
    assert!(world.store.find_reset(&co(), reset.id).await.unwrap().unwrap().is_void);
    assert_eq!(world.event_of(EventKind::AccountEnabled).await.user, Some(kari.id));
    world.sign_in(&enabled).await;
}

pub async fn a_status_that_is_so_already_is_done_without_an_event(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let kari = world.account(&kari).await.unwrap();
    assert_eq!(done(world.set_status(&kari, AccountStatus::Active).await), kari);
    assert_eq!(world.session(&session).await.revoked, None);
    let disabled = done(world.set_status(&kari, AccountStatus::Disabled).await);
    world.advance(HOUR).await;
    assert_eq!(done(world.set_status(&kari, AccountStatus::Disabled).await), disabled);
    assert_eq!(world.events_of(EventKind::AccountEnabled).await, []);
    assert_eq!(world.events_of(EventKind::AccountDisabled).await.len(), 1);
}

pub async fn the_status_of_nobody_is_refused(world: &World) {
    let kari = world.sign_up("kari").await;
    let elsewhere = world.store.set_status(&ws(), kari.id, AccountStatus::Disabled, audit()).await.unwrap();
    assert_eq!(elsewhere, AccountChange::Refused);
    assert_eq!(world.account(&kari).await.unwrap().status, AccountStatus::Active);
}

pub async fn a_deleted_account_is_a_stranger(world: &World) {
    let decoy = world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    assert!(world.store.delete_account(&co(), kari.id, audit()).await.unwrap());
    assert_eq!(world.account(&kari).await, None);
    assert_eq!(world.store.find_credential(&co(), &kari.email).await.unwrap().user, decoy);
    let stale = world.store.open_session(open(&kari)).await.unwrap();
    assert_eq!(stale, OpenSessionOutcome::CredentialChanged);
    let event = world.event_of(EventKind::AccountDeleted).await;
    assert_eq!((event.user, event.namespace, event.audit), (Some(kari.id), Some(co()), audit()));
    let again = world.sign_up("kari").await;
    assert_ne!(again.id, kari.id);
}

pub async fn deleting_nobody_is_false_and_leaves_no_event(world: &World) {
    let kari = world.sign_up("kari").await;
    assert!(!world.store.delete_account(&ws(), kari.id, audit()).await.unwrap());
    assert!(world.store.delete_account(&co(), kari.id, audit()).await.unwrap());
    assert!(!world.store.delete_account(&co(), kari.id, audit()).await.unwrap());
    assert_eq!(world.events_of(EventKind::AccountDeleted).await.len(), 1);
}

pub async fn tokens_of_a_deleted_account_get_a_precise_answer(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    world.store.delete_account(&co(), kari.id, audit()).await.unwrap();
    let view = world.store.find_session(&co(), session.id).await.unwrap().unwrap();
    assert_eq!(view.user, None);
    assert_eq!(view.session.revoked.unwrap().1, RevokeReason::AccountDeleted);
    let verdict = world.verdict(&session, full(Slot::Body, 0)).await;
    assert_eq!(verdict, Verdict::Ended(Ended::Revoked(RevokeReason::AccountDeleted)));
}

pub async fn deleting_an_account_removes_everything_that_names_its_address(world: &World) {
    // A tombstone from before the account existed names the address too.
    assert_eq!(world.ask_for_reset("kari").await, BeginReset::Nothing);
    let tombstone = world.mails().await[0].id;
    let kari = world.sign_up("kari").await;
    let ola = world.sign_up("ola").await;
    let mailed = world.mailed_reset("kari").await;
    world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    world.store.order_mail(notice(&kari, Notice::PasswordChanged), audit()).await.unwrap();
    world.store.order_mail(notice(&ola, Notice::PasswordChanged), audit()).await.unwrap();
    world.store.delete_account(&co(), kari.id, audit()).await.unwrap();
    assert_eq!(world.orders().await, [notice(&ola, Notice::PasswordChanged)]);
    assert_eq!(world.store.find_reset(&co(), mailed.id).await.unwrap(), None);
    assert_eq!(world.begin(tombstone).await, BeginReset::Nothing);
    let shown = format!("{:?}", world.events().await);
    assert!(!shown.contains(email("kari").as_str()), "{shown}");
}

pub async fn a_mail_that_was_under_way_when_its_account_was_deleted_is_owed_to_nobody(world: &World) {
    let kari = world.sign_up("kari").await;
    world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let claimed = world.claim().await;
    world.store.delete_account(&co(), kari.id, audit()).await.unwrap();
    assert_eq!(world.begin(claimed.id).await, BeginReset::Nothing);
    world.finish(claimed.id, MailResult::Sent).await;
    assert_eq!(world.mails().await, []);
}

/// A clock that is put back must not undo what a change of the credential ended.
pub async fn a_session_that_had_expired_stays_dead_after_a_change_and_a_clock_that_is_put_back(
    world: &World,
) {
    let kari = world.sign_up("kari").await;
    let idle = domain::session::SessionPolicy { idle: HOUR, ..policy() };
    let session = world.open(OpenSession { policy: idle, ..open(&kari) }).await;
    world.advance(DAY).await;
    done(world.set_status(&kari, AccountStatus::Disabled).await);
    world.turn_back(DAY).await;
    let outcome = world.store.refresh_session(refresh(&session, full(Slot::Body, 0))).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Ended(Ended::Revoked(RevokeReason::AccountDisabled)));
}
