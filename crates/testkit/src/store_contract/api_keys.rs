//! API keys of applications.

use super::World;
use crate::builders::{DAY, HOUR, TICK, audit, co, fresh_uuid, new_api_key, rotation, ws};
use app::audit::AuditContext;
use app::ports::store::{AddApiKeyOutcome, ApiKeyChange, NewApiKey, Retention};
use domain::api_key::{ApiKey, KnownSecret};
use domain::event::EventKind;
use domain::ids::ApiKeyId;
use std::sync::Arc;
use std::time::Duration;

async fn add(world: &World, new: NewApiKey) -> ApiKey {
    match world.store.add_api_key(new).await.unwrap() {
        AddApiKeyOutcome::Added(key) => key,
        AddApiKeyOutcome::NameTaken => panic!("the name is taken"),
    }
}

async fn find(world: &World, key: &ApiKey) -> ApiKey {
    world.store.find_api_key(key.id).await.unwrap().unwrap().key
}

/// Whether the secret with this hash works now, by the store's word and clock.
async fn works(world: &World, key: &ApiKey, digest: u8) -> bool {
    let view = world.store.find_api_key(key.id).await.unwrap().unwrap();
    !view.key.works_for(&[digest; 32], view.now).is_zero()
}

async fn rotate(world: &World, key: &ApiKey, digest: u8) -> ApiKeyChange {
    world.store.rotate_api_key(&key.namespace, key.id, rotation(digest), audit()).await.unwrap()
}

async fn revoke(world: &World, key: &ApiKey) -> ApiKeyChange {
    world.store.revoke_api_key(&key.namespace, key.id, audit()).await.unwrap()
}

pub async fn an_api_key_is_kept_as_it_was_asked_for(world: &World) {
    let new = NewApiKey { lifetime: Some(DAY), ..new_api_key("Car Owner app") };
    let (id, name, now) = (new.id, new.name.clone(), world.now().await);
    let wanted = ApiKey {
        id,
        namespace: co(),
        name,
        current: KnownSecret { digest: [1; 32], expires_at: Some(now.plus(DAY)) },
        previous: None,
        created_at: now,
        rotated_at: now,
        revoked_at: None,
        last_used_at: None,
    };
    assert_eq!(add(world, new).await, wanted);
    let view = world.store.find_api_key(id).await.unwrap().unwrap();
    assert_eq!((view.key, view.now), (wanted.clone(), now));
    assert_eq!(world.store.list_api_keys(&co()).await.unwrap(), [wanted]);
    assert_eq!(world.store.find_api_key(ApiKeyId::new(fresh_uuid())).await.unwrap(), None);
}

pub async fn an_api_key_expires_by_the_stores_clock(world: &World) {
    let key = add(world, NewApiKey { lifetime: Some(HOUR), ..new_api_key("web") }).await;
    let lasting = add(world, new_api_key("lasting")).await;
    world.advance(HOUR - TICK).await;
    assert!(works(world, &key, 1).await && !works(world, &key, 2).await);
    world.advance(TICK).await;
    assert!(!works(world, &key, 1).await && works(world, &lasting, 1).await);
}

pub async fn a_name_is_one_keys_until_it_is_revoked(world: &World) {
    let first = add(world, new_api_key("web")).await;
    let taken = world.store.add_api_key(new_api_key("web")).await.unwrap();
    assert_eq!(taken, AddApiKeyOutcome::NameTaken);
    assert_eq!(world.store.list_api_keys(&co()).await.unwrap(), std::slice::from_ref(&first));
    revoke(world, &first).await;
    let second = add(world, new_api_key("web")).await;
    let listed = world.store.list_api_keys(&co()).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.id).collect::<Vec<_>>(), [first.id, second.id]);
}

pub async fn each_namespace_has_api_keys_of_its_own(world: &World) {
    let here = add(world, new_api_key("web")).await;
    let there = add(world, NewApiKey { namespace: ws(), ..new_api_key("web") }).await;
    assert_eq!(world.store.list_api_keys(&co()).await.unwrap(), [here]);
    assert_eq!(world.store.list_api_keys(&ws()).await.unwrap(), [there]);
}

pub async fn a_rotation_keeps_the_secret_before_for_its_overlap(world: &World) {
    let key = add(world, NewApiKey { lifetime: Some(DAY), ..new_api_key("web") }).await;
    world.advance(HOUR).await;
    let ApiKeyChange::Done(rotated) = rotate(world, &key, 2).await else { panic!("refused") };
    assert_eq!(rotated, key.rotated(rotation(2), world.now().await));
    assert_eq!(find(world, &key).await, rotated);
    world.advance(HOUR - TICK).await;
    assert!(works(world, &key, 1).await && works(world, &key, 2).await);
    world.advance(TICK).await;
    assert!(!works(world, &key, 1).await && works(world, &key, 2).await);
}

