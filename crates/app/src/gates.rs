//! The line in front of one counter, in this process.
//!
//! Twenty right passwords at once must all get in although the counter has room for ten at a time (keycloak #48272):
//! whoever finds no room waits as long as attempts are under way that may yet give theirs back, and only then is
//! refused. Wrong ones give nothing back, so nobody gets more guesses by coming at once.

use crate::ports::limiter::{Limit, LimitKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as TurnMutex, OwnedMutexGuard, watch};

/// How many may stand in one line.
const LINE_MAX: usize = 256;

type Key = (Limit, LimitKey);

/// The lines there are at this moment, each with how many stand in it.
#[derive(Default)]
pub struct Gates(Mutex<HashMap<Key, (Arc<Gate>, usize)>>);

#[derive(Default)]
struct Gate {
    turn: Arc<TurnMutex<()>>,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    under_way: usize,
    /// How many ever ended: tells news from none.
    ended: u64,
}

impl Gates {
    /// A place in the line of a counter; `None` when it is too long, which one without a counter never is.
    pub(crate) fn enter(self: &Arc<Self>, key: Key, is_counted: bool) -> Option<Place> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (gate, places) = gates.entry(key).or_default();
        if is_counted && *places >= LINE_MAX {
            return None;
        }
        *places += 1;
        Some(Place { gates: Arc::clone(self), key, gate: Arc::clone(gate) })
    }
}

/// A place in a line.
pub(crate) struct Place {
    gates: Arc<Gates>,
    key: Key,
    gate: Arc<Gate>,
}

impl Place {
    /// Waits for one's turn.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.gate.turn).lock_owned().await
    }

    /// How many ever ended, to be handed to [`Self::news`].
    pub(crate) fn ended(&self) -> u64 {
        self.gate.state.borrow().ended
    }

    /// Waits until an attempt ends that was under way; `false` at once if none is and none has ended since `ended`.
    pub(crate) async fn news(&self, ended: u64) -> bool {
        let mut state = self.gate.state.subscribe();
        let seen = state.wait_for(|state| state.ended != ended || state.under_way == 0).await;
        seen.is_ok_and(|state| state.ended != ended)
    }

    /// From now on one more is under way, until what this returns is dropped.
    pub(crate) fn begin(self) -> UnderWay {
        self.gate.state.send_modify(|state| state.under_way += 1);
        UnderWay(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut gates = self.gates.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = gates.get_mut(&self.key) {
            *places -= 1;
            if *places == 0 {
                gates.remove(&self.key);
            }
        }
    }
}

/// An attempt under way.
pub(crate) struct UnderWay(Place);

impl UnderWay {
    /// How many are under way in this line, this one included.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.0.gate.state.borrow().under_way).unwrap_or(u32::MAX)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.gate.state.send_modify(|state| {
            state.under_way -= 1;
            state.ended += 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (Limit::SignInAccount, [7; 32]);

    #[tokio::test]
    async fn who_finds_no_room_waits_for_news_and_for_nothing_else() {
        let gates = Arc::new(Gates::default());
        let (first, second) = (gates.enter(KEY, true).unwrap(), gates.enter(KEY, true).unwrap());
        let ended = second.ended();
        assert!(!second.news(ended).await, "nothing is under way");
        let under_way = first.begin();
        assert_eq!(under_way.count(), 1);
        let (news, ()) = tokio::join!(second.news(ended), async { drop(under_way) });
        assert!(news);
        assert!(second.news(ended).await, "what ended since one looked is news too");
        assert!(!second.news(second.ended()).await);
    }

    #[tokio::test]
    async fn a_line_has_an_end_and_leaves_nothing_behind() {
        let gates = Arc::new(Gates::default());
        let places: Vec<_> = std::iter::from_fn(|| gates.enter(KEY, true)).collect();
        assert_eq!(places.len(), LINE_MAX);
        assert!(gates.enter((Limit::SignInAccount, [8; 32]), true).is_some(), "another line");
        drop(places);
        assert!(gates.0.lock().unwrap().is_empty());
    }
}
