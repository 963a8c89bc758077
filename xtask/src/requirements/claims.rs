//! What people claim: an entry is a line, and below it, indented, what shows that it holds or why nothing does.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What is said for an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// A Rust test, `crate::module::name`; tests of a program of tests have its name second: `server::it::…`.
    Test(String),
    /// A check of the end-to-end suites, as they print it: `mail: the mail went over TLS`.
    Check(String),
    /// A whole step of `cargo xtask test`.
    Step(String),
    /// A file and the heading in it that says so: `docs/operating.md: Backup`.
    Paper(String),
    /// It comes with a feature that is not there yet.
    Later(String),
    /// It is about something that this server does not have.
    NotApplicable(String),
    /// It could be shown and is not.
    Open(String),
    /// What a reader should know about the proof.
    Note(String),
}

impl Claim {
    fn parse(line: &str) -> Option<Self> {
        let (kind, text) = line.split_once(' ')?;
        let text = text.trim().to_owned();
        Some(match kind {
            "test" => Self::Test(text),
            "check" => Self::Check(text),
            "step" => Self::Step(text),
            "paper" => Self::Paper(text),
            "later" => Self::Later(text),
            "not-applicable" => Self::NotApplicable(text),
            "open" => Self::Open(text),
            "note" => Self::Note(text),
            _ => return None,
        })
    }

    /// Whether a run of the suite can tell that it is true.
    pub(super) fn is_proof(&self) -> bool {
        matches!(self, Self::Test(_) | Self::Check(_) | Self::Step(_))
    }

    /// Whether the heading that it names stands in the file that it names.
    pub(super) fn paper_is_there(&self, root: &Path) -> Result<()> {
        let Self::Paper(text) = self else { return Ok(()) };
        let (file, heading) = text.split_once(": ").context("a paper is `file: heading`")?;
        let text = std::fs::read_to_string(root.join(file)).with_context(|| file.to_owned())?;
        let is_heading = |line: &str| line.starts_with('#') && line.trim_start_matches('#').trim() == heading;
        if !text.lines().any(is_heading) {
            bail!("{file} has no heading `{heading}`");
        }
        Ok(())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(text) => write!(f, "test {text}"),
            Self::Check(text) => write!(f, "check {text}"),
            Self::Step(text) => write!(f, "step {text}"),
            Self::Paper(text)
            | Self::Later(text)
            | Self::NotApplicable(text)
            | Self::Open(text)
            | Self::Note(text) => f.write_str(text),
        }
    }
}

/// How things stand with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Proven,
    Documented,
    Later,
    NotApplicable,
    Open,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Documented => "documented",
            Self::Later => "later",
            Self::NotApplicable => "not applicable",
            Self::Open => "open",
        })
    }
}

/// One requirement, or one failure of somebody else's server.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What stands above it: a chapter, a class.
    pub(super) group: String,
    pub(super) id: String,
    /// Words between the id and the text, if there are any.
    pub(super) marks: Vec<String>,
    pub(super) text: String,
    pub(super) claims: Vec<Claim>,
}

impl Entry {
    /// The best of what is claimed: one proof is enough, whatever is said besides.
    pub(super) fn state(&self) -> State {
        let of = |claim: &Claim| match claim {
            Claim::Test(_) | Claim::Check(_) | Claim::Step(_) => State::Proven,
            Claim::Paper(_) => State::Documented,
            Claim::Later(_) => State::Later,
            Claim::NotApplicable(_) => State::NotApplicable,
            Claim::Open(_) | Claim::Note(_) => State::Open,
        };
        self.claims.iter().map(of).min().unwrap_or(State::Open)
    }
}

