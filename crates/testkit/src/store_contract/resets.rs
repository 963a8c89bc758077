//! Mailed resets: begun by the worker, resumed after a failure, redeemed once.

use super::World;
use super::accounts::done;
use super::world::RESET_VALID_FOR;
use crate::builders::{TICK, audit, co, email, forgot, fresh_uuid, full, notice, redeem, set_password, ws};
use app::outbox::{MailOrder, Notice};
use app::ports::store::{AccountChange, BeginReset, MailResult, PendingReset, RedeemReset, StoredReset};
use domain::account::{AccountStatus, CredentialEpoch};
use domain::event::EventKind;
use domain::ids::{OutboxId, ResetId, UserId};
use domain::refresh_token::MacKeyId;
use domain::session::{Ended, RevokeReason, Slot, Verdict};
use std::time::Duration;

pub async fn a_reset_is_made_for_the_owner_of_the_address(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let begun = world.store.begin_reset(order, MacKeyId(7), RESET_VALID_FOR).await.unwrap();
    let BeginReset::Send(pending) = begun else { panic!("an active account has the address") };
    assert_eq!((pending.user, pending.email.clone()), (kari.id, email("kari")));
    assert_eq!((pending.epoch, pending.mac_key), (kari.credential_epoch, MacKeyId(7)));
    let now = world.now().await;
    assert_eq!(pending.expires_at, now.plus(RESET_VALID_FOR));
    let stored = world.store.find_reset(&co(), pending.id).await.unwrap();
    assert_eq!(stored, Some(StoredReset { pending, is_void: false, now }));
}

pub async fn a_reset_is_found_in_its_namespace_alone(world: &World) {
    world.sign_up("kari").await;
    let pending = world.mailed_reset("kari").await;
    assert_eq!(world.store.find_reset(&ws(), pending.id).await.unwrap(), None);
    assert_eq!(world.store.find_reset(&co(), ResetId::new(fresh_uuid())).await.unwrap(), None);
}

/// ASVS 6.3.8: the write for a stranger is the write for an owner.
pub async fn asvs_6_3_8_a_stranger_gets_a_tombstone_and_no_mail(world: &World) {
    let kari = world.sign_up("kari").await;
    assert_eq!(world.ask_for_reset("nobody").await, BeginReset::Nothing);
    done(world.set_status(&kari, AccountStatus::Disabled).await);
    assert_eq!(world.ask_for_reset("kari").await, BeginReset::Nothing);
}

/// Between two attempts the address got an account: the order was a stranger's and stays one.
pub async fn a_tombstone_stays_one(world: &World) {
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
    world.sign_up("kari").await;
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
}

pub async fn an_order_that_asks_for_no_reset_begins_none(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(notice(&kari, Notice::PasswordChanged), audit()).await.unwrap();
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
    assert_eq!(world.begin(OutboxId::new(fresh_uuid())).await, BeginReset::Nothing);
}

pub async fn an_order_of_another_namespace_finds_no_account_here(world: &World) {
    world.sign_up("kari").await;
    let elsewhere = MailOrder { namespace: ws(), ..forgot("kari") };
    let order = world.store.order_mail(elsewhere, audit()).await.unwrap();
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
}

/// A stranger who keeps asking must not break the link that the owner is about to open.
pub async fn three_resets_live_at_once_and_a_fourth_is_not_sent(world: &World) {
    world.sign_up("kari").await;
    let mut pending = Vec::new();
    for _ in 0..3 {
        pending.push(world.mailed_reset("kari").await);
        world.advance(TICK).await;
    }
    assert_eq!(world.ask_for_reset("kari").await, BeginReset::Nothing);
    for reset in &pending {
        assert!(!world.store.find_reset(&co(), reset.id).await.unwrap().unwrap().is_void);
    }
    // The first one's time is over at this moment exactly, and makes room.
    world.advance(RESET_VALID_FOR - TICK * 3).await;
    assert_eq!(world.now().await, pending[0].expires_at);
    world.mailed_reset("kari").await;
    assert_eq!(world.ask_for_reset("kari").await, BeginReset::Nothing);
}

