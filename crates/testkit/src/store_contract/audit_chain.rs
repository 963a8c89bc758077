//! The audit log's own events, and the chain that is made of all of them. What a seal is made of is not the store's
//! business, so here they are numbers.

use super::World;
use crate::builders::{DAY, HOUR, TICK, audit, co, ws};
use app::audit::AuditContext;
use app::ports::rows::{Cell, EVENT_WIDTH, EVENTS};
use app::ports::store::{
    ChainMark, ChainPage, ChainRow, EventFilter, EventSeal, NewEvent, Purged, Retention, Store,
};
use domain::event::EventKind;
use domain::ids::{EventId, SessionId};
use domain::refresh_token::MacKeyId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const SETTLED: Duration = Duration::from_secs(5);
const LEASE: Duration = Duration::from_secs(4);

fn mark(seq: u64, seal: u8) -> ChainMark {
    ChainMark { seq, seal: [seal; 32], mac_key: MacKeyId(u32::MAX), mac: [seal + 1; 32] }
}

fn seals(from: u64, ids: &[EventId]) -> Vec<EventSeal> {
    let places = (from + 1..).zip(ids);
    places
        .map(|(seq, id)| EventSeal { id: *id, seq, key: MacKeyId(7), seal: [u8::try_from(seq).unwrap(); 32] })
        .collect()
}

async fn waiting(world: &World) -> Vec<EventId> {
    world.store.find_unsealed(SETTLED, 100).await.unwrap().events.into_iter().map(|(id, _)| id).collect()
}

/// Lets `count` accounts sign up and seals everything.
async fn chain_of(world: &World, count: u8) -> Vec<EventId> {
    for n in 0..count {
        world.sign_up(&format!("n{n}")).await;
        world.advance(TICK).await;
    }
    world.advance(SETTLED).await;
    let ids = waiting(world).await;
    assert_eq!(ids.len(), usize::from(count));
    let head = mark(u64::from(count), count);
    assert!(world.store.append_seals(0, seals(0, &ids), head).await.unwrap());
    ids
}

async fn chain(world: &World) -> ChainPage {
    world.store.read_chain(0, 100).await.unwrap()
}

fn id_of(row: &ChainRow) -> Cell {
    row.event[0].clone()
}

pub async fn an_event_that_nothing_else_causes_is_kept_as_it_was_given(world: &World) {
    let kari = world.sign_up("kari").await;
    let refused = NewEvent {
        namespace: Some(ws()),
        user: Some(kari.id),
        session: Some(SessionId::new(crate::builders::fresh_uuid())),
        detail: Some("sign-in".to_owned()),
        problem: Some("rate_limited".to_owned()),
        times: Some(u32::MAX),
        ..NewEvent::of(EventKind::CallsRefused, audit())
    };
    let started = NewEvent::of(EventKind::ServerStarted, AuditContext::system());
    world.advance(TICK).await;
    world.store.record_events(vec![refused.clone()]).await.unwrap();
    world.advance(TICK).await;
    world.store.record_events(vec![started.clone()]).await.unwrap();
    let mut kept = Vec::new();
    for row in world.events().await.into_iter().take(2).rev() {
        let (namespace, user, session) = (row.namespace, row.user, row.session);
        let (detail, problem, times) = (row.detail, row.problem, row.times);
        kept.push(NewEvent {
            kind: row.kind,
            namespace,
            user,
            session,
            audit: row.audit,
            detail,
            problem,
            times,
        });
    }
    assert_eq!(kept, [refused, started]);
    assert_eq!(world.event_of(EventKind::ServerStarted).await.at, world.now().await);
}

