//! No file, folder or module is named after nothing: such a drawer takes everything and ends at a thousand lines.

use super::report::Report;
use super::tree::Tree;

const DRAWERS: [&str; 10] =
    ["util", "utils", "common", "helpers", "helper", "misc", "manager", "core", "base", "shared"];

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("names");
    for (path, source) in tree.rust_files() {
        for part in path.split('/') {
            report.looked_at += 1;
            if let Some(drawer) = drawer(part.trim_end_matches(".rs")) {
                report.find(path, 1, &format!("`{drawer}` in the path says nothing about what is inside"));
            }
        }
        for index in 0..source.len() {
            let name = source.token(index + 1);
            if source.token(index) == "mod" && matches!(source.token(index + 2), ";" | "{") {
                report.looked_at += 1;
                if let Some(drawer) = drawer(name) {
                    let text = format!("module `{drawer}` says nothing about what is inside");
                    report.find(path, source.line(index), &text);
                }
            }
        }
    }
    report
}

fn drawer(name: &str) -> Option<&str> {
    DRAWERS.contains(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn drawers_are_found_as_file_folder_and_module() {
        let tree = sample(
            &["app"],
            &[
                ("crates/app/src/lib.rs", "mod a;\npub mod helpers {}\n"),
                ("crates/app/src/utils.rs", ""),
                ("crates/common/src/lib.rs", ""),
            ],
        );
        assert_eq!(
            check(&tree).places(),
            ["crates/app/src/lib.rs:2", "crates/app/src/utils.rs:1", "crates/common/src/lib.rs:1"]
        );
    }

    #[test]
    fn names_that_say_something_pass() {
        let tree =
            sample(&["app"], &[("crates/app/src/lib.rs", "mod base_url;\nmod score;\n// mod util;\n")]);
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert!(report.looked_at >= 6);
    }
}
