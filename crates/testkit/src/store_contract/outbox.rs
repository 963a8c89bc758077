//! The outbox: orders, leases, retries.

use super::World;
use super::world::LEASE;
use crate::builders::{
    DAY, TICK, audit, co, email, forgot, fresh_uuid, new_account_in_secret, notice, redirect, verification,
};
use app::outbox::{MailOrder, MailState, MailSubject, Notice, OutboxRow, SignInNotice};
use app::ports::store::{ClaimedMail, MailLease, MailResult};
use domain::account::User;
use domain::event::EventKind;
use domain::ids::{OutboxId, SessionId};
use domain::locale::Locale;
use std::time::Duration;

/// Writes `count` orders, one in each millisecond.
async fn orders(world: &World, count: usize) -> Vec<OutboxId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(world.store.order_mail(forgot(&format!("n{n}")), audit()).await.unwrap());
        world.advance(TICK).await;
    }
    ids
}

async fn claim(world: &World, limit: u32) -> Vec<OutboxId> {
    let claimed = world.store.claim_mail(limit, LEASE).await.unwrap();
    claimed.into_iter().map(|mail| mail.id).collect()
}

fn retry(wait: Duration) -> MailResult {
    MailResult::Retry { wait, may_have_reached_data: false, reason: "451 later".to_owned() }
}

