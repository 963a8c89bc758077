//! Every world that can be reached in so many steps, each looked at once, the nearest first.

use crate::actions::{Action, Event, all};
use crate::canonical::Canonical;
use crate::invariants::{Invariant, Step, broken};
use crate::rules::Rules;
use crate::world::World;
use minbil_auth_domain::session::{Ended, SessionPolicy, Verdict};
use minbil_auth_domain::time::UnixMillis;
use std::collections::{BTreeMap, HashSet};

/// What a search saw.
pub(crate) struct Seen {
    /// Different worlds of which every next step was looked at.
    pub(crate) states: usize,
    /// Those steps.
    pub(crate) transitions: usize,
    pub(crate) depth: usize,
    /// What calls came to, and how often.
    pub(crate) verdicts: BTreeMap<&'static str, usize>,
}

/// The shortest way to a broken promise.
#[derive(Debug)]
pub(crate) struct Counterexample {
    pub(crate) invariant: Invariant,
    pub(crate) steps: Vec<Action>,
}

/// How a state was first reached.
struct Origin {
    parent: u32,
    action: u8,
}

/// Walks all ways of at most `depth` steps.
pub(crate) fn search(rules: &Rules, policy: &SessionPolicy, depth: usize) -> Result<Seen, Counterexample> {
    let actions = all(policy);
    let start = Canonical::of(&World::signed_in(UnixMillis::from_secs(0), policy), policy);
    let mut known = HashSet::from([start]);
    let mut levels: Vec<Vec<Origin>> = vec![vec![Origin { parent: 0, action: 0 }]];
    let mut frontier = vec![start];
    let mut transitions = 0;
    let mut verdicts = BTreeMap::new();
    for level in 0..depth {
        let is_last = level + 1 == depth;
        let mut next = Vec::new();
        let mut origins = Vec::new();
        for (parent, state) in frontier.iter().enumerate() {
            let before = state.world(policy);
            for (index, action) in actions.iter().enumerate() {
                let mut after = before.clone();
                let Some(event) = action.take(&mut after, rules, policy) else { continue };
                transitions += 1;
                if let Event::Refresh(call) = event {
                    *verdicts.entry(name(call.verdict)).or_default() += 1;
                }
                let origin =
                    Origin { parent: u32::try_from(parent).unwrap(), action: u8::try_from(index).unwrap() };
                let step = Step { before: &before, after: &after, event, policy };
                if let Some(invariant) = broken(&step, rules) {
                    let steps = way(&levels, &origin, &actions);
                    return Err(Counterexample { invariant, steps });
                }
                // Where the last step leads is looked at, but nothing goes on from there.
                if is_last {
                    continue;
                }
                let state = Canonical::of(&after, policy);
                if known.insert(state) {
                    next.push(state);
                    origins.push(origin);
                }
            }
        }
        frontier = next;
        levels.push(origins);
    }
    Ok(Seen { states: known.len(), transitions, depth, verdicts })
}

fn name(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "no credential",
        Some(Verdict::Rotate) => "rotate",
        Some(Verdict::Regrant) => "regrant",
        Some(Verdict::Extend { .. }) => "extend",
        Some(Verdict::Superseded) => "superseded",
        Some(Verdict::Reused) => "reused",
        Some(Verdict::ReauthenticationRequired) => "reauthentication required",
        Some(Verdict::Ended(Ended::Revoked(reason))) => reason.name(),
        Some(Verdict::Ended(Ended::Expired)) => "expired",
        Some(Verdict::NeverIssued) => "never issued",
    }
}

fn way(levels: &[Vec<Origin>], last: &Origin, actions: &[Action]) -> Vec<Action> {
    let mut steps = vec![actions[usize::from(last.action)]];
    let mut parent = last.parent;
    for level in levels.iter().skip(1).rev() {
        let origin = &level[parent as usize];
        steps.push(actions[usize::from(origin.action)]);
        parent = origin.parent;
    }
    steps.reverse();
    steps
}
