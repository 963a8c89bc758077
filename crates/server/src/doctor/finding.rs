//! What a check comes to: a verdict, what was seen, and what to do about it.

use serde_json::{Value, json};

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and may be meant so.
    Warning,
    /// Something does not work, or somebody can get at what is not theirs.
    Wrong,
}

impl Verdict {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }

    /// What the command ends with when this is the worst.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Wrong => 2,
        }
    }
}

/// What one check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in one word.
    pub check: &'static str,
    /// How good it is.
    pub verdict: Verdict,
    /// What was seen.
    pub says: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, says: says.into(), remedy: None }
    }

    /// It works, and may be meant so.
    pub fn warning(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, says: says.into(), remedy: Some(remedy.into()) }
    }

    /// It does not work, or not safely.
    pub fn wrong(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Wrong, says: says.into(), remedy: Some(remedy.into()) }
    }

    /// As lines. What came over the network is among it, so nothing in it may steer the terminal.
    pub fn lines(&self) -> String {
        let first = format!("{:<8} {:<10} {}", self.verdict.name(), self.check, printable(&self.says));
        let remedy = self.remedy.iter().map(|remedy| format!("\n{:20}-> {}", "", printable(remedy)));
        std::iter::once(first).chain(remedy).collect()
    }

    fn json(&self) -> Value {
        json!({ "check": self.check, "verdict": self.verdict.name(), "says": self.says, "remedy": self.remedy })
    }
}

/// All findings and the worst verdict, as one JSON object.
pub fn report(findings: &[Finding]) -> Value {
    let all: Vec<_> = findings.iter().map(Finding::json).collect();
    json!({ "verdict": worst(findings).name(), "findings": all })
}

/// The worst verdict.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_and_an_answer_cannot_steer_the_terminal() {
        let fine = Finding::ok("host", "as asked");
        let odd = Finding::warning("clock", "\u{1b}[31m\u{9b}red\r\n", "look");
        let bad = Finding::wrong("mail", "no", "do");
        assert_eq!(worst(&[]).exit_code(), 0);
        assert_eq!(worst(&[fine.clone(), odd.clone()]).exit_code(), 1);
        assert_eq!(worst(&[bad.clone(), odd.clone(), fine]).exit_code(), 2);
        assert!(!odd.lines().contains(['\u{1b}', '\u{9b}', '\r']), "{:?}", odd.lines());
        assert_eq!(odd.lines().lines().count(), 2);
        assert_eq!(report(&[odd, bad])["verdict"], "wrong");
    }
}