pub async fn events_are_found_oldest_first_by_what_is_asked_for(world: &World) {
    let begun = world.now().await;
    let (kari, ola) = (world.sign_up("kari").await, world.sign_up("ola").await);
    world.advance(HOUR).await;
    let later = world.now().await;
    world.sign_in(&kari).await;
    world.advance(HOUR).await;
    world.sign_in(&ola).await;
    let find = |filter: EventFilter, after, limit| async move {
        let rows = world.store.find_events(&filter, after, limit).await.unwrap();
        rows.into_iter().map(|row| row[2].clone()).collect::<Vec<_>>()
    };
    let [up, in_] = ["sign_up", "sign_in"].map(|kind| Cell::Text(kind.to_owned()));
    let all = EventFilter::default();
    assert_eq!(find(all.clone(), None, 10).await, [up.clone(), up.clone(), in_.clone(), in_.clone()]);
    assert_eq!(find(all.clone(), None, 3).await.len(), 3);
    let of_kari = EventFilter { user: Some(kari.id), ..all.clone() };
    assert_eq!(find(of_kari, None, 10).await, [up.clone(), in_.clone()]);
    let of_kind = EventFilter { kind: Some(EventKind::SignIn), ..all.clone() };
    assert_eq!(find(of_kind, None, 10).await.len(), 2);
    let since = EventFilter { since: Some(later), ..all.clone() };
    assert_eq!(find(since.clone(), None, 10).await, [in_.clone(), in_.clone()]);
    let between = EventFilter { until: Some(later.plus(HOUR)), ..since };
    assert_eq!(find(between, None, 10).await, [in_]);
    assert_eq!(find(EventFilter { until: Some(begun), ..all.clone() }, None, 10).await, []);
    // Page by page.
    let whole = world.store.find_events(&all, None, 10).await.unwrap();
    let Cell::Id(second) = whole[1][0] else { panic!("{whole:?}") };
    assert_eq!(world.store.find_events(&all, Some(EventId::new(second)), 10).await.unwrap(), whole[2..]);
    assert_eq!(whole[0].len(), EVENTS.columns.len());
}

pub async fn an_event_waits_to_be_sealed_once_it_has_settled(world: &World) {
    world.sign_up("kari").await;
    world.advance(SETTLED - TICK).await;
    world.sign_up("ola").await;
    assert_eq!(waiting(world).await, []);
    assert_eq!(world.store.count_unsealed().await.unwrap(), 2);
    world.advance(TICK * 2).await;
    let unsealed = world.store.find_unsealed(SETTLED, 100).await.unwrap();
    assert_eq!((unsealed.head, unsealed.events.len()), (None, 1));
    assert_eq!(unsealed.events[0].1.len(), EVENT_WIDTH);
    assert_eq!(unsealed.events[0].1[2], Cell::Text("sign_up".to_owned()));
    assert_eq!(world.store.find_unsealed(SETTLED, 0).await.unwrap().events, []);
}

pub async fn sealed_events_take_their_places_and_the_head_moves(world: &World) {
    let ids = chain_of(world, 5).await;
    let page = chain(world).await;
    assert_eq!((page.head, page.cut), (Some(mark(5, 5)), None));
    assert_eq!(page.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(
        page.rows.iter().map(id_of).collect::<Vec<_>>(),
        ids.iter().map(|id| Cell::Id(id.uuid())).collect::<Vec<_>>()
    );
    assert_eq!((page.rows[2].key, page.rows[2].seal), (Some(MacKeyId(7)), Some([3; 32])));
    assert_eq!(world.store.count_unsealed().await.unwrap(), 0);
    assert_eq!(waiting(world).await, []);
    let rest = world.store.read_chain(3, 1).await.unwrap();
    assert_eq!((rest.rows.len(), rest.rows[0].seq, rest.head), (1, 4, Some(mark(5, 5))));
    let nothing = world.store.read_chain(5, 10).await.unwrap();
    assert_eq!((nothing.rows.len(), nothing.head), (0, Some(mark(5, 5))));
    assert_eq!(world.store.find_unsealed(SETTLED, 100).await.unwrap().head, Some(mark(5, 5)));
}

/// What was read to be sealed is what is read to be verified.
pub async fn an_event_reads_the_same_before_and_after_it_is_sealed(world: &World) {
    let kari = world.sign_up("kari").await;
    world.sign_in(&kari).await;
    world.advance(SETTLED + TICK).await;
    let before = world.store.find_unsealed(SETTLED, 100).await.unwrap().events;
    let ids: Vec<_> = before.iter().map(|(id, _)| *id).collect();
    assert!(world.store.append_seals(0, seals(0, &ids), mark(2, 2)).await.unwrap());
    let after: Vec<_> = chain(world).await.rows.into_iter().map(|row| row.event).collect();
    assert_eq!(before.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), after);
}