async fn the_row(world: &World) -> OutboxRow {
    let mut rows = world.mails().await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

pub async fn an_order_is_kept_word_for_word(world: &World) {
    let kari = world.sign_up("kari").await;
    let mut given = Vec::new();
    for locale in Locale::ALL {
        let redirect = redirect("http://localhost:5000/reset?a=b%20c");
        let subject = MailSubject::ForgotPassword { email: email("somebody.else"), redirect };
        given.push(MailOrder { namespace: co(), locale, subject });
        given.push(MailOrder { locale, ..verification("somebody.new") });
        given.push(MailOrder { locale, ..new_account_in_secret("somebody.old").mails.unwrap().taken });
        for about in Notice::ALL {
            given.push(MailOrder { locale, ..notice(&kari, about) });
        }
        for notice in SignInNotice::ALL {
            let subject =
                MailSubject::SignIn { user: kari.id, session: SessionId::new(fresh_uuid()), notice };
            given.push(MailOrder { namespace: co(), locale, subject });
        }
    }
    for order in &given {
        world.store.order_mail(order.clone(), audit()).await.unwrap();
        world.advance(TICK).await;
    }
    assert_eq!(world.orders().await, given);
    let claimed = world.store.claim_mail(100, LEASE).await.unwrap();
    assert_eq!(claimed.into_iter().map(|mail| mail.order).collect::<Vec<_>>(), given);
}

pub async fn a_new_order_is_due_at_once(world: &World) {
    let id = world.store.order_mail(forgot("kari"), audit()).await.unwrap();
    let now = world.now().await;
    let row = OutboxRow {
        id,
        order: forgot("kari"),
        state: MailState::Pending,
        attempts: 0,
        created_at: now,
        next_attempt_at: now,
        last_error: None,
    };
    assert_eq!(the_row(world).await, row);
    assert_eq!(world.store.next_mail_due().await.unwrap(), Some(Duration::ZERO));
}

/// ASVS 6.3.8: neither the event nor anything else of the write depends on whether there is an account.
pub async fn a_request_for_a_reset_is_recorded_without_address_and_account(world: &World) {
    world.sign_up("kari").await;
    for name in ["kari", "nobody"] {
        world.store.order_mail(forgot(name), audit()).await.unwrap();
        world.advance(TICK).await;
    }
    for event in world.events_of(EventKind::ForgotPassword).await {
        assert_eq!((event.user, event.session, event.detail), (None, None, None));
        assert_eq!((event.namespace, event.audit), (Some(co()), audit()));
    }
    assert_eq!(world.events_of(EventKind::ForgotPassword).await.len(), 2);
    assert!(!format!("{:?}", world.events().await).contains("example.com"));
}

pub async fn a_notice_is_no_event_of_its_own(world: &World) {
    let kari = world.sign_up("kari").await;
    let before = world.events().await;
    world.store.order_mail(notice(&kari, Notice::PasswordChanged), audit()).await.unwrap();
    assert_eq!(world.events().await, before);
}

pub async fn due_orders_are_leased_oldest_first_up_to_the_limit(world: &World) {
    let ids = orders(world, 5).await;
    assert_eq!(claim(world, 2).await, ids[..2]);
    assert_eq!(claim(world, 0).await, []);
    assert_eq!(claim(world, 2).await, ids[2..4]);
    assert_eq!(claim(world, 2).await, ids[4..]);
    assert_eq!(claim(world, 2).await, []);
}

/// A newer order does not wait behind an older one that failed and became due again only now.
pub async fn the_order_that_has_been_due_for_longest_comes_first(world: &World) {
    let ids = orders(world, 2).await;
    claim(world, 1).await;
    world.finish(ids[0], retry(Duration::from_secs(1))).await;
    world.advance(Duration::from_secs(1)).await;
    assert_eq!(claim(world, 2).await, [ids[1], ids[0]]);
}

pub async fn a_lease_that_ends_makes_the_order_due_again_and_every_claim_counts(world: &World) {
    let ids = orders(world, 1).await;
    for attempts in 1..=3 {
        let until = world.now().await.plus(LEASE);
        assert_eq!(world.claim().await, ClaimedMail { id: ids[0], order: forgot("n0"), attempts, until });
        assert_eq!(the_row(world).await.attempts, attempts);
        assert_eq!(world.store.next_mail_due().await.unwrap(), Some(LEASE));
        world.advance(LEASE - TICK).await;
        assert_eq!(claim(world, 10).await, []);
        assert_eq!(world.store.next_mail_due().await.unwrap(), Some(TICK));
        world.advance(TICK).await;
    }
}

pub async fn a_sent_order_is_over(world: &World) {
    let ids = orders(world, 1).await;
    claim(world, 1).await;
    world.finish(ids[0], MailResult::Sent).await;
    let row = the_row(world).await;
    assert_eq!((row.state, row.attempts, row.last_error), (MailState::Sent, 1, None));
    assert_eq!(world.store.next_mail_due().await.unwrap(), None);
    world.advance(DAY).await;
    assert_eq!(claim(world, 1).await, []);
}

pub async fn a_retry_waits_as_long_as_it_is_told(world: &World) {
    let ids = orders(world, 1).await;
    claim(world, 1).await;
    let wait = Duration::from_secs(300);
    world.finish(ids[0], retry(wait)).await;
    let row = the_row(world).await;
    assert_eq!((row.state, row.attempts), (MailState::Pending, 1));
    assert_eq!(
        (row.last_error.as_deref(), row.next_attempt_at),
        (Some("451 later"), world.now().await.plus(wait))
    );
    assert_eq!(world.store.next_mail_due().await.unwrap(), Some(wait));
    world.advance(wait - TICK).await;
    assert_eq!(claim(world, 1).await, []);
    world.advance(TICK).await;
    assert_eq!(world.claim().await.attempts, 2);
}

pub async fn a_dead_order_waits_for_an_operator(world: &World) {
    let ids = orders(world, 2).await;
    claim(world, 2).await;
    world.finish(ids[0], MailResult::Dead { reason: "550 no".to_owned() }).await;
    world.finish(ids[1], MailResult::Sent).await;
    world.advance(DAY).await;
    assert_eq!(claim(world, 2).await, []);
    assert_eq!(world.store.next_mail_due().await.unwrap(), None);
    let unsent = world.store.list_mail(false, 10).await.unwrap();
    assert_eq!(unsent.len(), 1);
    assert_eq!((unsent[0].id, unsent[0].state), (ids[0], MailState::Dead));
    assert_eq!(unsent[0].last_error.as_deref(), Some("550 no"));
}

pub async fn an_operator_retries_one_dead_order_or_all_with_a_fresh_count(world: &World) {
    let ids = orders(world, 4).await;
    claim(world, 4).await;
    for id in &ids[..3] {
        world.finish(*id, MailResult::Dead { reason: "550 no".to_owned() }).await;
    }
    world.finish(ids[3], MailResult::Sent).await;
    assert_eq!(world.store.retry_mail(Some(ids[3])).await.unwrap(), 0);
    assert_eq!(world.store.retry_mail(Some(OutboxId::new(fresh_uuid()))).await.unwrap(), 0);
    assert_eq!(world.store.retry_mail(Some(ids[1])).await.unwrap(), 1);
    assert_eq!(world.store.next_mail_due().await.unwrap(), Some(Duration::ZERO));
    let claimed = world.claim().await;
    assert_eq!((claimed.id, claimed.attempts), (ids[1], 1));
    assert_eq!(world.store.retry_mail(None).await.unwrap(), 2);
    assert_eq!(world.store.retry_mail(None).await.unwrap(), 0);
    world.advance(TICK).await;
    assert_eq!(claim(world, 10).await.len(), 2);
}

/// A worker that was away for longer than its lease comes back after another one has finished.
pub async fn a_result_for_an_order_that_is_over_changes_nothing(world: &World) {
    let ids = orders(world, 1).await;
    claim(world, 1).await;
    world.finish(ids[0], MailResult::Sent).await;
    let sent = the_row(world).await;
    for late in [retry(Duration::ZERO), MailResult::Dead { reason: "late".to_owned() }] {
        world.finish(ids[0], late).await;
        assert_eq!(the_row(world).await, sent);
    }
    let unknown = MailLease { order: OutboxId::new(fresh_uuid()), attempts: 1, until: world.now().await };
    assert!(!world.store.finish_mail(unknown, MailResult::Sent).await.unwrap());
}

/// A worker that was away for longer than its lease comes back while another one is at it, or after an operator began the count
/// anew: its result belongs to no attempt that is still open.
pub async fn a_result_of_an_attempt_that_another_has_taken_over_changes_nothing(world: &World) {
    orders(world, 1).await;
    let lost = world.claim().await;
    world.advance(LEASE).await;
    let second = world.claim().await;
    assert_ne!(lost.lease(), second.lease());
    let late = || [MailResult::Sent, retry(Duration::ZERO), MailResult::Dead { reason: "late".to_owned() }];
    let before = the_row(world).await;
    for result in late() {
        assert!(!world.store.finish_mail(lost.lease(), result).await.unwrap());
        assert_eq!(the_row(world).await, before);
    }
    let dead = MailResult::Dead { reason: "550 no".to_owned() };
    assert!(world.store.finish_mail(second.lease(), dead).await.unwrap());
    assert_eq!(world.store.retry_mail(None).await.unwrap(), 1);
    let again = world.claim().await;
    assert_eq!(again.attempts, lost.attempts, "the count began anew");
    let before = the_row(world).await;
    for result in late() {
        assert!(!world.store.finish_mail(lost.lease(), result).await.unwrap());
        assert_eq!(the_row(world).await, before);
    }
    assert!(world.store.finish_mail(again.lease(), MailResult::Sent).await.unwrap());
    assert!(!world.store.finish_mail(again.lease(), MailResult::Sent).await.unwrap(), "once");
    assert_eq!(the_row(world).await.state, MailState::Sent);
}

pub async fn the_next_order_due_is_the_one_that_waits_the_least(world: &World) {
    assert_eq!(world.store.next_mail_due().await.unwrap(), None);
    let ids = orders(world, 2).await;
    claim(world, 2).await;
    world.finish(ids[0], retry(Duration::from_secs(90))).await;
    world.finish(ids[1], retry(Duration::from_secs(30))).await;
    assert_eq!(world.store.next_mail_due().await.unwrap(), Some(Duration::from_secs(30)));
    world.advance(Duration::from_secs(45)).await;
    assert_eq!(world.store.next_mail_due().await.unwrap(), Some(Duration::ZERO));
}

pub async fn orders_are_listed_oldest_first_up_to_the_limit(world: &World) {
    let ids = orders(world, 4).await;
    claim(world, 1).await;
    world.finish(ids[0], MailResult::Sent).await;
    let list = |with_sent, limit| async move {
        let rows = world.store.list_mail(with_sent, limit).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(true, 3).await, ids[..3]);
    assert_eq!(list(false, 2).await, ids[1..3]);
    assert_eq!(list(false, 10).await, ids[1..]);
}

pub async fn two_workers_never_hold_one_order(world: &World) {
    let ids = orders(world, 40).await;
    let claims = (0..20).map(|_| {
        let store = std::sync::Arc::clone(&world.store);
        tokio::spawn(async move { store.claim_mail(3, LEASE).await.unwrap() })
    });
    let mut held = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        held.extend(claim.await.unwrap().into_iter().map(|mail| mail.id));
    }
    held.sort();
    assert_eq!(held, ids);
}

pub async fn a_notice_outlives_the_change_of_what_it_tells(world: &World) {
    let kari: User = world.sign_up("kari").await;
    world.store.order_mail(notice(&kari, Notice::RefreshReused), audit()).await.unwrap();
    world.set_status(&kari, domain::account::AccountStatus::Disabled).await;
    assert_eq!(world.claim().await.order, notice(&kari, Notice::RefreshReused));
}
