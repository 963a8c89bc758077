//! Lock files name the public registries and nothing else: no mirror, no git address, no file on a disk.

use super::report::Report;
use super::tree::Tree;

const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";
const PACKAGES: &str = "https://registry.npmjs.org/";

pub(crate) fn check(tree: &Tree) -> Report {
    let mut report = Report::new("locked sources");
    for (path, file) in &tree.files {
        let (key, public): (&str, fn(&str) -> bool) = if path.ends_with("Cargo.lock") {
            ("source = ", |source| source == CRATES)
        } else if path.ends_with("package-lock.json") {
            ("\"resolved\": ", |source| source.starts_with(PACKAGES))
        } else {
            continue;
        };
        for (index, line) in file.text.lines().enumerate() {
            let Some(value) = line.trim().strip_prefix(key) else { continue };
            report.looked_at += 1;
            let source = value.trim_end_matches(',').trim_matches('"');
            if !public(source) {
                report.find(path, index + 1, &format!("`{source}` is not the public registry"));
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
    fn other_sources_are_found() {
        let tree = sample(
            &[],
            &[
                ("Cargo.lock", "source = \"git+https://example.org/x\"\n"),
                ("e2e/package-lock.json", "{\n  \"resolved\": \"http://mirror.example/axios.tgz\",\n}\n"),
            ],
        );
        assert_eq!(check(&tree).places(), ["Cargo.lock:1", "e2e/package-lock.json:2"]);
    }

    #[test]
    fn public_registries_pass() {
        let tree = sample(
            &[],
            &[
                ("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"),
                (
                    "e2e/package-lock.json",
                    "  \"resolved\": \"https://registry.npmjs.org/axios/-/axios-1.0.0.tgz\",\n",
                ),
            ],
        );
        let report = check(&tree);
        assert_eq!(report.findings, []);
        assert_eq!(report.looked_at, 2);
    }
}
