//! Finds cycles between the top modules of a crate.
//!
//! Two modules that use each other are one module in two files: neither can be read, tested or moved alone.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{InlineModules, Module};
use super::report::Report;
use super::source::Source;
use super::tree::Tree;

/// Top module → top module it uses → the first place where it does.
type Uses = BTreeMap<String, BTreeMap<String, (String, usize)>>;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("arrows between modules");
    for target in tree.crates.iter().flat_map(|one| &one.targets) {
        let uses = collect(tree, target);
        report.looked_at += uses.values().map(BTreeMap::len).sum::<usize>();
        for knot in knots(&uses) {
            let arrows: Vec<_> = uses
                .iter()
                .filter(|(from, _)| knot.contains(*from))
                .flat_map(|(from, to)| to.iter().map(move |(to, place)| (from, to, place)))
                .filter(|(_, to, _)| knot.contains(*to))
                .collect();
            let Some((_, _, (file, line))) = arrows.first() else { continue };
            let list: Vec<String> = arrows
                .iter()
                .map(|(from, to, (file, line))| format!("`{from}` uses `{to}` ({file}:{line})"))
                .collect();
            report.find(file, *line, &format!("modules that use each other: {}", list.join(", ")));
        }
    }
    report
}

/// Which top module uses which, in code that is not test code.
fn collect(tree: &Tree, target: &[Module]) -> Uses {
    let tops: BTreeSet<&str> =
        target.iter().filter_map(|module| module.path.first()).map(String::as_str).collect();
    let root =
        target.first().and_then(|module| tree.files.get(&module.file)).and_then(|file| file.rust.as_ref());
    let exports = root.map(|root| exports(root, &tops)).unwrap_or_default();
    let mut uses = Uses::new();
    for module in target.iter().filter(|module| !module.test_only) {
        let Some(source) = tree.files.get(&module.file).and_then(|file| file.rust.as_ref()) else { continue };
        for (path, name, index) in mentions(source, &module.path) {
            let Some(from) = path.first() else { continue };
            let name = name.as_str();
            let Some(to) = tops.get(name).copied().or_else(|| exports.get(name).map(String::as_str)) else {
                continue;
            };
            if from != to {
                uses.entry(from.clone())
                    .or_default()
                    .entry(to.to_owned())
                    .or_insert_with(|| (module.file.clone(), source.line(index)));
            }
        }
    }
    uses
}

/// Names below the crate root that a file uses: (the module it is used in, the name, the token).
fn mentions(source: &Source, file_path: &[String]) -> Vec<(Vec<String>, String, usize)> {
    let mut found = Vec::new();
    let mut inline = InlineModules::default();
    for index in 0..source.len() {
        inline.step(source, index);
        let starts_path = !source.follows(index.saturating_sub(2), &[":", ":"]);
        if source.in_tests(index) || !starts_path || !matches!(source.token(index), "crate" | "super") {
            continue;
        }
        let current = [file_path.to_vec(), inline.path("")].concat();
        let mut base = if source.token(index) == "crate" { Vec::new() } else { current.clone() };
        let mut at = index;
        while source.token(at) == "super" && source.follows(at + 1, &[":", ":"]) {
            base.pop();
            at += 3;
        }
        if source.follows(at, &["crate", ":", ":"]) {
            at += 3;
        }
        if at == index {
            continue;
        }
        match base.first() {
            // `super::x` that stays below one top module names that module.
            Some(top) => found.push((current, top.clone(), index)),
            None => found.extend(
                first_names(source, at).into_iter().map(|(name, token)| (current.clone(), name, token)),
            ),
        }
    }
    found
}

