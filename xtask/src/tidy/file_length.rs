//! A file has at most 400 lines of code, a test file 600.

use super::report::Report;
use super::tree::Tree;

const CODE: usize = 400;
const TESTS: usize = 600;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("Rust files");
    for (path, source) in tree.rust_files() {
        report.looked_at += 1;
        let (all, code) = source.lines();
        let (lines, limit) = if tree.is_test_file(path) { (all, TESTS) } else { (code, CODE) };
        if lines > limit {
            report.find(
                path,
                limit + 1,
                &format!("{lines} lines, {limit} are allowed (inline tests not counted)"),
            );
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    #[test]
    fn a_long_file_is_found() {
        let long = "// x\n".repeat(401);
        let tree = sample(&["app"], &[("crates/app/src/lib.rs", &long), ("fuzz/fuzz_targets/a.rs", &long)]);
        assert_eq!(check(&tree).places(), ["crates/app/src/lib.rs:401", "fuzz/fuzz_targets/a.rs:401"]);
    }

    #[test]
    fn inline_tests_do_not_count_and_test_files_may_be_longer() {
        let code = "// x\n".repeat(390);
        let inline = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        let tests = "// x\n".repeat(600);
        let tree =
            sample(&["app"], &[("crates/app/src/lib.rs", &inline), ("crates/app/tests/it/main.rs", &tests)]);
        assert_eq!(check(&tree).findings, []);
        let too_long = "// x\n".repeat(601);
        let tree = sample(&["app"], &[("crates/app/tests/it/main.rs", &too_long)]);
        assert_eq!(check(&tree).places(), ["crates/app/tests/it/main.rs:601"]);
    }
}
