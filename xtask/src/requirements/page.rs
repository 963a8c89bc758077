//! Makes the two pages.

use std::collections::BTreeMap;

use super::claims::{Claim, Entry, State};

const ASVS: &str = "\
# What is proven of OWASP ASVS 5.0

Made by `cargo xtask asvs --write` from [the claims](asvs.txt); do not edit it. The requirements are those of the OWASP
Application Security Verification Standard 5.0.0, in our own words. `cargo xtask test` fails if a test or check that is named here
does not exist, or did not run and pass, or if a requirement has no row.

A name like `server::it::jwt::…` is a test of the crate `server` in its test program `it`; `check mail: …` is a line that the
end-to-end suite `mail` prints; `step licences` is a whole step of `cargo xtask test`.

";

const FAILURES: &str = "\
# What went wrong elsewhere, and the test that would have caught it here

Made by `cargo xtask asvs --write` from [the claims](failures.txt); do not edit it. Each row is a published weakness of another
authentication server or of a library that such servers are made of, and the test that fails here if we make the same
mistake. Names are read as on [the other page](asvs.md), and checked alike.

";

/// `docs/security/asvs.md`.
pub(super) fn asvs(entries: &[Entry]) -> String {
    let mut text = ASVS.to_owned();
    text.push_str("| | L1 | L2 | L3 |\n|---|---|---|---|\n");
    let row = |title: &str, wanted: &dyn Fn(&Entry) -> bool| {
        let count = |level: &str| {
            let of_level = entries.iter().filter(|entry| entry.marks.first().is_some_and(|one| one == level));
            of_level.filter(|entry| wanted(entry)).count()
        };
        format!("| {title} | {} | {} | {} |\n", count("L1"), count("L2"), count("L3"))
    };
    text.push_str(&row("applicable", &|_| true));
    text.push_str(&row("a test can show it today", &|entry| is_now(entry)));
    text.push_str(&row("**of these proven**", &|entry| is_now(entry) && entry.state() == State::Proven));
    text.push_str(&row("proven beyond these", &|entry| !is_now(entry) && entry.state() == State::Proven));
    text.push_str(&row("documented", &|entry| entry.state() == State::Documented));
    text.push_str(&row("comes with a later feature", &|entry| entry.state() == State::Later));
    text.push_str(&row("about something we do not have", &|entry| entry.state() == State::NotApplicable));
    text.push_str(&row("open", &|entry| entry.state() == State::Open));
    text.push_str("\nOpen ones say why in their row.\n");
    for (group, rows) in groups(entries) {
        text.push_str(&format!("\n## {group}\n\n| | level | requirement | state | shown by, or why not |\n|---|---|---|---|---|\n"));
        for entry in rows {
            let level = entry.marks.first().map_or("", String::as_str);
            text.push_str(&format!(
                "| {} | {level} | {} | {} | {} |\n",
                entry.id,
                cell(&entry.text),
                entry.state(),
                claims(entry)
            ));
        }
    }
    text
}

/// `docs/security/failures.md`.
pub(super) fn failures(entries: &[Entry]) -> String {
    let mut text = FAILURES.to_owned();
    text.push_str(
        "| class | failures | proven | later | not applicable | open |\n|---|---|---|---|---|---|\n",
    );
    let count = |rows: &[&Entry], state: State| rows.iter().filter(|entry| entry.state() == state).count();
    for (group, rows) in groups(entries) {
        let states = [State::Proven, State::Later, State::NotApplicable, State::Open];
        let counts = states.map(|state| count(&rows, state).to_string()).join(" | ");
        text.push_str(&format!("| {} | {} | {counts} |\n", cell(group), rows.len()));
    }
    for (group, rows) in groups(entries) {
        text.push_str(&format!(
            "\n## {group}\n\n| | what went wrong | state | caught by, or why not |\n|---|---|---|---|\n"
        ));
        for entry in rows {
            text.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                cell(&entry.id),
                cell(&entry.text),
                entry.state(),
                claims(entry)
            ));
        }
    }
    text
}

/// One line: how many rows are in each state.
pub(super) fn summary(entries: &[Entry]) -> String {
    let mut counts = BTreeMap::<State, usize>::new();
    for entry in entries {
        *counts.entry(entry.state()).or_default() += 1;
    }
    let counts = counts.iter().map(|(state, count)| format!("{count} {state}"));
    format!("{} rows: {}", entries.len(), counts.collect::<Vec<_>>().join(", "))
}

fn is_now(entry: &Entry) -> bool {
    entry.marks.get(1).is_some_and(|phase| phase == "now")
}

/// The entries below each heading, in the order of the source.
fn groups(entries: &[Entry]) -> Vec<(&str, Vec<&Entry>)> {
    let mut groups: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        match groups.last_mut() {
            Some((group, rows)) if *group == entry.group => rows.push(entry),
            _ => groups.push((&entry.group, vec![entry])),
        }
    }
    groups
}

fn claims(entry: &Entry) -> String {
    let line = |claim: &Claim| match claim {
        Claim::Test(name) => format!("`{name}`"),
        Claim::Check(name) => format!("check `{name}`"),
        Claim::Step(name) => format!("step `{name}`"),
        Claim::Paper(text) => match text.split_once(": ") {
            Some((file, heading)) => format!("[{}](../../{file}), “{}”", cell(file), cell(heading)),
            None => cell(text),
        },
        Claim::Later(text) | Claim::NotApplicable(text) | Claim::Open(text) | Claim::Note(text) => cell(text),
    };
    entry.claims.iter().map(line).collect::<Vec<_>>().join("<br>")
}

/// Text that ends no cell and opens no tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirements::claims::read;

    const SOURCE: &str = "# V1 Words\nV1.1.1 L1 now | A | b <c>.\n  test app::a\n  note Well.\n\
        V1.1.2 L2 now | D.\n  open Nobody looked.\n# V2 More\nV2.1.1 L2 paper | E.\n  paper docs/a.md: Part\n\
        V2.1.2 L3 later | F.\n  step licences\n  later More to come.\n";

    #[test]
    fn what_is_proven_is_counted_by_level() {
        let page = asvs(&read(SOURCE, 2).unwrap());
        for row in [
            "| applicable | 1 | 2 | 1 |",
            "| a test can show it today | 1 | 1 | 0 |",
            "| **of these proven** | 1 | 0 | 0 |",
            "| proven beyond these | 0 | 0 | 1 |",
            "| documented | 0 | 1 | 0 |",
            "| open | 0 | 1 | 0 |",
            "## V1 Words",
            "| V1.1.1 | L1 | A \\| b &lt;c>. | proven | `app::a`<br>Well. |",
            "| V2.1.1 | L2 | E. | documented | [docs/a.md](../../docs/a.md), “Part” |",
        ] {
            assert!(page.contains(&format!("{row}\n")), "{row}\n{page}");
        }
    }

    #[test]
    fn a_class_says_how_many_of_its_failures_are_caught() {
        let source =
            "# A Links\nCVE-1 one | It broke.\n  test app::a\nCVE-2 two | So did it.\n  later Not yet.\n";
        let entries = read(source, 0).unwrap();
        let page = failures(&entries);
        assert!(page.contains("| A Links | 2 | 1 | 1 | 0 | 0 |\n"), "{page}");
        assert!(page.contains("| CVE-1 one | It broke. | proven | `app::a` |\n"), "{page}");
        assert_eq!(summary(&entries), "2 rows: 1 proven, 1 later");
    }
}
