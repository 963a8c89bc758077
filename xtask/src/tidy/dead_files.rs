//! A Rust file that no `mod` declaration reaches is never compiled; under `tests/` it is a test that never runs.

use std::collections::BTreeSet;

use super::report::Report;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("files of crates");
    for one in &tree.crates {
        let reached: BTreeSet<&str> =
            one.targets.iter().flatten().map(|module| module.file.as_str()).collect();
        for (path, _) in tree.files_of(&one.package) {
            report.looked_at += 1;
            if !reached.contains(path) {
                report.find(path, 1, "no `mod` declaration reaches this file");
            }
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn a_file_nobody_declares_is_found() {
        let tree = sample(
            &["app"],
            &[
                ("crates/app/src/lib.rs", "// mod a;\n"),
                ("crates/app/src/a.rs", ""),
                ("crates/app/tests/it/main.rs", ""),
                ("crates/app/tests/it/b.rs", ""),
            ],
        );
        assert_eq!(check(&tree).places(), ["crates/app/src/a.rs:1", "crates/app/tests/it/b.rs:1"]);
    }

    #[test]
    fn declared_files_pass() {
        let tree = sample(
            &["app"],
            &[
                ("crates/app/src/lib.rs", "mod a;\n"),
                ("crates/app/src/a.rs", ""),
                ("crates/app/tests/it/main.rs", "mod b;"),
                ("crates/app/tests/it/b.rs", ""),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 4);
    }
}
