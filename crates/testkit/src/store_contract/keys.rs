//! Root key fingerprints and signing keys.

use super::World;
use crate::builders::{HOUR, audit, co, signing_key, ws};
use app::audit::AuditContext;
use app::ports::keys::{SigningAlgorithm, SigningKeyRecord};
use app::ports::store::Store;
use domain::event::EventKind;
use domain::time::UnixMillis;
use std::collections::BTreeSet;
use std::sync::Arc;

pub async fn the_first_fingerprint_of_a_root_key_wins(world: &World) {
    assert_eq!(world.store.root_key_fingerprints().await.unwrap(), []);
    assert_eq!(world.store.remember_root_key(1, [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(world.store.remember_root_key(1, [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(world.store.remember_root_key(u32::MAX, [3; 32]).await.unwrap(), [3; 32]);
    let mut known = world.store.root_key_fingerprints().await.unwrap();
    known.sort_unstable();
    assert_eq!(known, [(1, [1; 32]), (u32::MAX, [3; 32])]);
}

async fn add(store: &dyn Store, key: SigningKeyRecord, newer_than: Option<UnixMillis>) -> bool {
    store.add_signing_key(key, newer_than, AuditContext::system()).await.unwrap()
}

async fn kids(world: &World) -> BTreeSet<String> {
    world.store.list_signing_keys().await.unwrap().into_iter().map(|key| key.kid).collect()
}

pub async fn a_signing_key_is_kept_as_it_was_given(world: &World) {
    let now = world.now().await;
    for (kid, algorithm) in ["a", "b", "c"].into_iter().zip(SigningAlgorithm::ALL) {
        let key = SigningKeyRecord { algorithm, activates_at: now.plus(HOUR), ..signing_key(kid, now) };
        let key = SigningKeyRecord { sealed: vec![0, 255, 7], ..key };
        assert!(add(&*world.store, key.clone(), Some(now)).await);
        assert!(world.store.list_signing_keys().await.unwrap().contains(&key));
    }
    assert_eq!(kids(world).await.len(), 3);
}

pub async fn a_new_signing_key_is_recorded_by_its_id(world: &World) {
    let now = world.now().await;
    world.store.add_signing_key(signing_key("a", now), None, audit()).await.unwrap();
    let event = world.event_of(EventKind::SigningKeyRotated).await;
    assert_eq!((event.namespace, event.user, event.session), (Some(co()), None, None));
    assert_eq!((event.detail.as_deref(), event.audit), (Some("a"), audit()));
}

pub async fn a_namespace_gets_its_first_key_once(world: &World) {
    let now = world.now().await;
    assert!(add(&*world.store, signing_key("a", now), None).await);
    assert!(!add(&*world.store, signing_key("b", now), None).await);
    let other = SigningKeyRecord { namespace: ws(), ..signing_key("c", now) };
    assert!(add(&*world.store, other, None).await);
    assert_eq!(kids(world).await, BTreeSet::from(["a".to_owned(), "c".to_owned()]));
    assert_eq!(world.events_of(EventKind::SigningKeyRotated).await.len(), 2);
}

pub async fn a_key_that_another_node_made_meanwhile_is_enough(world: &World) {
    let first = world.now().await;
    assert!(add(&*world.store, signing_key("a", first), None).await);
    world.advance(HOUR).await;
    let second = world.now().await;
    assert!(add(&*world.store, signing_key("b", second), Some(first)).await);
    assert!(!add(&*world.store, signing_key("c", second), Some(first)).await);
    assert!(add(&*world.store, signing_key("d", second), Some(second)).await);
    assert!(!kids(world).await.contains("c"));
}

pub async fn of_many_nodes_that_rotate_at_once_one_does(world: &World) {
    let now = world.now().await;
    let nodes = (0..20).map(|n| {
        let store = Arc::clone(&world.store);
        tokio::spawn(async move { add(&*store, signing_key(&format!("key{n}"), now), None).await })
    });
    let mut added = 0;
    for node in nodes.collect::<Vec<_>>() {
        added += u32::from(node.await.unwrap());
    }
    assert_eq!((added, kids(world).await.len()), (1, 1));
}

pub async fn one_key_id_names_one_key(world: &World) {
    let now = world.now().await;
    assert!(add(&*world.store, signing_key("a", now), None).await);
    let again = SigningKeyRecord { namespace: ws(), ..signing_key("a", now) };
    assert!(world.store.add_signing_key(again, None, audit()).await.is_err());
    assert_eq!(world.store.list_signing_keys().await.unwrap().len(), 1);
    assert!(world.store.list_signing_keys().await.unwrap().contains(&signing_key("a", now)));
}

pub async fn forgotten_keys_are_gone_and_the_others_stay(world: &World) {
    let now = world.now().await;
    for kid in ["a", "b", "c"] {
        assert!(add(&*world.store, signing_key(kid, now), Some(now)).await);
    }
    world.store.remove_signing_keys(&["a".to_owned(), "c".to_owned(), "never".to_owned()]).await.unwrap();
    assert_eq!(kids(world).await, BTreeSet::from(["b".to_owned()]));
    world.store.remove_signing_keys(&[]).await.unwrap();
    assert_eq!(kids(world).await.len(), 1);
}

pub async fn a_forgotten_key_and_a_new_root_key_are_recorded(world: &World) {
    let now = world.now().await;
    assert!(add(&*world.store, signing_key("a", now), None).await);
    world.store.remove_signing_keys(&["a".to_owned(), "never".to_owned()]).await.unwrap();
    let event = world.event_of(EventKind::SigningKeyRetired).await;
    assert_eq!((event.namespace, event.detail.as_deref()), (Some(co()), Some("a")));
    assert_eq!(event.audit, AuditContext::system());
    for fingerprint in [[1; 32], [2; 32]] {
        world.store.remember_root_key(9, fingerprint).await.unwrap();
    }
    let event = world.event_of(EventKind::RootKeyRemembered).await;
    assert_eq!((event.namespace, event.detail.as_deref()), (None, Some("9")));
}
