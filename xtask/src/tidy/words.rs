//! Words that must not stand in the tree: paths of somebody's machine, and notes to oneself.
//!
//! A note in the code is forgotten; what is left to do belongs to the issue tracker.

use super::report::Report;
use super::tree::Tree;

/// Found anywhere in a line.
const PATHS: [&str; 4] = ["/work/", "/root/", "/home/", "/Users/"];

/// Found as whole words, in this case only.
const NOTES: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// This file names the words, and lock files hold random letters.
const EXEMPT: [&str; 3] = ["xtask/src/tidy/words.rs", "Cargo.lock", "package-lock.json"];

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("text files");
    for (path, file) in &tree.files {
        if EXEMPT.iter().any(|exempt| path.ends_with(exempt)) {
            continue;
        }
        report.looked_at += 1;
        for (index, line) in file.text.lines().enumerate() {
            let path_word = PATHS.iter().find(|word| line.contains(**word));
            let note = NOTES.iter().find(|word| has_word(line, word));
            if let Some(word) = path_word.or(note) {
                report.find(path, index + 1, &format!("`{word}` must not stand in the tree"));
            }
        }
    }
    report
}

fn has_word(line: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        is_edge(line[..at].chars().next_back()) && is_edge(line[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn machine_paths_and_notes_are_found() {
        let tree = sample(
            &[],
            &[
                ("a.md", "fine\nsee /work/x\n"),
                ("b.rs", "// TODO: later\nlet a = \"/root/b\";\n"),
                ("c.sh", "# (FIXME)\n"),
            ],
        );
        assert_eq!(check(&tree).places(), ["a.md:2", "b.rs:1", "b.rs:2", "c.sh:1"]);
    }

    #[test]
    fn other_words_pass() {
        let tree = sample(
            &[],
            &[
                ("a.md", "the framework/ and root/ folders, XXXL, todo, Hackney\n"),
                ("Cargo.lock", "XXX\n"),
                ("e2e/package-lock.json", "\"sha512-/TODO/\"\n"),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 1);
    }
}
