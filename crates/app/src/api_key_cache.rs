//! Keys that this process has seen working, for a short time: a revoked one dies within it on every node.

use crate::ports::store::ApiKeyView;
use domain::api_key::SecretDigest;
use domain::ids::ApiKeyId;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many keys are remembered at the most. Only keys that exist are.
const KEYS_MAX: usize = 10_000;
/// A key's last use is written down this often at the most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(3600);

/// The keys.
pub struct ApiKeyCache {
    keys: Mutex<HashMap<ApiKeyId, Entry>>,
    time_to_live: Duration,
}

struct Entry {
    view: ApiKeyView,
    /// When it was read, by the node's clock: only spans are measured by it, deadlines are the store's.
    read_at: UnixMillis,
    /// Whether it was used since that was last noted.
    is_used: bool,
}

/// What is known of a key and its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It works.
    Admitted,
    /// It worked, too long ago to be believed.
    Stale,
    /// Nothing: the secret may be new, or none.
    No,
}

impl ApiKeyCache {
    /// An empty one that believes what it read for so long.
    pub fn new(time_to_live: Duration) -> Self {
        Self { keys: Mutex::default(), time_to_live }
    }

    pub(crate) fn look(
        &self,
        key: ApiKeyId,
        namespace: &NamespaceName,
        digest: &SecretDigest,
        now: UnixMillis,
    ) -> Known {
        let mut keys = self.keys();
        let Some(entry) = keys.get_mut(&key) else { return Known::No };
        let age = now.since(entry.read_at);
        let works_for = entry.view.key.works_for(digest, entry.view.now);
        if entry.view.key.namespace != *namespace || works_for.is_zero() {
            return Known::No;
        }
        // A clock that was put back says nothing about an age.
        if now < entry.read_at || age >= self.time_to_live || age >= works_for {
            return Known::Stale;
        }
        entry.is_used = true;
        Known::Admitted
    }

    pub(crate) fn remember(&self, view: ApiKeyView, read_at: UnixMillis, is_used: bool) {
        let mut keys = self.keys();
        if keys.len() >= KEYS_MAX && !keys.contains_key(&view.key.id) {
            keys.clear();
        }
        let was_used = keys.get(&view.key.id).is_some_and(|entry| entry.is_used);
        keys.insert(view.key.id, Entry { view, read_at, is_used: is_used || was_used });
    }

    pub(crate) fn forget(&self, key: ApiKeyId) {
        self.keys().remove(&key);
    }

    /// The keys whose use is to be noted. They are not named again within the hour.
    pub(crate) fn take_uses(&self, now: UnixMillis) -> Vec<ApiKeyId> {
        let mut due = Vec::new();
        for (id, entry) in self.keys().iter_mut().filter(|(_, entry)| entry.is_used) {
            let at = entry.view.now.plus(now.since(entry.read_at));
            let last = entry.view.key.last_used_at;
            if last.is_none_or(|last| at.since(last) >= USE_NOTED_EVERY) {
                entry.view.key.last_used_at = Some(at);
                due.push(*id);
            }
            entry.is_used = false;
        }
        due
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<ApiKeyId, Entry>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::api_key::{ApiKey, ApiKeyName, KnownSecret};
    use uuid::Uuid;

    const LIVE: Duration = Duration::from_secs(30);

    fn at(second: i64) -> UnixMillis {
        UnixMillis::from_secs(second)
    }

    fn co() -> NamespaceName {
        NamespaceName::parse("co").unwrap()
    }

    /// A key with the secret 1, read by a store whose clock is an hour ahead.
    fn view(id: u128, expires_at: Option<i64>) -> ApiKeyView {
        let expires_at = expires_at.map(|second| at(3600 + second));
        let key = ApiKey {
            id: ApiKeyId::new(Uuid::from_u128(id)),
            namespace: co(),
            name: ApiKeyName::parse("web").unwrap(),
            current: KnownSecret { digest: [1; 32], expires_at },
            previous: None,
            created_at: at(0),
            rotated_at: at(0),
            revoked_at: None,
            last_used_at: None,
        };
        ApiKeyView { key, now: at(3600) }
    }

    fn look(cache: &ApiKeyCache, secret: u8, second: i64) -> Known {
        cache.look(ApiKeyId::new(Uuid::from_u128(7)), &co(), &[secret; 32], at(second))
    }

    fn cache(expires_at: Option<i64>) -> ApiKeyCache {
        let cache = ApiKeyCache::new(LIVE);
        cache.remember(view(7, expires_at), at(0), true);
        cache
    }

    #[test]
    fn a_key_is_believed_for_its_time_and_then_asked_for_again() {
        let cache = cache(None);
        assert_eq!((look(&cache, 1, 0), look(&cache, 1, 29)), (Known::Admitted, Known::Admitted));
        assert_eq!((look(&cache, 1, 30), look(&cache, 1, -1)), (Known::Stale, Known::Stale));
        assert_eq!(look(&cache, 2, 0), Known::No);
        let ws = NamespaceName::parse("ws").unwrap();
        assert_eq!(cache.look(ApiKeyId::new(Uuid::from_u128(7)), &ws, &[1; 32], at(0)), Known::No);
    }

    #[test]
    fn asvs_13_3_4_an_end_within_that_time_counts_by_the_stores_clock() {
        let cache = cache(Some(10));
        assert_eq!((look(&cache, 1, 9), look(&cache, 1, 10)), (Known::Admitted, Known::Stale));
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let cache = cache(None);
        assert_eq!(cache.take_uses(at(1)).len(), 1);
        assert_eq!(look(&cache, 1, 2), Known::Admitted);
        assert_eq!(cache.take_uses(at(3)).len(), 0);
        cache.remember(view(7, None), at(3600), true);
        assert_eq!(cache.take_uses(at(3601)).len(), 1);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = cache(None);
        for id in 0..KEYS_MAX as u128 * 2 {
            cache.remember(view(id, None), at(0), false);
        }
        assert!(cache.keys().len() <= KEYS_MAX);
    }
}
