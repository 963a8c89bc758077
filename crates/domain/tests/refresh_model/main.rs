//! The proof of the refresh rules: every interleaving of so many steps of two tabs, a page with a cookie, lost
//! answers and delayed duplicates, a client that only sends access tokens, thieves, a sign-out, and time, over
//! the real functions of the domain. Sabotaged rules show that it can fail.
//!
//! `MINBIL_AUTH_TEST_MODEL_STEPS` says how many steps.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod canonical;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sabotage;
#[cfg(test)]
mod search;
#[cfg(test)]
mod walks;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use crate::actions::{Action, By};
    use crate::invariants::Invariant;
    use crate::rules::REAL;
    use crate::sabotage::{self, ALL};
    use crate::search::{Seen, search};
    use minbil_auth_domain::session::SessionPolicy;
    use std::collections::BTreeSet;
    use std::time::Duration;

    const HOUR: u64 = 3600;
    /// As deep as a debug build goes in a few seconds.
    const STEPS: usize = 6;

    /// The proportions of the defaults, on a scale that eight steps can cross.
    const POLICY: SessionPolicy = SessionPolicy {
        idle: Duration::from_secs(30 * HOUR),
        absolute: Duration::from_secs(54 * HOUR),
        grace: Duration::from_secs(60),
        bearer_chain: Duration::from_secs(24 * HOUR),
        max_live: 20,
    };

    fn steps() -> usize {
        std::env::var("MINBIL_AUTH_TEST_MODEL_STEPS").map_or(STEPS, |text| text.parse().unwrap())
    }

    fn say(what: &str, seen: &Seen) {
        let Seen { states, transitions, depth, verdicts } = seen;
        println!("proof: {what}: {states} states, {transitions} transitions, depth {depth}");
        let verdicts: Vec<String> = verdicts.iter().map(|(name, times)| format!("{times} {name}")).collect();
        println!("proof: {what}: {}", verdicts.join(", "));
    }

    #[test]
    fn no_interleaving_breaks_a_promise() {
        let seen = search(&REAL, &POLICY, steps()).unwrap();
        say("grace of 60 s", &seen);
        // A model in which something never happens proves nothing about it.
        let happened: BTreeSet<&str> = seen.verdicts.keys().copied().collect();
        let expected = [
            "expired",
            "extend",
            "reauthentication required",
            "refresh_reused",
            "regrant",
            "reused",
            "rotate",
            "sign_out",
            "superseded",
        ];
        assert_eq!(happened, expected.into());
    }

    #[test]
    fn without_a_grace_no_interleaving_breaks_a_promise() {
        let policy = SessionPolicy { grace: Duration::ZERO, ..POLICY };
        let seen = search(&REAL, &policy, steps()).unwrap();
        say("no grace", &seen);
        // No time passes between two calls of the same millisecond, so even then they do not harm each other.
        assert!(seen.verdicts.contains_key("regrant"));
    }

    #[test]
    fn every_sabotaged_rule_is_caught_and_named() {
        for (name, rules, invariant) in ALL {
            let found = search(&rules(), &POLICY, STEPS).err();
            let found = found.unwrap_or_else(|| panic!("nothing noticed: {name}"));
            assert_eq!(found.invariant, invariant, "{name}: {:?}", found.steps);
            println!("proof: sabotage caught, {name}: {invariant:?} after {} steps", found.steps.len());
        }
    }

    #[test]
    fn a_counterexample_is_the_shortest_way_to_it() {
        let found = search(&sabotage::reuse_ignored(), &POLICY, STEPS).err().unwrap();
        assert_eq!(found.invariant, Invariant::ReuseEndsTheSession);
        let [first, Action::Wait(span), last] = found.steps[..] else { panic!("{:?}", found.steps) };
        assert!(span > POLICY.grace);
        assert!(matches!(first, Action::Tab(_)) && matches!(last, Action::SecondTab | Action::Tab(_)));
        let bearer = search(&sabotage::bearer_that_rotates(), &POLICY, STEPS).err().unwrap();
        assert_eq!(bearer.steps, [Action::BearerOnly(By::Access)]);
    }
}
