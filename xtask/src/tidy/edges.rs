//! The table of allowed arrows between the crates of the workspace.
//!
//! The direction is what keeps the rules of sign-in testable without HTTP and without a database. An arrow
//! that is missing here is a decision: write it down in `docs/decisions/` and then here.

use super::report::{Report, line_with};
use super::tree::Tree;

/// A crate, what it may use, and what its tests may use besides.
struct Row {
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
}

const TABLE: [Row; 13] = [
    Row { name: "domain", uses: &[], tests_use: &[] },
    Row { name: "app", uses: &["domain"], tests_use: &[] },
    Row { name: "crypto", uses: &["app", "domain"], tests_use: &["testkit"] },
    Row { name: "http", uses: &["app", "domain"], tests_use: &["testkit"] },
    Row { name: "mail", uses: &["app", "domain"], tests_use: &["testkit"] },
    Row { name: "store-sqlite", uses: &["app", "domain"], tests_use: &["testkit"] },
    Row { name: "store-postgres", uses: &["app", "domain"], tests_use: &["testkit"] },
    Row { name: "server", uses: EVERY_PART, tests_use: &["testkit"] },
    // The kit never names an adapter: the suite it holds is what a new adapter has to pass.
    Row { name: "testkit", uses: &["app", "domain"], tests_use: &[] },
    // The benchmark measures parts one by one, so it joins them as the server does.
    Row {
        name: "bench",
        uses: &[
            "app",
            "crypto",
            "domain",
            "http",
            "mail",
            "server",
            "store-postgres",
            "store-sqlite",
            "testkit",
        ],
        tests_use: &[],
    },
    // What measures answers serves them from the parts itself, with leaks from the kit put behind the ports. Nothing
    // that ships uses either.
    Row { name: "timing", uses: &["app", "domain", "server", "testkit"], tests_use: &[] },
    // What counts instructions calls the router as the server joins it, with the kit's clock and randomness.
    Row {
        name: "instructions",
        uses: &["app", "crypto", "domain", "http", "server", "testkit"],
        tests_use: &[],
    },
    Row { name: "xtask", uses: &[], tests_use: &[] },
];

const EVERY_PART: &[&str] = &["app", "crypto", "domain", "http", "mail", "store-postgres", "store-sqlite"];

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("arrows between crates");
    for one in &tree.crates {
        let package = &one.package;
        let manifest = tree.files.get(&package.manifest).map_or("", |file| file.text.as_str());
        let Some(row) = TABLE.iter().find(|row| row.name == package.name) else {
            report.find(
                &package.manifest,
                1,
                &format!("crate `{}` is not in the table of arrows", package.name),
            );
            continue;
        };
        for edge in &package.depends {
            report.looked_at += 1;
            let to = edge.to.as_str();
            let (section, allowed) = if edge.dev {
                ("dev-dependencies", row.uses.contains(&to) || row.tests_use.contains(&to))
            } else {
                ("dependencies", row.uses.contains(&to))
            };
            if !allowed {
                let text = format!("`{}` may not have `{to}` in its [{section}]", row.name);
                report.find(&package.manifest, line_of(manifest, section, to), &text);
            }
        }
    }
    report
}

/// The line of a dependency within its section of a manifest.
fn line_of(manifest: &str, section: &str, dependency: &str) -> usize {
    let header = format!("[{section}]");
    let start = line_with(manifest, &header);
    manifest
        .lines()
        .enumerate()
        .skip(start)
        .find(|(_, line)| line.starts_with(dependency))
        .map_or(start, |(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn arrows_that_point_inward_pass() {
        let tree = sample(
            &[
                "domain",
                "app: domain",
                "http: app, domain; dev testkit",
                "testkit: app",
                "server: http, mail; dev testkit",
            ],
            &[],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 8);
    }

    #[test]
    fn arrows_that_point_outward_are_found() {
        for bad in [
            "domain: app",
            "app: store-sqlite",
            "http: store-sqlite",
            "testkit: store-sqlite",
            "http: testkit",
            "domain; dev testkit",
            "app: domain; dev testkit",
            "xtask: domain",
            "store-sqlite: http",
            "server: testkit",
            "server: timing",
        ] {
            let bad = if bad.contains(':') { bad.to_owned() } else { bad.replace("; dev", ":; dev") };
            assert_eq!(check(&sample(&[&bad], &[])).findings.len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        assert_eq!(check(&sample(&["surprise"], &[])).places(), ["crates/surprise/Cargo.toml:1"]);
    }

    #[test]
    fn the_line_of_the_arrow_is_named() {
        let manifest = "[dependencies]\napp = 1\n\n[dev-dependencies]\nmail = 1\n";
        let tree = sample(&["http: app; dev mail"], &[("crates/http/Cargo.toml", manifest)]);
        assert_eq!(check(&tree).places(), ["crates/http/Cargo.toml:5"]);
    }
}
