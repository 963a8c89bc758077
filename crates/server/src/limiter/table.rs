//! A bounded table of counters.

use app::ports::limiter::LimitKey;
use domain::time::UnixMillis;
use std::collections::HashMap;
use std::time::Duration;

/// Looking through a full table costs time in proportion to it, so a flood makes that happen only so often.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Counters by key.
pub(super) struct Table<V> {
    entries: HashMap<LimitKey, V>,
    swept_at: Option<UnixMillis>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), swept_at: None }
    }
}

impl<V: Copy> Table<V> {
    /// Whether there is room for `key`. In a full table only what `stays` says stays; it is asked a second time, with
    /// `true`, where that leaves no room.
    pub(super) fn has_room(
        &mut self,
        key: &LimitKey,
        entries_max: usize,
        now: UnixMillis,
        stays: impl Fn(&V, bool) -> bool,
    ) -> bool {
        let fits = |entries: &HashMap<LimitKey, V>| entries.len() < entries_max || entries.contains_key(key);
        if fits(&self.entries) {
            return true;
        }
        if self.swept_at.is_some_and(|at| at <= now && now.since(at) < SWEEP_EVERY) {
            return false;
        }
        self.swept_at = Some(now);
        for is_short_of_room in [false, true] {
            if !fits(&self.entries) {
                self.entries.retain(|_, value| stays(value, is_short_of_room));
            }
        }
        fits(&self.entries)
    }

    pub(super) fn get(&self, key: &LimitKey) -> Option<V> {
        self.entries.get(key).copied()
    }

    pub(super) fn put(&mut self, key: LimitKey, value: V) {
        self.entries.insert(key, value);
    }

    /// Replaces or removes what there is.
    pub(super) fn set(&mut self, key: LimitKey, value: Option<V>) {
        match value {
            Some(value) => self.put(key, value),
            None => {
                self.entries.remove(&key);
            }
        }
    }
}
