//! Time, readiness, the audit log, backup and restore.

use super::World;
use super::accounts::done;
use crate::builders::{HOUR, TICK, audit, co, end, forgot, full, new_account, redeem, set_password};
use app::audit::{Actor, AuditContext};
use app::ports::store::{AccountChange, MailResult, NewAccount};
use domain::event::EventKind;
use domain::session::{Ended, RevokeReason, Slot, Verdict};

pub async fn the_stores_clock_stands_where_it_was_put(world: &World) {
    let before = world.now().await;
    world.advance(HOUR).await;
    assert_eq!(world.now().await, before.plus(HOUR));
    world.turn_back(HOUR * 2).await;
    assert_eq!(world.now().await, before.minus(HOUR));
}

pub async fn a_check_succeeds_and_leaves_nothing_that_anybody_sees(world: &World) {
    let kari = world.sign_up("kari").await;
    let before = (world.events().await, world.mails().await, world.account(&kari).await);
    for _ in 0..3 {
        world.store.check().await.unwrap();
    }
    assert_eq!(before, (world.events().await, world.mails().await, world.account(&kari).await));
}

pub async fn events_are_listed_newest_first_up_to_the_limit(world: &World) {
    let mut users = Vec::new();
    for name in ["a", "b", "c"] {
        users.push(Some(world.sign_up(name).await.id));
        world.advance(TICK).await;
    }
    users.reverse();
    let list = |limit| async move {
        let events = world.store.list_events(limit).await.unwrap();
        events.into_iter().map(|event| event.user).collect::<Vec<_>>()
    };
    assert_eq!(list(10).await, users);
    assert_eq!(list(2).await, users[..2]);
    assert_eq!(list(0).await, []);
}

pub async fn an_event_names_who_caused_it(world: &World) {
    let nobody_in_particular = AuditContext { actor: Actor::Client, request_id: None, address: None };
    for audit in [AuditContext::operator(), AuditContext::system(), audit(), nobody_in_particular] {
        let name = format!("u{}", world.events().await.len());
        world.store.sign_up(NewAccount { audit: audit.clone(), ..new_account(&name) }).await.unwrap();
        assert_eq!(world.events().await[0].audit, audit);
        world.advance(TICK).await;
    }
}

pub async fn events_have_ids_of_their_own(world: &World) {
    let decoy = world.put_decoy().await;
    for _ in 0..20 {
        world.store.record_refused_sign_in(&co(), decoy, "invalid_credentials", audit()).await.unwrap();
    }
    let mut ids: Vec<_> = world.events().await.into_iter().map(|event| event.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

pub async fn a_backup_never_overwrites_a_file(world: &World) {
    let target = std::env::temp_dir().join(format!("minbil-auth-backup-{}", crate::builders::fresh_uuid()));
    std::fs::write(&target, "somebody's file").unwrap();
    let result = world.store.backup(&target).await;
    let kept = std::fs::read_to_string(&target).unwrap();
    std::fs::remove_file(&target).unwrap();
    assert!(result.is_err());
    assert_eq!(kept, "somebody's file");
}

/// A restored database must not revive what was revoked after the backup was made.
pub async fn a_restored_database_lets_nobody_in_with_what_it_knew(world: &World) {
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    let sessions = [world.sign_in(&kari).await, world.sign_in(&ola).await];
    let pending = world.mailed_reset("kari").await;
    let before = world.account(&kari).await.unwrap();
    world.advance(TICK).await;
    world.store.void_after_restore(AuditContext::operator()).await.unwrap();
    for session in &sessions {
        assert_eq!(world.session(session).await.revoked, Some((world.now().await, RevokeReason::Restored)));
        let verdict = world.verdict(session, full(Slot::Body, 0)).await;
        assert_eq!(verdict, Verdict::Ended(Ended::Revoked(RevokeReason::Restored)));
    }
    let refused = world.store.redeem_reset(redeem(&kari, &pending)).await.unwrap();
    assert_eq!(refused, AccountChange::Refused);
    assert!(world.store.find_reset(&co(), pending.id).await.unwrap().unwrap().is_void);
    let stale = world.store.set_password(set_password(&kari)).await.unwrap();
    assert_eq!(stale, AccountChange::Refused);
    let after = world.account(&kari).await.unwrap();
    assert_eq!(after.credential_epoch.0, before.credential_epoch.0 + 1);
    assert_eq!(world.password(&kari).await, "sealed:first");
    world.sign_in(&after).await;
}

pub async fn a_restore_is_one_event_of_the_whole_server(world: &World) {
    world.sign_up("kari").await;
    world.store.void_after_restore(AuditContext::operator()).await.unwrap();
    let event = world.event_of(EventKind::DatabaseRestored).await;
    assert_eq!((event.namespace, event.user, event.session), (None, None, None));
    assert_eq!(event.audit, AuditContext::operator());
}

pub async fn a_restore_keeps_the_reason_of_what_had_ended_before(world: &World) {
    let kari = world.sign_up("kari").await;
    let ended = world.sign_in(&kari).await;
    world.store.end_session(end(&ended)).await.unwrap();
    let before = world.session(&ended).await;
    world.advance(TICK).await;
    world.store.void_after_restore(AuditContext::operator()).await.unwrap();
    assert_eq!(world.session(&ended).await, before);
}

/// An order that was begun before the backup was made sends nothing: its credential counts as changed.
pub async fn a_restore_voids_resets_that_are_still_to_be_sent(world: &World) {
    let kari = world.sign_up("kari").await;
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    world.begin(order).await;
    let result = MailResult::Dead { reason: "550 no".to_owned() };
    world.finish(order, result).await;
    world.store.void_after_restore(AuditContext::operator()).await.unwrap();
    world.store.retry_mail(None).await.unwrap();
    assert_eq!(world.begin(order).await, app::ports::store::BeginReset::Nothing);
    let kari = world.account(&kari).await.unwrap();
    done(world.store.set_password(set_password(&kari)).await.unwrap());
}
