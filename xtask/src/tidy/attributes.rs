//! A lint is silenced with `#[expect(…, reason = "…")]` only: it says why, and it fails once it is not needed.
//!
//! The compiler lints see what is compiled for this machine and these features; this rule sees every file.

use super::report::Report;
use super::source::Source;
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("attributes");
    for (path, source) in tree.rust_files() {
        for index in 0..source.len() {
            let open = if source.follows(index, &["#", "["]) {
                index + 1
            } else if source.follows(index, &["#", "!", "["]) {
                index + 2
            } else {
                continue;
            };
            report.looked_at += 1;
            if let Some(text) = fault(source, open) {
                report.find(path, source.line(index), text);
            }
        }
    }
    report
}

/// What is wrong with the attribute whose `[` is at `open`, also inside a `cfg_attr`.
fn fault(source: &Source, open: usize) -> Option<&'static str> {
    let is_conditional = source.token(open + 1) == "cfg_attr";
    for at in open + 1..source.closing(open) {
        if source.token(at + 1) != "(" || !(at == open + 1 || is_conditional) {
            continue;
        }
        match source.token(at) {
            "allow" => return Some("`allow` hides a lint for ever: use `#[expect(…, reason = \"…\")]`"),
            "expect" if !has_reason(source, at + 1) => return Some("`expect` without a reason"),
            _ => {}
        }
    }
    None
}

fn has_reason(source: &Source, open: usize) -> bool {
    (open..source.closing(open)).any(|at| source.follows(at, &["reason", "="]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn allow_and_expect_without_a_reason_are_found() {
        let code = "#![allow(dead_code)]\n#[allow(\n  unused)]\nfn a() {}\n#[cfg_attr(test, allow(x))]\nfn b() {}\n\
                    #[expect(clippy::panic)]\nfn c() {}\n";
        let tree = sample(&["app"], &[("crates/app/src/lib.rs", code)]);
        assert_eq!(check(&tree).places(), [1, 2, 5, 7].map(|line| format!("crates/app/src/lib.rs:{line}")));
    }

    #[test]
    fn expect_with_a_reason_and_other_attributes_pass() {
        let code = "#[expect(clippy::panic, reason = \"a test of panics\")]\nfn a() { b.expect(\"x\"); allow(1); }\n\
                    // #[allow(x)]\n#[utoipa::path(params(allow(x)))]\nfn b() {}\n";
        let report = check(&sample(&["app"], &[("crates/app/src/lib.rs", code)]));
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 2);
    }
}