pub async fn a_resend_after_a_crash_carries_the_same_link(world: &World) {
    world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let first = world.begin(order).await;
    world.advance(RESET_VALID_FOR - TICK).await;
    let resumed = world.store.begin_reset(order, MacKeyId(9), RESET_VALID_FOR).await.unwrap();
    assert_eq!(resumed, first);
}

/// One attempt, and what became of it.
async fn attempt(world: &World, order: OutboxId, may_have_reached_data: bool) -> PendingReset {
    let BeginReset::Send(pending) = world.begin(order).await else { panic!("nothing to send") };
    let reason = "the mail server did not answer".to_owned();
    let result = MailResult::Retry { wait: Duration::ZERO, may_have_reached_data, reason };
    world.finish(order, result).await;
    pending
}

pub async fn a_link_that_surely_never_left_gets_a_new_expiry(world: &World) {
    world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let first = attempt(world, order, false).await;
    world.advance(TICK).await;
    let second = attempt(world, order, false).await;
    assert_eq!(second, PendingReset { expires_at: world.now().await.plus(RESET_VALID_FOR), ..first });
    let stored = world.store.find_reset(&co(), second.id).await.unwrap().unwrap();
    assert_eq!(stored.pending, second);
}

pub async fn a_link_that_may_have_left_is_kept_through_attempts_that_surely_did_not(world: &World) {
    world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let first = attempt(world, order, true).await;
    world.advance(TICK).await;
    assert_eq!(attempt(world, order, false).await, first);
    world.advance(TICK).await;
    assert_eq!(attempt(world, order, false).await, first);
}

pub async fn a_link_whose_time_is_over_gets_a_new_expiry_though_it_may_have_left(world: &World) {
    world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let first = attempt(world, order, true).await;
    world.advance(RESET_VALID_FOR).await;
    let second = attempt(world, order, false).await;
    assert_eq!(second, PendingReset { expires_at: world.now().await.plus(RESET_VALID_FOR), ..first });
    // The new link has not left yet.
    world.advance(TICK).await;
    assert_ne!(attempt(world, order, false).await, second);
}

/// The mail server was away for longer than the link's time, and others asked meanwhile.
pub async fn a_late_resend_does_not_make_a_fourth_live_reset(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let late = attempt(world, order, true).await;
    world.finish(order, MailResult::Dead { reason: "given up".to_owned() }).await;
    world.advance(RESET_VALID_FOR).await;
    for _ in 0..3 {
        world.mailed_reset("kari").await;
    }
    world.store.retry_mail(Some(order)).await.unwrap();
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
    assert_eq!(world.store.redeem_reset(redeem(&kari, &late)).await.unwrap(), AccountChange::Refused);
}

pub async fn an_order_from_before_a_change_of_the_credential_sends_nothing(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    attempt(world, order, false).await;
    done(world.store.set_password(set_password(&kari)).await.unwrap());
    assert_eq!(world.begin(order).await, BeginReset::Nothing);
    assert!(matches!(world.begin_fresh("kari").await, BeginReset::Send(_)));
}

pub async fn a_redeemed_reset_does_all_of_it_in_one_write(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let (other, pending) = (world.mailed_reset("kari").await, world.mailed_reset("kari").await);
    world.advance(TICK).await;
    let after = done(world.store.redeem_reset(redeem(&kari, &pending)).await.unwrap());
    let now = world.now().await;
    assert!(after.email_verified);
    assert_eq!((after.credential_epoch, after.updated_at), (CredentialEpoch(1), now));
    assert_eq!(world.account(&kari).await, Some(after));
    assert_eq!(world.password(&kari).await, "sealed:reset");
    assert_eq!(world.session(&session).await.revoked, Some((now, RevokeReason::PasswordReset)));
    for reset in [&other, &pending] {
        assert!(world.store.find_reset(&co(), reset.id).await.unwrap().unwrap().is_void);
    }
    assert_eq!(world.orders().await.last(), Some(&notice(&kari, Notice::PasswordReset)));
    let event = world.event_of(EventKind::PasswordReset).await;
    assert_eq!((event.user, event.namespace, event.audit), (Some(kari.id), Some(co()), audit()));
    assert_eq!(world.events_of(EventKind::PasswordChanged).await, []);
    let verdict = world.verdict(&session, full(Slot::Body, 0)).await;
    assert_eq!(verdict, Verdict::Ended(Ended::Revoked(RevokeReason::PasswordReset)));
}

