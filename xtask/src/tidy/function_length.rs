//! A function has at most 70 lines, from `fn` to its closing brace. Tests are exempt: a table is long.

use super::report::Report;
use super::tree::Tree;

const LINES: usize = 70;

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("functions");
    for (path, source) in tree.rust_files().filter(|(path, _)| !tree.is_test_file(path)) {
        for function in source.functions().iter().filter(|function| !function.is_test) {
            report.looked_at += 1;
            if function.lines > LINES {
                let text = format!("`{}` has {} lines, {LINES} are allowed", function.name, function.lines);
                report.find(path, function.line, &text);
            }
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::sample;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step('}');\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_function_is_found() {
        let code = format!("fn short() {{}}\n{}", function(71));
        assert_eq!(
            check(&sample(&["app"], &[("crates/app/src/lib.rs", &code)])).places(),
            ["crates/app/src/lib.rs:2"]
        );
    }

    #[test]
    fn the_limit_itself_and_tests_pass() {
        let code = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", function(70), function(90));
        let report = check(&sample(&["app"], &[("crates/app/src/lib.rs", &code)]));
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 1);
    }
}
