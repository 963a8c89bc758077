//! The house rules as a check: every violation with its file and line, and how much was looked at.
//!
//! Each rule is one file here with samples that it must find and samples that it must leave alone. What a
//! compiler lint can say, the lints in the root `Cargo.toml` say; what is here, no lint can.

mod attributes;
mod blank;
mod cycles;
mod dead_files;
mod drawer_names;
mod edges;
mod file_length;
mod function_length;
mod headers;
mod library_homes;
mod links;
mod locks;
mod modules;
mod papers;
mod report;
mod source;
mod tree;
mod words;

use anyhow::{Result, bail};

use crate::process::show;
use crate::workspace::Workspace;
use report::Report;
use tree::Tree;

/// A rule: its name, what it demands, and the function that looks.
struct Rule {
    name: &'static str,
    demands: &'static str,
    check: fn(&Tree) -> Report,
}

const RULES: [Rule; 14] = [
    Rule { name: "edges", demands: "crates depend only inwards", check: edges::check },
    Rule { name: "cycles", demands: "no cycles between the modules of a crate", check: cycles::check },
    Rule { name: "file length", demands: "400 lines a file, 600 a test file", check: file_length::check },
    Rule { name: "function length", demands: "70 lines a function", check: function_length::check },
    Rule { name: "dead files", demands: "every file is reached from a root", check: dead_files::check },
    Rule { name: "drawer names", demands: "no module named after nothing", check: drawer_names::check },
    Rule { name: "headers", demands: "a `//!` header that says what it is for", check: headers::check },
    Rule {
        name: "library homes",
        demands: "a library is named in its one crate only",
        check: library_homes::check,
    },
    Rule { name: "attributes", demands: "`expect` with a reason, never `allow`", check: attributes::check },
    Rule { name: "words", demands: "no machine paths, no notes to self", check: words::check },
    Rule { name: "links", demands: "every relative link leads to a file", check: links::check },
    Rule { name: "papers", demands: "the files a reader looks for are there", check: papers::check },
    Rule { name: "locks", demands: "lock files name the public registries only", check: locks::check },
    Rule { name: "substance", demands: "there is something to check", check: substance },
];

/// Checks the whole tree. An error says how many violations were printed.
pub(crate) fn run(workspace: &Workspace) -> Result<String> {
    let tree = Tree::load(workspace)?;
    let mut violations = 0;
    for rule in &RULES {
        let report = (rule.check)(&tree);
        show(&format!("  {:<16} {:>6} {:<24} {}", rule.name, report.looked_at, report.what, rule.demands));
        for finding in &report.findings {
            show(&format!("{}:{}: {}: {}", finding.file, finding.line, rule.name, finding.text));
        }
        violations += report.findings.len();
    }
    if violations > 0 {
        bail!("{violations} violations of the house rules, listed above as file:line");
    }
    Ok(format!("{} crates, {} files, {} rules", tree.crates.len(), tree.files.len(), RULES.len()))
}

/// A check that looked at nothing has proved nothing: a wrong root folder must not pass.
fn substance(tree: &Tree) -> Report {
    let rust = tree.rust_files().count();
    let functions: usize = tree.rust_files().map(|(_, source)| source.functions().len()).sum();
    let mut report = Report::new("crates with code");
    report.looked_at = tree.crates.iter().filter(|one| tree.files_of(&one.package).next().is_some()).count();
    if report.looked_at < 2 || rust < 2 || functions < 2 {
        let seen =
            format!("saw only {} crates, {rust} Rust files and {functions} functions", report.looked_at);
        report.find("Cargo.toml", 1, &seen);
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_tree_does_not_pass() {
        assert_eq!(substance(&tree::sample(&[], &[])).findings.len(), 1);
        let code = "fn a() {}\nfn b() {}\n";
        let tree = tree::sample(&["a", "b"], &[("crates/a/src/lib.rs", code), ("crates/b/src/lib.rs", code)]);
        assert_eq!(substance(&tree).findings, []);
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
