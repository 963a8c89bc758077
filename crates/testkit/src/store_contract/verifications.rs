//! Proofs of mailboxes: begun by the worker, used once, and sign-ups that tell the mailbox alone.

use super::World;
use super::accounts::done;
use crate::builders::{
    HOUR, TICK, audit, co, email, forgot, fresh_uuid, new_account_in_secret, open, redeem, set_password,
    verification, verify, ws,
};
use app::outbox::{MailOrder, MailSubject, SignInNotice};
use app::ports::store::{
    AccountChange, AccountKey, MailboxProof, NewAccount, OpenSession, OpenSessionOutcome,
    PendingVerification, SignUpOutcome, StoredVerification, VerifyEmail,
};
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::event::EventKind;
use domain::ids::{OutboxId, UserId, VerificationId};
use domain::locale::Locale;
use std::sync::Arc;

/// Orders a proof a moment later and begins it.
async fn begun(world: &World, name: &str) -> Option<PendingVerification> {
    world.advance(TICK).await;
    let order = world.store.order_mail(verification(name), audit()).await.unwrap();
    world.store.begin_verification(order).await.unwrap()
}

async fn mailed(world: &World, name: &str) -> PendingVerification {
    begun(world, name).await.unwrap_or_else(|| panic!("nothing to send to {name}"))
}

async fn refused(world: &World, verify: VerifyEmail) {
    assert_eq!(world.store.verify_email(verify).await.unwrap(), AccountChange::Refused);
}

fn with(pending: &PendingVerification, change: impl FnOnce(&mut MailboxProof)) -> VerifyEmail {
    let mut verify = verify(pending);
    verify.proof.as_mut().map(change);
    verify
}

pub async fn a_proof_is_begun_for_the_owner_of_the_address(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(verification("kari"), audit()).await.unwrap();
    let pending = world.store.begin_verification(order).await.unwrap().unwrap();
    let now = world.now().await;
    let id = VerificationId::new(order.uuid());
    assert_eq!(pending, PendingVerification { id, user: kari.clone(), now });
    let stored = world.store.find_verification(&co(), kari.id).await.unwrap();
    assert_eq!(stored, Some(StoredVerification { user: kari, newest: Some(id), now }));
}

pub async fn a_proof_is_found_in_its_namespace_alone(world: &World) {
    let kari = world.sign_up("kari").await;
    assert_eq!(world.store.find_verification(&ws(), kari.id).await.unwrap(), None);
    assert_eq!(world.store.find_verification(&co(), UserId::new(fresh_uuid())).await.unwrap(), None);
    let found = world.store.find_verification(&co(), kari.id).await.unwrap().unwrap();
    assert_eq!(found.newest, None);
}

pub async fn only_an_active_account_whose_address_is_not_proved_gets_a_proof(world: &World) {
    assert_eq!(begun(world, "nobody").await, None);
    let kari = world.sign_up("kari").await;
    done(world.set_status(&kari, AccountStatus::Disabled).await);
    assert_eq!(begun(world, "kari").await, None);
    let ola = world.sign_up("ola").await;
    done(world.store.verify_email(verify(&mailed(world, "ola").await)).await.unwrap());
    assert_eq!(begun(world, "ola").await, None);
    assert_eq!(world.store.find_verification(&co(), ola.id).await.unwrap().unwrap().newest, None);
}

pub async fn an_order_that_asks_for_no_proof_begins_none(world: &World) {
    world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    assert_eq!(world.store.begin_verification(order).await.unwrap(), None);
    assert_eq!(world.store.begin_verification(OutboxId::new(fresh_uuid())).await.unwrap(), None);
    let elsewhere = MailOrder { namespace: ws(), ..verification("kari") };
    let order = world.store.order_mail(elsewhere, audit()).await.unwrap();
    assert_eq!(world.store.begin_verification(order).await.unwrap(), None);
}

pub async fn a_request_for_a_proof_is_recorded_without_address_and_account(world: &World) {
    world.sign_up("kari").await;
    begun(world, "kari").await;
    let event = world.event_of(EventKind::ResendVerification).await;
    assert_eq!((event.user, event.namespace, event.detail), (None, Some(co()), None));
}

pub async fn a_newer_order_voids_the_older_and_never_the_other_way_round(world: &World) {
    world.sign_up("kari").await;
    let older = mailed(world, "kari").await;
    let newer = mailed(world, "kari").await;
    refused(world, verify(&older)).await;
    let late = world.store.begin_verification(OutboxId::new(older.id.uuid())).await.unwrap();
    assert_eq!(late, None, "a delivery that was late must not void what came after it");
    done(world.store.verify_email(verify(&newer)).await.unwrap());
}

