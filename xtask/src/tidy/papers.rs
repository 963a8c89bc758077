//! The files at the root that a reader looks for are there, and the README gives the two commands.

use super::report::Report;
use super::tree::Tree;

const PAPERS: [&str; 8] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
];

/// (file, what it must say).
const SAYS: [(&str, &str); 3] = [
    ("README.md", "cargo run --release -- serve --demo"),
    ("README.md", "cargo xtask test"),
    (".ci/run", "cargo xtask test"),
];

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("papers and commands");
    for paper in PAPERS {
        report.looked_at += 1;
        if tree.files.get(paper).is_none_or(|file| file.text.trim().is_empty()) {
            report.find(paper, 1, "is missing or empty");
        }
    }
    for (paper, command) in SAYS {
        report.looked_at += 1;
        if PAPERS.contains(&paper) && !tree.files.contains_key(paper) {
            continue; // Said above already.
        }
        if tree.files.get(paper).is_none_or(|file| !file.text.contains(command)) {
            report.find(paper, 1, &format!("does not give the command `{command}`"));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn missing_papers_and_commands_are_found() {
        let report = check(&sample(&[], &[("README.md", "cargo xtask test"), ("SECURITY.md", "\n")]));
        let wrong: Vec<&str> = report.findings.iter().map(|finding| finding.file.as_str()).collect();
        assert!(wrong.contains(&"SECURITY.md"), "empty");
        assert!(wrong.contains(&"CHANGELOG.md"), "missing");
        assert!(wrong.contains(&"README.md"), "without its first command");
        assert!(wrong.contains(&".ci/run"));
    }

    #[test]
    fn a_complete_root_passes() {
        let commands = SAYS.map(|(_, command)| command).join("\n");
        let mut files: Vec<(&str, &str)> = PAPERS.iter().map(|paper| (*paper, commands.as_str())).collect();
        files.push((".ci/run", &commands));
        assert_eq!(check(&sample(&[], &files)).findings, []);
    }
}