/// The first segment of each path at a token: one for `a::b`, several for `{a::b, c}`.
fn first_names(source: &Source, at: usize) -> Vec<(String, usize)> {
    if source.token(at) != "{" {
        return vec![(source.token(at).to_owned(), at)];
    }
    let mut depth = 0_usize;
    let mut names = Vec::new();
    for index in at..=source.closing(at) {
        if depth == 1 && matches!(source.token(index - 1), "{" | ",") {
            names.push((source.token(index).to_owned(), index));
        }
        match source.token(index) {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    names
}

/// Names that the crate root re-exports from a top module: `pub use ids::UserId` makes `UserId` mean `ids`.
fn exports(root: &Source, tops: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for index in (0..root.len()).filter(|index| root.token(*index) == "use") {
        let start = if matches!(root.token(index + 1), "crate" | "self") { index + 4 } else { index + 1 };
        let top = root.token(start);
        if !tops.contains(top) {
            continue;
        }
        for at in start + 1..root.len() {
            match root.token(at) {
                ";" => break,
                // The last segment of each path is the name that becomes visible.
                name if matches!(root.token(at + 1), ";" | "," | "}") && !matches!(name, "}" | "," | "*") => {
                    names.insert(name.to_owned(), top.to_owned());
                }
                _ => {}
            }
        }
    }
    names
}

/// Groups of modules that reach each other.
fn knots(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reachable: BTreeMap<&String, BTreeSet<String>> =
        uses.keys().map(|from| (from, everything_from(uses, from))).collect();
    let mut knots: Vec<BTreeSet<String>> = Vec::new();
    for (from, reached) in &reachable {
        if !reached.contains(*from) || knots.iter().any(|knot| knot.contains(*from)) {
            continue;
        }
        let back = |to: &&String| reachable.get(to).is_some_and(|reached| reached.contains(*from));
        knots.push(reached.iter().filter(back).cloned().collect());
    }
    knots
}

fn everything_from(uses: &Uses, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(next) = open.pop() {
        for to in uses.get(&next).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.clone()) {
                open.push(to.clone());
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&sample(&["app"], files)).places()
    }

    #[test]
    fn two_modules_that_use_each_other_are_found() {
        let places = found(&[
            ("crates/app/src/lib.rs", "mod a;\nmod b;\n"),
            ("crates/app/src/a.rs", "\nuse crate::b::X;\n"),
            ("crates/app/src/b.rs", "fn f() { super::a::g() }\n"),
        ]);
        assert_eq!(places, ["crates/app/src/a.rs:2"]);
    }

    #[test]
    fn a_cycle_of_three_through_groups_and_children_is_found() {
        let places = found(&[
            ("crates/app/src/lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
            ("crates/app/src/a.rs", "use crate::{d::Z, b::{self, X}};\n"),
            ("crates/app/src/b.rs", "mod deep;\n"),
            ("crates/app/src/b/deep.rs", "use super::super::c::Y;\n"),
            ("crates/app/src/c.rs", "fn f() -> crate::a::W {}\n"),
            ("crates/app/src/d.rs", ""),
        ]);
        assert_eq!(places, ["crates/app/src/a.rs:1"]);
    }

    #[test]
    fn a_cycle_through_a_re_export_is_found() {
        let places = found(&[
            ("crates/app/src/lib.rs", "mod a;\nmod b;\npub use b::{deep::X, Y};\n"),
            ("crates/app/src/a.rs", "use crate::X;\n"),
            ("crates/app/src/b.rs", "use crate::a::Z;\n"),
        ]);
        assert_eq!(places, ["crates/app/src/a.rs:1"]);
    }

    #[test]
    fn one_direction_children_tests_and_comments_are_no_cycle() {
        let tree = sample(
            &["app"],
            &[
                ("crates/app/src/lib.rs", "mod a;\nmod b;\nuse a::X;\nuse crate::b::Y;\n"),
                ("crates/app/src/a.rs", "mod child;\nuse crate::b::Y;\npub(crate) struct X;\n"),
                ("crates/app/src/a/child.rs", "use super::X;\nuse crate::a::X as Z;\n"),
                (
                    "crates/app/src/b.rs",
                    "// crate::a\n#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::a::X;\n}\n",
                ),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 1);
    }
}