pub async fn a_further_attempt_of_an_order_is_the_same_proof(world: &World) {
    world.sign_up("kari").await;
    let first = mailed(world, "kari").await;
    world.advance(TICK).await;
    let again = world.store.begin_verification(OutboxId::new(first.id.uuid())).await.unwrap().unwrap();
    assert_eq!((again.id, again.user.clone()), (first.id, first.user.clone()));
    assert_eq!(again.now, first.now.plus(TICK));
    done(world.store.verify_email(verify(&first)).await.unwrap());
}

pub async fn a_proof_works_once_and_changes_nothing_else(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let kari = world.account(&kari).await.unwrap();
    let pending = mailed(world, "kari").await;
    let after = done(world.store.verify_email(verify(&pending)).await.unwrap());
    let now = world.now().await;
    assert_eq!(after, User { email_verified: true, updated_at: now, ..kari.clone() });
    assert_eq!(world.account(&kari).await, Some(after));
    assert_eq!(world.session(&session).await, session);
    let event = world.event_of(EventKind::EmailVerified).await;
    assert_eq!((event.user, event.namespace, event.audit), (Some(kari.id), Some(co()), audit()));
    refused(world, verify(&pending)).await;
}

pub async fn a_proof_works_until_its_expiry_and_not_at_it(world: &World) {
    world.sign_up("kari").await;
    world.sign_up("ola").await;
    let (in_time, late) = (mailed(world, "kari").await, mailed(world, "ola").await);
    let until = late.now.plus(HOUR);
    world.advance(HOUR - TICK).await;
    done(world.store.verify_email(with(&in_time, |proof| proof.expires_at = until)).await.unwrap());
    world.advance(TICK).await;
    refused(world, verify(&late)).await;
}

pub async fn a_proof_proves_no_other_account_than_its_own(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let pending = mailed(world, "kari").await;
    refused(world, VerifyEmail { user: ola.id, ..verify(&pending) }).await;
    refused(world, VerifyEmail { user: UserId::new(fresh_uuid()), ..verify(&pending) }).await;
    refused(world, VerifyEmail { namespace: ws(), ..verify(&pending) }).await;
    refused(world, with(&pending, |proof| proof.verification = VerificationId::new(fresh_uuid()))).await;
    refused(world, with(&pending, |proof| proof.epoch = CredentialEpoch(3))).await;
    for user in [kari, ola] {
        assert!(!world.account(&user).await.unwrap().email_verified);
    }
    done(world.store.verify_email(verify(&pending)).await.unwrap());
}

pub async fn a_proof_is_void_after_any_change_of_the_credential(world: &World) {
    for change in ["password", "disable", "reset"] {
        let user = world.sign_up(change).await;
        let pending = mailed(world, change).await;
        match change {
            "password" => done(world.store.set_password(set_password(&user)).await.unwrap()),
            "disable" => {
                let disabled = done(world.set_status(&user, AccountStatus::Disabled).await);
                refused(world, verify(&pending)).await;
                done(world.set_status(&disabled, AccountStatus::Active).await)
            }
            _ => {
                let reset = world.mailed_reset(change).await;
                done(world.store.redeem_reset(redeem(&user, &reset)).await.unwrap())
            }
        };
        refused(world, verify(&pending)).await;
    }
}

pub async fn a_proof_that_is_used_by_fifty_at_once_is_used_once(world: &World) {
    world.sign_up("kari").await;
    let pending = mailed(world, "kari").await;
    let calls = (0..50).map(|_| {
        let (store, verify) = (Arc::clone(&world.store), verify(&pending));
        tokio::spawn(async move { store.verify_email(verify).await.unwrap() })
    });
    let mut won = 0;
    for call in calls.collect::<Vec<_>>() {
        won += u32::from(call.await.unwrap() != AccountChange::Refused);
    }
    assert_eq!(won, 1);
    assert_eq!(world.events_of(EventKind::EmailVerified).await.len(), 1);
}

pub async fn an_operator_vouches_for_an_address_once(world: &World) {
    let kari = world.sign_up("kari").await;
    let vouch = || VerifyEmail {
        namespace: co(),
        user: kari.id,
        proof: None,
        audit: app::audit::AuditContext::operator(),
    };
    done(world.set_status(&kari, AccountStatus::Disabled).await);
    let first = done(world.store.verify_email(vouch()).await.unwrap());
    assert!(first.email_verified);
    world.advance(TICK).await;
    assert_eq!(done(world.store.verify_email(vouch()).await.unwrap()), first);
    assert_eq!(world.events_of(EventKind::EmailVerified).await.len(), 1);
    refused(world, VerifyEmail { user: UserId::new(fresh_uuid()), ..vouch() }).await;
}

