//! What a purge removes, and what it never does.

use super::World;
use super::world::RESET_VALID_FOR;
use crate::builders::{DAY, HOUR, TICK, audit, co, end, forgot, open, policy};
use app::ports::store::{BeginReset, MailResult, OpenSession, Purged, Retention};
use domain::account::User;
use domain::ids::OutboxId;
use domain::session::{SessionPolicy, Slot};
use std::time::Duration;

const KEPT: Duration = DAY;
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Sessions and resets for a day, everything else for ever.
const SESSIONS: Retention = Retention { sessions: KEPT, mail: FOREVER, audit: FOREVER };
const MAIL: Retention = Retention { sessions: FOREVER, mail: KEPT, audit: FOREVER };
const AUDIT: Retention = Retention { sessions: FOREVER, mail: FOREVER, audit: KEPT };
const NOTHING: Purged = Purged { sessions: 0, mail: 0, audit: 0, once: 0 };

async fn purge(world: &World, retention: Retention) -> Purged {
    world.store.purge(retention, 100).await.unwrap()
}

fn short(user: &User) -> OpenSession {
    OpenSession { policy: SessionPolicy { idle: HOUR, ..policy() }, ..open(user) }
}

pub async fn an_ended_session_is_kept_for_its_time_and_then_purged(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.sign_in(&kari).await;
    let live = world.sign_in(&kari).await;
    world.store.end_session(end(&session)).await.unwrap();
    world.advance(KEPT - TICK).await;
    assert_eq!(purge(world, SESSIONS).await, NOTHING);
    assert!(world.find(session.id).await.is_some());
    world.advance(TICK * 2).await;
    assert_eq!(purge(world, SESSIONS).await, Purged { sessions: 1, ..NOTHING });
    assert_eq!(world.find(session.id).await, None);
    assert_eq!(world.session(&live).await, live);
}

pub async fn an_idle_session_is_kept_for_its_time_after_its_deadline(world: &World) {
    let kari = world.sign_up("kari").await;
    let session = world.open(short(&kari)).await;
    world.advance(HOUR + KEPT - TICK).await;
    assert_eq!(purge(world, SESSIONS).await, NOTHING);
    world.advance(TICK * 2).await;
    assert_eq!(purge(world, SESSIONS).await, Purged { sessions: 1, ..NOTHING });
    assert_eq!(world.find(session.id).await, None);
}

pub async fn no_purge_removes_a_live_session_however_old(world: &World) {
    let kari = world.sign_up("kari").await;
    let mut session = world.sign_in(&kari).await;
    for _ in 0..5 {
        world.advance(policy().idle - TICK).await;
        session = world.rotate(&session, Slot::Body, 1).await;
        let none = Retention { sessions: Duration::ZERO, ..SESSIONS };
        assert_eq!(purge(world, none).await, NOTHING);
    }
    assert_eq!(world.session(&session).await, session);
}

pub async fn an_expired_reset_is_kept_for_its_time_and_then_purged(world: &World) {
    world.sign_up("kari").await;
    let pending = world.mailed_reset("kari").await;
    assert_eq!(world.ask_for_reset("nobody").await, BeginReset::Nothing);
    world.advance(RESET_VALID_FOR + KEPT - TICK).await;
    assert_eq!(purge(world, SESSIONS).await, NOTHING);
    assert!(world.store.find_reset(&co(), pending.id).await.unwrap().is_some());
    world.advance(TICK * 2).await;
    assert_eq!(purge(world, SESSIONS).await, Purged { sessions: 2, ..NOTHING });
    assert_eq!(world.store.find_reset(&co(), pending.id).await.unwrap(), None);
}

/// Without the row, a later attempt would take the order for a new one: a tombstone would become a mail, and
/// an order from before a change of the credential a working link.
pub async fn a_reset_stays_as_long_as_its_order_may_be_attempted(world: &World) {
    let mut orders = Vec::new();
    for result in [retry(), MailResult::Dead { reason: "550 no".to_owned() }] {
        let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
        assert_eq!(world.begin(order).await, BeginReset::Nothing);
        world.finish(order, result).await;
        orders.push(order);
    }
    world.sign_up("kari").await;
    world.advance(RESET_VALID_FOR + KEPT * 2).await;
    assert_eq!(purge(world, SESSIONS).await, NOTHING);
    for order in &orders {
        assert_eq!(world.begin(*order).await, BeginReset::Nothing);
    }
    world.finish(orders[0], MailResult::Sent).await;
    assert_eq!(purge(world, SESSIONS).await, Purged { sessions: 1, ..NOTHING });
}

