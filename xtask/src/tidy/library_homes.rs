//! A library that shapes the code around it is named in one crate only, so that it can be replaced there.

use super::report::Report;
use super::source::Source;
use super::tree::Tree;

/// A library, the crate that may name it freely, and what other crates may name of it in `src/`.
struct Home {
    library: &'static str,
    home: &'static str,
    /// (crate, names below the library; none means all).
    guests: &'static [(&'static str, &'static [&'static str])],
    /// Tests of these crates may name it too: they drive the router in process.
    tests: &'static [&'static str],
}

const HOMES: [Home; 6] = [
    // The server hangs the finished router on its listeners and needs no more of axum than that. What counts instructions
    // calls the router in its own process, where a request is a value. The benchmark holds the server against a bare one.
    Home {
        library: "axum",
        home: "http",
        guests: &[
            ("server", &["Router", "serve"]),
            ("instructions", &["Router", "body", "extract", "http"]),
            ("bench", &["Json", "Router", "body", "routing", "serve"]),
        ],
        tests: &["server"],
    },
    Home { library: "axum_server", home: "server", guests: &[], tests: &[] },
    // The benchmark measures the bare database beside the store, and fills it.
    Home {
        library: "rusqlite",
        home: "store-sqlite",
        guests: &[("bench", &["Connection", "Result", "params"])],
        tests: &["server"],
    },
    // Tests look at the database from beside the server.
    Home { library: "tokio_postgres", home: "store-postgres", guests: &[], tests: &["server"] },
    Home { library: "lettre", home: "mail", guests: &[], tests: &[] },
    // Tests check our tokens with a library that is not ours.
    Home { library: "jsonwebtoken", home: "crypto", guests: &[], tests: &["http", "server"] },
];

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("files of crates");
    for one in &tree.crates {
        for (path, source) in tree.files_of(&one.package) {
            report.looked_at += 1;
            for home in HOMES.iter().filter(|home| home.home != one.package.name) {
                if home.tests.contains(&one.package.name.as_str()) && tree.is_test_file(path) {
                    continue;
                }
                let guest = home.guests.iter().find(|(name, _)| *name == one.package.name);
                for index in (0..source.len()).filter(|index| names_library(source, *index, home.library)) {
                    let may = guest.is_some_and(|(_, names)| names_only(source, index, names))
                        || (home.tests.contains(&one.package.name.as_str()) && source.in_tests(index));
                    if !may {
                        let text = format!("`{}` is named here, its home is `{}`", home.library, home.home);
                        report.find(path, source.line(index), &text);
                    }
                }
            }
        }
    }
    report
}

/// Whether the token begins a path into the library, as `axum::Router`, `::axum::Router` or `use axum;` do.
fn names_library(source: &Source, index: usize, library: &str) -> bool {
    if source.token(index) != library {
        return false;
    }
    let before = |steps: usize| index.checked_sub(steps).map_or("", |at| source.token(at));
    let is_segment_of_other = before(1) == ":"
        && before(2) == ":"
        && before(3) != "use"
        && before(3).starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>');
    let is_path = source.follows(index + 1, &[":", ":"]) || matches!(before(1), "use" | "crate");
    is_path && before(1) != "." && !is_segment_of_other
}

/// Whether the path at `index` leads only to `names`: `axum::Router`, or `axum::{Router, serve}`.
fn names_only(source: &Source, index: usize, names: &[&str]) -> bool {
    let first = index + 3;
    if source.token(first) != "{" {
        return names.contains(&source.token(first));
    }
    (first + 1..source.closing(first))
        .all(|at| matches!(source.token(at), "," | ":") || names.contains(&source.token(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn a_library_away_from_home_is_found() {
        let tree = sample(
            &["app", "server", "http"],
            &[
                ("crates/app/src/lib.rs", "use axum::Router;\nfn f(c: rusqlite::Connection) {}\n"),
                ("crates/server/src/main.rs", "use axum::{Router, Json};\n"),
                (
                    "crates/http/src/lib.rs",
                    "use ::rusqlite::Error;\nuse axum::Json;\nuse axum_server::Handle;\n",
                ),
            ],
        );
        assert_eq!(
            check(&tree).places(),
            [
                "crates/app/src/lib.rs:1",
                "crates/app/src/lib.rs:2",
                "crates/server/src/main.rs:1",
                "crates/http/src/lib.rs:3",
                "crates/http/src/lib.rs:1",
            ]
        );
    }

    #[test]
    fn home_guests_and_other_words_pass() {
        let tree = sample(
            &["http", "server", "store-sqlite", "app"],
            &[
                ("crates/http/src/lib.rs", "use axum::{Json, extract::State};\n"),
                ("crates/server/src/main.rs", "use axum::{Router, serve};\nuse axum_server::Handle;\n"),
                ("crates/server/tests/it/main.rs", "use axum::body::Body;\n"),
                ("crates/store-sqlite/src/lib.rs", "use rusqlite::Connection;\n"),
                (
                    "crates/app/src/lib.rs",
                    "// axum::Router\nfn f() { self.axum; super::axum::f(); \"axum::x\" }\n",
                ),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 5);
    }
}