pub async fn seals_after_another_head_change_nothing(world: &World) {
    chain_of(world, 3).await;
    world.sign_up("late").await;
    world.advance(SETTLED + TICK).await;
    let ids = waiting(world).await;
    let before = chain(world).await;
    for from in [0, 2, 4] {
        let appended = world.store.append_seals(from, seals(from, &ids), mark(from + 1, 9)).await.unwrap();
        assert!(!appended, "{from}");
        assert_eq!(chain(world).await, before);
    }
    assert!(world.store.append_seals(3, seals(3, &ids), mark(4, 9)).await.unwrap());
}

pub async fn one_event_that_is_gone_or_sealed_keeps_its_whole_batch_out(world: &World) {
    let sealed = chain_of(world, 2).await;
    world.sign_up("late").await;
    world.advance(SETTLED + TICK).await;
    let late = waiting(world).await[0];
    let before = chain(world).await;
    for other in [sealed[0], EventId::new(crate::builders::fresh_uuid())] {
        let batch = seals(2, &[late, other]);
        assert!(!world.store.append_seals(2, batch, mark(4, 9)).await.unwrap());
        assert_eq!((chain(world).await, waiting(world).await), (before.clone(), vec![late]));
    }
}

/// Each sealer reads and appends as fast as it can, without any lease.
pub async fn the_chain_never_forks_whoever_seals_at_once(world: &World) {
    for n in 0..40 {
        world.sign_up(&format!("n{n}")).await;
    }
    world.advance(SETTLED + TICK).await;
    let mut sealers = JoinSet::new();
    for number in 0..6 {
        sealers.spawn(seal_all(Arc::clone(&world.store), number));
    }
    let sealed: usize = sealers.join_all().await.into_iter().sum();
    let page = chain(world).await;
    assert_eq!((sealed, page.rows.len()), (40, 40));
    assert!((1..=40).eq(page.rows.iter().map(|row| row.seq)), "{page:?}");
    let Some(last) = page.rows.last() else { unreachable!("there are forty") };
    assert_eq!(page.head.map(|head| (head.seq, Some(head.seal))), Some((40, last.seal)));
    let ids: BTreeSet<_> = page.rows.iter().map(|row| format!("{:?}", id_of(row))).collect();
    assert_eq!(ids.len(), 40);
}

async fn seal_all(store: Arc<dyn Store>, number: u8) -> usize {
    let mut sealed = 0;
    loop {
        let unsealed = store.find_unsealed(SETTLED, 3).await.unwrap();
        let ids: Vec<_> = unsealed.events.iter().map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return sealed;
        }
        let from = unsealed.head.map_or(0, |head| head.seq);
        let mut batch = seals(from, &ids);
        batch.iter_mut().for_each(|seal| seal.seal[0] = number);
        let last = *batch.last().unwrap();
        let head = ChainMark { seal: last.seal, ..mark(last.seq, 0) };
        if store.append_seals(from, batch, head).await.unwrap() {
            sealed += ids.len();
        }
    }
}

pub async fn one_node_has_the_sealing_until_its_lease_ends(world: &World) {
    let claim = || async { world.store.claim_sealing(LEASE).await.unwrap() };
    assert!(claim().await);
    assert!(!claim().await);
    world.advance(LEASE - TICK).await;
    assert!(!claim().await);
    world.advance(TICK).await;
    assert!(claim().await);
    // A clock that is put back does not stop the sealing until it has caught up.
    world.turn_back(HOUR).await;
    assert!(claim().await);
    assert!(!claim().await);
}

