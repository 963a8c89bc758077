//! The requirements there are: the numbering of OWASP ASVS 5.0.0, so that none is forgotten and none invented.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::claims::{self, Entry};

/// Each section with how many requirements it has.
const SECTIONS: &[(&str, usize)] = &[
    ("V1.1", 2),
    ("V1.2", 10),
    ("V1.3", 12),
    ("V1.4", 3),
    ("V1.5", 3),
    ("V2.1", 3),
    ("V2.2", 3),
    ("V2.3", 5),
    ("V2.4", 2),
    ("V3.1", 1),
    ("V3.2", 3),
    ("V3.3", 5),
    ("V3.4", 8),
    ("V3.5", 8),
    ("V3.6", 1),
    ("V3.7", 5),
    ("V4.1", 5),
    ("V4.2", 5),
    ("V4.3", 2),
    ("V4.4", 4),
    ("V5.1", 1),
    ("V5.2", 6),
    ("V5.3", 3),
    ("V5.4", 3),
    ("V6.1", 3),
    ("V6.2", 12),
    ("V6.3", 8),
    ("V6.4", 6),
    ("V6.5", 8),
    ("V6.6", 4),
    ("V6.7", 2),
    ("V6.8", 4),
    ("V7.1", 3),
    ("V7.2", 4),
    ("V7.3", 2),
    ("V7.4", 5),
    ("V7.5", 3),
    ("V7.6", 2),
    ("V8.1", 4),
    ("V8.2", 4),
    ("V8.3", 3),
    ("V8.4", 2),
    ("V9.1", 3),
    ("V9.2", 4),
    ("V10.1", 2),
    ("V10.2", 3),
    ("V10.3", 5),
    ("V10.4", 16),
    ("V10.5", 5),
    ("V10.6", 2),
    ("V10.7", 3),
    ("V11.1", 4),
    ("V11.2", 5),
    ("V11.3", 5),
    ("V11.4", 4),
    ("V11.5", 2),
    ("V11.6", 2),
    ("V11.7", 2),
    ("V12.1", 5),
    ("V12.2", 2),
    ("V12.3", 5),
    ("V13.1", 4),
    ("V13.2", 6),
    ("V13.3", 4),
    ("V13.4", 7),
    ("V14.1", 2),
    ("V14.2", 8),
    ("V14.3", 3),
    ("V15.1", 5),
    ("V15.2", 5),
    ("V15.3", 7),
    ("V15.4", 4),
    ("V16.1", 1),
    ("V16.2", 5),
    ("V16.3", 4),
    ("V16.4", 3),
    ("V16.5", 4),
    ("V17.1", 2),
    ("V17.2", 8),
    ("V17.3", 2),
];

/// What a level may be; a requirement about something we do not have needs none.
const LEVELS: [&str; 4] = ["L1", "L2", "L3", "-"];
/// When a requirement can be shown: by a test today, on paper, with a later feature, as an OpenID provider, never.
const PHASES: [&str; 5] = ["now", "paper", "later", "provider", "-"];

/// Entries of which each requirement has exactly one.
pub(super) fn read(source: &str) -> Result<Vec<Entry>> {
    let entries = claims::read(source, 2)?;
    let said: BTreeSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let ids = ids();
    let all: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let mut faults: Vec<String> = all.difference(&said).map(|id| format!("{id} has no row")).collect();
    faults.extend(said.difference(&all).map(|id| format!("{id} is no requirement")));
    for entry in &entries {
        let [level, phase] = entry.marks.as_slice() else { continue };
        if !LEVELS.contains(&level.as_str()) || !PHASES.contains(&phase.as_str()) {
            faults.push(format!("{}: `{level} {phase}` is no level and phase", entry.id));
        }
        let chapter = entry.id.split('.').next().unwrap_or_default();
        if entry.group.split(' ').next() != Some(chapter) {
            faults.push(format!("{} stands in {}", entry.id, entry.group));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n  "));
    }
    Ok(entries)
}

fn ids() -> Vec<String> {
    let of = |(section, count): &(&str, usize)| {
        (1..=*count).map(|one| format!("{section}.{one}")).collect::<Vec<_>>()
    };
    SECTIONS.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows for everything, but for those that `leave` says.
    fn rows(leave: &str) -> String {
        let mut text = String::new();
        for id in ids().iter().filter(|id| *id != leave) {
            let chapter = id.split('.').next().unwrap();
            text.push_str(&format!("# {chapter} Chapter\n{id} L1 now | Words.\n  open Nobody looked.\n"));
        }
        text
    }

    #[test]
    fn there_are_345_requirements() {
        assert_eq!(ids().len(), 345);
    }

    #[test]
    fn every_requirement_has_exactly_one_row() {
        assert_eq!(read(&rows("")).unwrap().len(), 345);
        let error = read(&rows("V6.2.4")).unwrap_err().to_string();
        assert_eq!(error, "V6.2.4 has no row");
        let more = format!("{}# V6 C\nV6.2.13 L1 now | Words.\n  open No.\n", rows(""));
        assert_eq!(read(&more).unwrap_err().to_string(), "V6.2.13 is no requirement");
        let twice = format!("{}# V6 C\nV6.2.4 L1 now | Words.\n  open No.\n", rows(""));
        assert!(read(&twice).is_err());
    }

    #[test]
    fn levels_phases_and_chapters_are_known_ones() {
        for (right, wrong) in [("L1 now", "L4 now"), ("L1 now", "L1 soon"), ("# V6 Chapter", "# V7 Chapter")]
        {
            assert!(read(&rows("").replacen(right, wrong, 90)).is_err(), "{wrong}");
        }
    }
}
