//! The root of every crate and every file of `app` begins with `//!`: what it is for, what it never does.

use std::collections::BTreeSet;

use super::report::Report;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut paths = BTreeSet::new();
    for one in &tree.crates {
        let source = format!("{}/src/", one.package.folder);
        paths.extend(one.package.roots.iter().filter(|root| root.starts_with(&source)).map(String::as_str));
        if one.package.name == "app" {
            paths.extend(
                tree.files_of(&one.package).map(|(path, _)| path).filter(|path| path.starts_with(&source)),
            );
        }
    }
    let mut report = Report::new("headers");
    for path in paths {
        let Some(file) = tree.files.get(path) else { continue };
        report.looked_at += 1;
        let mut header = file.text.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim);
        let opens = file
            .text
            .lines()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.starts_with("//!"));
        if !opens || !header.any(|line| !line.is_empty()) {
            report.find(path, 1, "begins without a `//!` header");
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn a_missing_or_empty_header_is_found() {
        let tree = sample(
            &["app", "mail"],
            &[
                ("crates/app/src/lib.rs", "//! Use cases.\nmod a;\nmod b;\n"),
                ("crates/app/src/a.rs", "use x;\n//! late\n"),
                ("crates/app/src/b.rs", "//!\nfn f() {}\n"),
                ("crates/mail/src/lib.rs", "fn f() {}\n"),
            ],
        );
        assert_eq!(
            check(&tree).places(),
            ["crates/app/src/a.rs:1", "crates/app/src/b.rs:1", "crates/mail/src/lib.rs:1"]
        );
    }

    #[test]
    fn headers_pass_and_other_files_need_none() {
        let tree = sample(
            &["mail"],
            &[("crates/mail/src/lib.rs", "//! Mail.\nmod a;\n"), ("crates/mail/src/a.rs", "fn f() {}\n")],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 1);
    }
}
