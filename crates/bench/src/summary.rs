//! The six targets in one table: what each is held against, what came out, and why where one is missed.

use crate::report::{Row, number};
use crate::{growth, postgres, refresh, sign_in, start};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// One target.
struct Line {
    target: &'static str,
    part: &'static str,
    /// The figure with the aim.
    aimed: &'static str,
    /// Where that is a ratio: what is held against what.
    of: Option<(&'static str, &'static str)>,
    /// Said when the aim is missed. What is behind it is in decision 0008.
    why: &'static str,
}

const CORES: &str =
    "HTTP, look-ups, signature, flush and load generator share two cores and their caches with the hash";
const REFUSING: &str =
    "nine of ten calls are refused, and sending, refusing and checking them takes from the same two cores";
const BUSY: &str = "both cores are all busy and the disk waits; the ceiling's writer has neither HTTP nor signatures to do. \
    The aim reckoned with a slower disk, of which it would have been 15,000 refreshes a second";
const PGBENCH: &str =
    "pgbench has neither HTTP nor signatures to do, and shares the cores with the database alone";
const NODES: &str = "two servers, the database and the load generator share two cores";
const NOISE: &str = "within what the machine varies by from one measurement to the next";

const LINES: [Line; 10] = [
    Line {
        target: "1. Sign-in",
        part: "sign-in",
        aimed: sign_in::SHARE,
        of: Some((sign_in::ALONE, sign_in::CEILING)),
        why: CORES,
    },
    Line {
        target: "2. Refresh, embedded database",
        part: "refresh",
        aimed: refresh::SHARE,
        of: Some((refresh::PRODUCT, refresh::CEILING)),
        why: BUSY,
    },
    Line {
        target: "3. Refresh in a flood",
        part: "sign-in",
        aimed: sign_in::FLOOD_P99,
        of: None,
        why: CORES,
    },
    Line {
        target: "3. Sign-in in a flood",
        part: "sign-in",
        aimed: sign_in::FLOOD_SHARE,
        of: Some((sign_in::IN_FLOOD, sign_in::CEILING)),
        why: CORES,
    },
    Line {
        target: "3. Sign-in in an overload",
        part: "sign-in",
        aimed: sign_in::OVERLOAD_SHARE,
        of: Some((sign_in::IN_OVERLOAD, sign_in::CEILING)),
        why: REFUSING,
    },
    Line {
        target: "4. Refresh, PostgreSQL",
        part: "postgres",
        aimed: postgres::SHARE,
        of: Some((postgres::ONE, postgres::CEILING)),
        why: PGBENCH,
    },
    Line {
        target: "4. Two nodes",
        part: "postgres",
        aimed: postgres::SCALE,
        of: Some((postgres::HELD_TWO, postgres::HELD_ONE)),
        why: NODES,
    },
    Line { target: "5. Start", part: "start", aimed: start::FIRST_ANSWER, of: None, why: NOISE },
    Line { target: "5. Memory, idle", part: "start", aimed: start::IDLE, of: None, why: NOISE },
    Line {
        target: "5. Memory in an overload",
        part: "sign-in",
        aimed: sign_in::MEMORY,
        of: None,
        why: NOISE,
    },
];

const HEAD: &str = "\n## The six targets\n\nMedians of the parts below.\n\n\
    | target | ceiling | figure | ratio, or figure with an aim | aim | | if missed, why |\n|---|---:|---:|---:|---|---|---|\n";

/// The table; parts that were never measured are left out.
pub(crate) fn table(all: &Map<String, Value>) -> Option<String> {
    let mut text = HEAD.to_owned();
    for line in &LINES {
        if !all.contains_key(line.part) {
            continue;
        }
        let median = |figure: &str| Row::find(all, line.part, figure).map(|row| number(row.median));
        let (figure, ceiling) = match line.of {
            Some((figure, ceiling)) => (median(figure)?, median(ceiling)?),
            None => (String::new(), String::new()),
        };
        let aimed = Row::find(all, line.part, line.aimed)?;
        push(&mut text, line.target, [ceiling, figure], &aimed, line.why)?;
    }
    for (part, measured) in all {
        let Some(target) = growth::title(part) else { continue };
        for row in Row::read_all(measured)?.iter().filter(|row| row.aim.is_some()) {
            push(&mut text, &format!("6. {target}"), [String::new(), String::new()], row, NOISE)?;
        }
    }
    Some(text)
}

fn push(text: &mut String, target: &str, of: [String; 2], aimed: &Row, why: &str) -> Option<()> {
    let aim = aimed.aim.as_ref()?;
    let [ceiling, figure] = of;
    let (met, why) = if aim.is_met(aimed.median) { ("met", "") } else { ("**not met**", why) };
    let _ = writeln!(
        text,
        "| {target} | {ceiling} | {figure} | {} {} | {} | {met} | {why} |",
        aimed.name,
        number(aimed.median),
        aim.words()
    );
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(ratio: f64) -> Map<String, Value> {
        let refresh = json!({
            "rounds": [{ refresh::PRODUCT: 20_000.0, refresh::CEILING: 40_000.0, refresh::SHARE: ratio }],
            "aims": { refresh::SHARE: { "at_least": 0.6 } }
        });
        let grown = json!({
            "rounds": [{ growth::REFRESH_P50: 1.1 }], "aims": { growth::REFRESH_P50: { "at_most": 1.3 } }
        });
        json!({ "refresh": refresh, "growth-5000": grown }).as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_target_has_its_ceiling_figure_ratio_and_aim_and_says_why_only_when_it_is_missed() {
        let missed = table(&all(0.5)).unwrap();
        let line =
            format!("| 40000 | 20000 | {} 0.50 | at least 0.60 | **not met** | {BUSY} |", refresh::SHARE);
        assert!(missed.contains(&line), "{missed}");
        let met = table(&all(0.7)).unwrap();
        assert!(met.contains("0.70 | at least 0.60 | met |  |") && !met.contains(BUSY), "{met}");
    }

    #[test]
    fn every_size_that_was_grown_to_has_its_lines_and_parts_never_measured_have_none() {
        let table = table(&all(0.5)).unwrap();
        assert!(table.contains("5,000 users"), "{table}");
        assert!(!table.contains("Sign-in"), "{table}");
    }

    #[test]
    fn a_part_without_a_figure_of_the_table_has_no_table() {
        let mut all = all(0.5);
        all["refresh"]["rounds"] = json!([{ refresh::SHARE: 0.5 }]);
        assert_eq!(table(&all), None);
    }
}