pub async fn of_two_rotations_at_once_neither_is_lost(world: &World) {
    let key = add(world, new_api_key("web")).await;
    let rotations = (2..10).map(|digest| {
        let (store, id) = (Arc::clone(&world.store), key.id);
        tokio::spawn(async move { store.rotate_api_key(&co(), id, rotation(digest), audit()).await.unwrap() })
    });
    for rotation in rotations.collect::<Vec<_>>() {
        assert!(matches!(rotation.await.unwrap(), ApiKeyChange::Done(_)));
    }
    let last = find(world, &key).await;
    let (current, previous) = (last.current.digest, last.previous.unwrap().digest);
    assert_ne!(current, previous);
    assert!(previous != [1; 32] && current != [1; 32], "eight secrets later the first one is long gone");
    assert_eq!(world.events_of(EventKind::ApiKeyRotated).await.len(), 8);
}

pub async fn a_revoked_key_is_revoked_for_good(world: &World) {
    let key = add(world, new_api_key("web")).await;
    world.advance(HOUR).await;
    let ApiKeyChange::Done(revoked) = revoke(world, &key).await else { panic!("refused") };
    assert_eq!(revoked, ApiKey { revoked_at: Some(world.now().await), ..key.clone() });
    assert!(!works(world, &key, 1).await);
    assert_eq!(rotate(world, &key, 2).await, ApiKeyChange::Refused);
    assert_eq!(revoke(world, &key).await, ApiKeyChange::Refused);
    assert_eq!(find(world, &key).await, revoked);
    assert_eq!(world.events_of(EventKind::ApiKeyRevoked).await.len(), 1);
}

pub async fn a_change_to_a_key_of_another_namespace_is_refused(world: &World) {
    let key = add(world, new_api_key("web")).await;
    let from_there = ApiKey { namespace: ws(), ..key.clone() };
    assert_eq!(rotate(world, &from_there, 2).await, ApiKeyChange::Refused);
    assert_eq!(revoke(world, &from_there).await, ApiKeyChange::Refused);
    assert_eq!(find(world, &key).await, key);
}

pub async fn a_use_is_noted_without_an_event(world: &World) {
    let (used, idle) = (add(world, new_api_key("used")).await, add(world, new_api_key("idle")).await);
    let events = world.events().await.len();
    world.advance(HOUR).await;
    world.store.note_api_key_uses(&[used.id, ApiKeyId::new(fresh_uuid())]).await.unwrap();
    let now = world.now().await;
    assert_eq!(find(world, &used).await.last_used_at, Some(now));
    assert_eq!(find(world, &idle).await.last_used_at, None);
    world.turn_back(HOUR).await;
    world.store.note_api_key_uses(&[used.id]).await.unwrap();
    assert_eq!(find(world, &used).await.last_used_at, Some(now), "a clock that is put back forgets nothing");
    rotate(world, &used, 2).await;
    assert_eq!(find(world, &used).await.last_used_at, Some(now));
    world.store.note_api_key_uses(&[]).await.unwrap();
    assert_eq!(world.events().await.len(), events + 1);
}

pub async fn asvs_16_3_4_every_change_of_a_key_is_recorded_by_its_id(world: &World) {
    let key = add(world, new_api_key("web")).await;
    rotate(world, &key, 2).await;
    revoke(world, &key).await;
    let id = key.id.to_string();
    let made = world.event_of(EventKind::ApiKeyCreated).await;
    assert_eq!(made.audit, AuditContext::operator());
    for event in
        [made, world.event_of(EventKind::ApiKeyRotated).await, world.event_of(EventKind::ApiKeyRevoked).await]
    {
        assert_eq!((event.namespace, event.user, event.session), (Some(co()), None, None));
        assert_eq!(event.detail.as_deref(), Some(id.as_str()));
    }
}

pub async fn a_purge_and_a_restore_leave_api_keys_alone(world: &World) {
    let key = add(world, NewApiKey { lifetime: Some(HOUR), ..new_api_key("web") }).await;
    world.advance(DAY).await;
    let at_once = Retention { sessions: Duration::ZERO, mail: Duration::ZERO, audit: Duration::ZERO };
    world.store.purge(at_once, 100).await.unwrap();
    world.store.void_after_restore(AuditContext::operator()).await.unwrap();
    assert_eq!(find(world, &key).await, key);
}