/// A refusal leaves no trace.
async fn refused(world: &World, redeem: RedeemReset) {
    let before = (world.events().await, world.orders().await);
    assert_eq!(world.store.redeem_reset(redeem).await.unwrap(), AccountChange::Refused);
    assert_eq!(before, (world.events().await, world.orders().await));
}

pub async fn a_reset_works_once(world: &World) {
    let kari = world.sign_up("kari").await;
    let pending = world.mailed_reset("kari").await;
    done(world.store.redeem_reset(redeem(&kari, &pending)).await.unwrap());
    refused(world, redeem(&kari, &pending)).await;
    let raised = CredentialEpoch(1);
    refused(world, RedeemReset { expected_epoch: raised, ..redeem(&kari, &pending) }).await;
    assert_eq!(world.account(&kari).await.unwrap().credential_epoch, raised);
}

pub async fn a_reset_works_until_its_expiry_and_not_at_it(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let (in_time, late) = (world.mailed_reset("kari").await, world.mailed_reset("ola").await);
    world.advance(RESET_VALID_FOR - TICK).await;
    done(world.store.redeem_reset(redeem(&kari, &in_time)).await.unwrap());
    world.advance(TICK).await;
    refused(world, redeem(&ola, &late)).await;
    assert_eq!(world.password(&ola).await, "sealed:first");
}

pub async fn a_reset_is_void_after_any_change_of_the_credential(world: &World) {
    for change in ["password", "disable", "reset"] {
        let user = world.sign_up(change).await;
        let (pending, other) = (world.mailed_reset(change).await, world.mailed_reset(change).await);
        match change {
            "password" => done(world.store.set_password(set_password(&user)).await.unwrap()),
            "disable" => {
                let disabled = done(world.set_status(&user, AccountStatus::Disabled).await);
                refused(world, redeem(&user, &pending)).await;
                done(world.set_status(&disabled, AccountStatus::Active).await)
            }
            _ => done(world.store.redeem_reset(redeem(&user, &other)).await.unwrap()),
        };
        refused(world, redeem(&user, &pending)).await;
    }
}

pub async fn a_reset_opens_no_other_account_than_its_own(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let pending = world.mailed_reset("kari").await;
    refused(world, RedeemReset { user: ola.id, ..redeem(&kari, &pending) }).await;
    refused(world, RedeemReset { user: UserId::new(fresh_uuid()), ..redeem(&kari, &pending) }).await;
    refused(world, RedeemReset { namespace: ws(), ..redeem(&kari, &pending) }).await;
    refused(world, RedeemReset { reset: ResetId::new(fresh_uuid()), ..redeem(&kari, &pending) }).await;
    refused(world, RedeemReset { expected_epoch: CredentialEpoch(3), ..redeem(&kari, &pending) }).await;
    assert_eq!(world.password(&ola).await, "sealed:first");
    done(world.store.redeem_reset(redeem(&kari, &pending)).await.unwrap());
}

pub async fn a_reset_that_is_redeemed_by_fifty_at_once_is_redeemed_once(world: &World) {
    let kari = world.sign_up("kari").await;
    let (first, second) = (world.mailed_reset("kari").await, world.mailed_reset("kari").await);
    let calls = (0..50).map(|n| if n % 2 == 0 { &first } else { &second }).map(|pending| {
        let (store, redeem) = (std::sync::Arc::clone(&world.store), redeem(&kari, pending));
        tokio::spawn(async move { store.redeem_reset(redeem).await.unwrap() })
    });
    let mut won = 0;
    for call in calls.collect::<Vec<_>>() {
        won += u32::from(call.await.unwrap() != AccountChange::Refused);
    }
    assert_eq!(won, 1);
    assert_eq!(world.account(&kari).await.unwrap().credential_epoch, CredentialEpoch(1));
    assert_eq!(world.event_of(EventKind::PasswordReset).await.user, Some(kari.id));
    let notices =
        world.orders().await.into_iter().filter(|order| *order == notice(&kari, Notice::PasswordReset));
    assert_eq!(notices.count(), 1);
}