/// Entries of which each names an id, `marks` words, and a text after ` | `.
pub(super) fn read(source: &str, marks: usize) -> Result<Vec<Entry>> {
    let (mut entries, mut group) = (Vec::<Entry>::new(), String::new());
    for (index, line) in source.lines().enumerate() {
        let wrong = || format!("line {}: `{line}`", index + 1);
        if line.trim().is_empty() || line.starts_with("//") {
            continue;
        } else if let Some(title) = line.strip_prefix("# ") {
            title.clone_into(&mut group);
        } else if let Some(claim) = line.strip_prefix("  ") {
            let entry = entries.last_mut().with_context(wrong)?;
            entry.claims.push(Claim::parse(claim).with_context(wrong)?);
        } else {
            let (head, text) = line.split_once(" | ").with_context(wrong)?;
            let mut words = head.rsplitn(marks + 1, ' ').map(str::to_owned).collect::<Vec<_>>();
            let id = words.pop().with_context(wrong)?;
            words.reverse();
            if words.len() != marks || group.is_empty() {
                bail!(wrong());
            }
            let (group, text) = (group.clone(), text.to_owned());
            entries.push(Entry { group, id, marks: words, text, claims: Vec::new() });
        }
    }
    sound(&entries)?;
    Ok(entries)
}

/// The failures of others: `CVE-2026-1 server | what went wrong`.
pub(super) fn read_failures(source: &str) -> Result<Vec<Entry>> {
    let entries = read(source, 0)?;
    if entries.is_empty() {
        bail!("no failure in it");
    }
    Ok(entries)
}

/// Each entry stands once and says something; no claim stands twice below it.
fn sound(entries: &[Entry]) -> Result<()> {
    let mut ids = BTreeSet::new();
    for entry in entries {
        if !ids.insert(&entry.id) {
            bail!("{} stands twice", entry.id);
        }
        if entry.claims.iter().all(|claim| matches!(claim, Claim::Note(_))) {
            bail!("{} has neither a proof nor a reason", entry.id);
        }
        if entry.claims.iter().collect::<BTreeSet<_>>().len() < entry.claims.len() {
            bail!("{} says something twice", entry.id);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_with_what_is_claimed_for_them() {
        let source = "// words\n# V1 Words\nV1.1.1 L2 now | Decode once.\n  test app::a\n  note Twice.\n\n\
                      V1.1.2 L3 later | Escape.\n  later No mail yet.\n";
        let entries = read(source, 2).unwrap();
        let [first, second] = entries.as_slice() else { unreachable!() };
        assert_eq!((first.group.as_str(), first.id.as_str()), ("V1 Words", "V1.1.1"));
        assert_eq!(
            (first.marks.as_slice(), first.text.as_str()),
            (["L2", "now"].map(str::to_owned).as_slice(), "Decode once.")
        );
        assert_eq!(first.claims, [Claim::Test("app::a".into()), Claim::Note("Twice.".into())]);
        assert_eq!((first.state(), second.state()), (State::Proven, State::Later));
    }

    #[test]
    fn an_id_may_be_several_words() {
        let entries =
            read_failures("# A\nCVE-1, CVE-2 a server | It broke.\n  open Nobody looked.\n").unwrap();
        assert_eq!(entries[0].id, "CVE-1, CVE-2 a server");
    }

    #[test]
    fn what_says_nothing_or_is_said_twice_is_refused() {
        for source in [
            "V1.1.1 | no group\n  open x\n",
            "# G\n  open x\n",
            "# G\nA | nothing below it\n",
            "# G\nA | a note alone\n  note x\n",
            "# G\nA | one\n  open x\nA | again\n  open x\n",
            "# G\nA | one\n  test a\n  test a\n",
            "# G\nA | an unknown word\n  proof x\n",
            "# G\nA without a text\n",
        ] {
            assert!(read(source, 0).is_err(), "{source}");
        }
    }

    #[test]
    fn a_paper_needs_its_file_and_its_heading() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let there = |text: &str| Claim::Paper(text.to_owned()).paper_is_there(root);
        assert!(there("CONTRIBUTING.md: House rules").is_ok());
        for wrong in ["CONTRIBUTING.md: House", "NOTHING.md: House rules", "CONTRIBUTING.md"] {
            assert!(there(wrong).is_err(), "{wrong}");
        }
    }
}