pub async fn a_sign_up_in_secret_orders_the_mail_of_its_outcome(world: &World) {
    let (first, second) = (new_account_in_secret("kari"), new_account_in_secret("kari"));
    let (made, taken) = (first.mails.clone().unwrap().made, second.mails.clone().unwrap().taken);
    let stranger = second.id;
    let SignUpOutcome::Created(kari) = world.store.sign_up(first).await.unwrap() else {
        panic!("the address is free");
    };
    world.advance(TICK).await;
    let before = world.account(&kari).await;
    assert_eq!(world.store.sign_up(second).await.unwrap(), SignUpOutcome::EmailTaken);
    assert_eq!(world.orders().await, [made, taken]);
    assert_eq!(world.account(&kari).await, before);
    assert_eq!(world.password(&kari).await, "sealed:first");
    assert_eq!(world.store.find_account(&co(), &AccountKey::Id(stranger)).await.unwrap(), None);
    assert_eq!(world.store.list_accounts(&co(), None, 10).await.unwrap().len(), 1);
    assert_eq!(world.event_of(EventKind::SignUp).await.user, Some(kari.id));
    assert_eq!(world.event_of(EventKind::SignUpTaken).await.user, Some(stranger));
}

/// ASVS 6.3.8: what is left behind is as much for the one outcome as for the other.
pub async fn asvs_6_3_8_a_sign_up_in_secret_leaves_as_many_rows_whatever_its_outcome(world: &World) {
    for rows in 1..=3 {
        world.store.sign_up(new_account_in_secret("kari")).await.unwrap();
        assert_eq!((world.events().await.len(), world.mails().await.len()), (rows, rows));
    }
}

pub async fn of_many_sign_ups_in_secret_one_makes_the_account(world: &World) {
    let calls = (0..20).map(|_| {
        let (store, new) = (Arc::clone(&world.store), new_account_in_secret("kari"));
        tokio::spawn(async move { store.sign_up(new).await.unwrap() })
    });
    let mut made = 0;
    for call in calls.collect::<Vec<_>>() {
        made += u32::from(call.await.unwrap() != SignUpOutcome::EmailTaken);
    }
    assert_eq!(made, 1);
    let orders = world.orders().await;
    let proofs = orders.iter().filter(|order| matches!(order.subject, MailSubject::VerifyEmail { .. }));
    assert_eq!((proofs.count(), orders.len()), (1, 20));
}

pub async fn a_sign_up_in_secret_is_of_its_namespace_alone(world: &World) {
    world.sign_up("kari").await;
    let elsewhere = NewAccount { namespace: ws(), ..new_account_in_secret("kari") };
    assert!(matches!(world.store.sign_up(elsewhere).await.unwrap(), SignUpOutcome::Created(_)));
}

pub async fn a_notice_of_a_sign_in_is_written_with_it_or_not_at_all(world: &World) {
    let kari = world.sign_up("kari").await;
    let begin = || {
        let open = open(&kari);
        let (user, session) = (open.user, open.id);
        let subject = MailSubject::SignIn { user, session, notice: SignInNotice::NewDevice };
        let notice = MailOrder { namespace: co(), locale: Locale::English, subject };
        OpenSession { notice: Some(notice), ..open }
    };
    let opening = begin();
    let notice = opening.notice.clone().unwrap();
    world.open(opening).await;
    assert_eq!(world.orders().await, std::slice::from_ref(&notice));
    let late = OpenSession { expected_epoch: CredentialEpoch(7), ..begin() };
    assert_eq!(world.store.open_session(late).await.unwrap(), OpenSessionOutcome::CredentialChanged);
    assert_eq!(world.orders().await, [notice]);
}

pub async fn a_credential_says_whether_its_address_is_proved_and_whether_it_ever_signed_in(world: &World) {
    world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    let known = || async {
        let found = world.store.find_credential(&co(), &email("kari")).await.unwrap();
        (found.email_verified, found.has_signed_in)
    };
    assert_eq!(known().await, (false, false));
    done(world.store.verify_email(verify(&mailed(world, "kari").await)).await.unwrap());
    assert_eq!(known().await, (true, false));
    world.sign_in(&kari).await;
    assert_eq!(known().await, (true, true));
    let found = world.store.find_credential_of(&co(), kari.id).await.unwrap().unwrap();
    assert_eq!((found.email_verified, found.has_signed_in), (true, true));
    let stranger = world.store.find_credential(&co(), &email("nobody")).await.unwrap();
    assert_eq!((stranger.email_verified, stranger.has_signed_in), (false, false));
}