fn retry() -> MailResult {
    let wait = Duration::from_secs(60);
    MailResult::Retry { wait, may_have_reached_data: false, reason: "451 later".to_owned() }
}

async fn ordered(world: &World, result: Option<MailResult>) -> OutboxId {
    let order = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    if let Some(result) = result {
        world.finish(order, result).await;
    }
    order
}

pub async fn a_sent_order_is_kept_for_its_time_and_an_unsent_one_until_it_is_sent(world: &World) {
    let sent = ordered(world, Some(MailResult::Sent)).await;
    let dead = ordered(world, Some(MailResult::Dead { reason: "550 no".to_owned() })).await;
    let waiting = ordered(world, Some(retry())).await;
    let fresh = ordered(world, None).await;
    world.advance(KEPT - TICK).await;
    assert_eq!(purge(world, MAIL).await, NOTHING);
    world.advance(TICK * 2).await;
    assert_eq!(purge(world, MAIL).await, Purged { mail: 1, ..NOTHING });
    world.advance(KEPT * 1000).await;
    assert_eq!(purge(world, MAIL).await, NOTHING);
    let kept: Vec<_> = world.mails().await.into_iter().map(|row| row.id).collect();
    assert_eq!(kept.len(), 3);
    assert!([dead, waiting, fresh].iter().all(|id| kept.contains(id)), "{sent} is gone, {kept:?} stay");
}

pub async fn an_order_is_kept_for_its_time_after_it_was_sent_not_after_it_was_written(world: &World) {
    let order = ordered(world, None).await;
    world.advance(KEPT * 3).await;
    world.finish(order, MailResult::Sent).await;
    assert_eq!(purge(world, MAIL).await, NOTHING);
    assert_eq!(world.mails().await.len(), 1);
}

pub async fn an_event_is_kept_for_its_time_and_then_purged(world: &World) {
    world.sign_up("kari").await;
    world.advance(KEPT - TICK).await;
    let ola = world.sign_up("ola").await;
    assert_eq!(purge(world, AUDIT).await, NOTHING);
    world.advance(TICK * 2).await;
    assert_eq!(purge(world, AUDIT).await, Purged { audit: 1, ..NOTHING });
    let left: Vec<_> = world.events().await.into_iter().map(|event| event.user).collect();
    assert_eq!(left, [Some(ola.id)]);
}

pub async fn a_purge_takes_a_batch_of_each_kind_at_a_time(world: &World) {
    let kari = world.sign_up("kari").await;
    for _ in 0..5 {
        let session = world.sign_in(&kari).await;
        world.store.end_session(end(&session)).await.unwrap();
        ordered(world, Some(MailResult::Sent)).await;
    }
    world.advance(KEPT * 2).await;
    let day = Retention { sessions: KEPT, mail: KEPT, audit: KEPT };
    let first = world.store.purge(day, 2).await.unwrap();
    assert_eq!(first, Purged { sessions: 2, mail: 2, audit: 2, ..NOTHING });
    let mut total = first;
    loop {
        let next = world.store.purge(day, 2).await.unwrap();
        if next == NOTHING {
            break;
        }
        total = Purged {
            sessions: total.sessions + next.sessions,
            mail: total.mail + next.mail,
            audit: total.audit + next.audit,
            ..NOTHING
        };
    }
    // One sign-up, and for each of the five a sign-in, a sign-out and a request for a reset.
    assert_eq!(total, Purged { sessions: 5, mail: 5, audit: 16, ..NOTHING });
    assert_eq!((world.mails().await.len(), world.events().await.len()), (0, 0));
}

pub async fn a_purge_leaves_accounts_and_keys_alone(world: &World) {
    let decoy = world.put_decoy().await;
    let kari = world.sign_up("kari").await;
    world.store.remember_root_key(1, [1; 32]).await.unwrap();
    world.advance(FOREVER).await;
    let at_once = Retention { sessions: Duration::ZERO, mail: Duration::ZERO, audit: Duration::ZERO };
    purge(world, at_once).await;
    assert_eq!(world.account(&kari).await, Some(kari));
    assert_eq!(world.store.find_decoy(&co()).await.unwrap().unwrap().0, decoy);
    assert_eq!(world.store.root_key_fingerprints().await.unwrap().len(), 1);
}