pub async fn of_many_nodes_that_claim_the_sealing_at_once_one_has_it(world: &World) {
    let mut nodes = JoinSet::new();
    for _ in 0..10 {
        let store = Arc::clone(&world.store);
        nodes.spawn(async move { store.claim_sealing(LEASE).await.unwrap() });
    }
    assert_eq!(nodes.join_all().await.into_iter().filter(|has| *has).count(), 1);
}

pub async fn a_purge_leaves_what_is_sealed_to_the_cut(world: &World) {
    chain_of(world, 3).await;
    world.sign_up("late").await;
    world.advance(DAY * 2).await;
    let forever = DAY * 36_500;
    let retention = Retention { sessions: forever, mail: forever, audit: DAY };
    let purged = world.store.purge(retention, 100).await.unwrap();
    assert_eq!(purged, Purged { audit: 1, ..Purged::default() });
    assert_eq!((chain(world).await.rows.len(), world.events().await.len()), (3, 3));
}

pub async fn a_cut_removes_the_beginning_and_keeps_its_mark(world: &World) {
    chain_of(world, 5).await;
    assert_eq!(world.store.cut_chain(mark(2, 2)).await.unwrap(), 2);
    let page = chain(world).await;
    assert_eq!((page.head, page.cut), (Some(mark(5, 5)), Some(mark(2, 2))));
    assert_eq!(page.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 4, 5]);
    for not_further in [mark(2, 8), mark(1, 1)] {
        assert_eq!(world.store.cut_chain(not_further).await.unwrap(), 0);
        assert_eq!(chain(world).await, page);
    }
    // All of it, and the next event still comes after the last.
    assert_eq!(world.store.cut_chain(mark(5, 5)).await.unwrap(), 3);
    world.sign_up("late").await;
    world.advance(SETTLED + TICK).await;
    let ids = waiting(world).await;
    assert!(world.store.append_seals(5, seals(5, &ids), mark(6, 6)).await.unwrap());
    let page = chain(world).await;
    assert_eq!((page.rows.len(), page.rows[0].seq, page.cut), (1, 6, Some(mark(5, 5))));
}

pub async fn deleting_a_user_changes_nothing_that_is_sealed(world: &World) {
    let kari = world.sign_up("kari").await;
    world.sign_in(&kari).await;
    world.advance(SETTLED + TICK).await;
    let ids = waiting(world).await;
    assert!(world.store.append_seals(0, seals(0, &ids), mark(2, 2)).await.unwrap());
    let before = chain(world).await;
    assert!(world.store.delete_account(&co(), kari.id, audit()).await.unwrap());
    assert_eq!(chain(world).await, before);
    assert!(!format!("{before:?}").contains("kari@"));
}

pub async fn a_chain_that_is_taken_apart_waits_to_be_sealed_anew(world: &World) {
    let ids = chain_of(world, 4).await;
    world.store.cut_chain(mark(1, 1)).await.unwrap();
    let taken = world.store.restart_chain("row 2 was edited".to_owned(), AuditContext::operator()).await;
    assert_eq!(taken.unwrap(), 3);
    assert_eq!(chain(world).await, ChainPage { head: None, cut: None, rows: Vec::new() });
    let event = world.event_of(EventKind::AuditRestarted).await;
    assert_eq!((event.detail.as_deref(), event.audit), (Some("row 2 was edited"), AuditContext::operator()));
    world.advance(SETTLED).await;
    let waits = waiting(world).await;
    assert_eq!((waits.len(), &waits[..3]), (4, &ids[1..]));
    assert!(world.store.append_seals(0, seals(0, &waits), mark(4, 9)).await.unwrap());
}
