//! What ran and passed: each step of the suite leaves a file of names when it has passed, and none while it has not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::claims::Claim;
use crate::workspace::{Workspace, text};

/// Below the target folder.
const FOLDER: &str = "proofs";

/// What steps have shown, by the names that claims use.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    tests: BTreeSet<String>,
    checks: BTreeSet<String>,
    steps: BTreeSet<String>,
}

impl Evidence {
    /// A step begins: whatever it showed before counts no more.
    pub(crate) fn forget(target: &Path, step: &str) -> Result<()> {
        let path = file(target, step);
        if path.exists() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// A step has passed.
    pub(crate) fn keep(&self, target: &Path, step: &str) -> Result<()> {
        let path = file(target, step);
        std::fs::create_dir_all(target.join(FOLDER))?;
        let mut lines = String::new();
        for (kind, names) in [("test", &self.tests), ("check", &self.checks)] {
            names.iter().for_each(|name| lines.push_str(&format!("{kind} {name}\n")));
        }
        std::fs::write(&path, lines).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What all steps have shown.
    pub(super) fn all(target: &Path) -> Result<Self> {
        let mut evidence = Self::default();
        let folder = target.join(FOLDER);
        let files =
            std::fs::read_dir(&folder).context("no step has passed yet: `cargo xtask test` runs them")?;
        for entry in files {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            evidence.steps.insert(name.into_owned());
            for line in std::fs::read_to_string(&path)?.lines() {
                match line.split_once(' ') {
                    Some(("test", name)) => evidence.tests.insert(name.to_owned()),
                    Some(("check", name)) => evidence.checks.insert(name.to_owned()),
                    _ => false,
                };
            }
        }
        Ok(evidence)
    }

    /// Tests that ran in a program of tests whose run ended well.
    pub(crate) fn add_tests(&mut self, names: impl IntoIterator<Item = String>) {
        self.tests.extend(names);
    }

    /// Checks of an end-to-end suite that ended well, from what it printed.
    pub(crate) fn add_checks(&mut self, output: &str) {
        self.checks.extend(output.lines().filter_map(|line| line.strip_prefix("ok - ")).map(str::to_owned));
    }

    pub(super) fn holds(&self, claim: &Claim) -> bool {
        match claim {
            Claim::Test(name) => self.tests.contains(name),
            Claim::Check(name) => self.checks.contains(name),
            Claim::Step(name) => self.steps.contains(name),
            _ => true,
        }
    }
}

fn file(target: &Path, step: &str) -> PathBuf {
    target.join(FOLDER).join(format!("{step}.txt"))
}

/// The programs of tests by the file that cargo built, each with what the names of its tests begin with.
#[derive(Debug, Default)]
pub(crate) struct TestPrograms(BTreeMap<String, String>);

/// The tests of a run that ended well: all that ran, and those that were there to run.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) passed: BTreeSet<String>,
    pub(crate) there: BTreeSet<String>,
}

impl TestPrograms {
    /// Builds them all and asks cargo where they are.
    pub(crate) fn build(workspace: &Workspace) -> Result<Self> {
        let run = workspace.cargo().args(["test", "--workspace", "--locked", "--no-run"]);
        let messages = run.args(["--message-format", "json-render-diagnostics"]).answer()?;
        Ok(Self::read(&messages, workspace))
    }

    fn read(messages: &str, workspace: &Workspace) -> Self {
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Self(messages.filter_map(|message| program(&message, workspace)).collect())
    }

    /// Reads what cargo and libtest printed together, in their order. As the run ended well, a test that was not
    /// ignored has passed, also where its own words stand between its name and its `ok`.
    pub(crate) fn ran(&self, output: &str) -> Ran {
        let (mut ran, mut prefix) = (Ran::default(), None);
        for line in output.lines() {
            if let Some(program) = started(line) {
                prefix = self.0.get(program);
            } else if let Some((prefix, (name, result))) = prefix.zip(test_line(line)) {
                let name = format!("{prefix}::{name}");
                if !result.starts_with("ignored") {
                    ran.passed.insert(name.clone());
                }
                ran.there.insert(name);
            }
        }
        ran
    }
}

/// The tests that ran in one program, whose name is known; its run ended well.
pub(crate) fn ran_in(prefix: &str, output: &str) -> BTreeSet<String> {
    let ran = output.lines().filter_map(test_line).filter(|(_, result)| !result.starts_with("ignored"));
    ran.map(|(name, _)| format!("{prefix}::{name}")).collect()
}

/// `test jwt::a_name ... ok` as the name and the result.
fn test_line(line: &str) -> Option<(&str, &str)> {
    let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    (!name.contains(' ')).then_some((name, result))
}

/// The program's file in cargo's `Running tests/it/main.rs (target/debug/deps/it-0123)`; doc tests have none.
fn started(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("Doc-tests ") {
        return Some("");
    }
    let (_, path) = line.strip_prefix("Running ")?.strip_suffix(')')?.rsplit_once('(')?;
    path.rsplit(['/', '\\']).next()
}

fn program(message: &Value, workspace: &Workspace) -> Option<(String, String)> {
    let path = Path::new(message.get("executable")?.as_str()?);
    let target = message.get("target")?;
    let source = Path::new(text(target, "src_path")).strip_prefix(&workspace.root).ok()?;
    let source = source.to_string_lossy().replace('\\', "/");
    let package = workspace.packages.iter().find(|package| package.roots.contains(&source))?;
    let is_test = target.get("kind")?.as_array()?.iter().any(|kind| kind == "test");
    let prefix =
        if is_test { format!("{}::{}", package.name, text(target, "name")) } else { package.name.clone() };
    Some((path.file_name()?.to_string_lossy().into_owned(), prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    fn workspace() -> Workspace {
        let package = |name: &str, roots: &[&str]| Package {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            manifest: String::new(),
            roots: roots.iter().map(|root| (*root).to_owned()).collect(),
            depends: Vec::new(),
        };
        let packages = vec![
            package("app", &["crates/app/src/lib.rs"]),
            package("server", &["crates/server/src/main.rs", "crates/server/tests/it/main.rs"]),
        ];
        Workspace { root: PathBuf::from("/r"), target: PathBuf::from("/t"), packages }
    }

    fn programs() -> TestPrograms {
        let messages = r#"noise
{"target":{"name":"minbil_auth_app","kind":["lib"],"src_path":"/r/crates/app/src/lib.rs"},"executable":"/t/deps/minbil_auth_app-1"}
{"target":{"name":"it","kind":["test"],"src_path":"/r/crates/server/tests/it/main.rs"},"executable":"/t/deps/it-2"}
{"target":{"name":"other","kind":["lib"],"src_path":"/r/crates/app/src/lib.rs"},"executable":null}"#;
        TestPrograms::read(messages, &workspace())
    }

    #[test]
    fn a_test_is_named_by_its_crate_and_its_program() {
        let output = "     Running unittests src/lib.rs (/t/deps/minbil_auth_app-1)\n\ntest gates::a ... ok\n\
                      test gates::b - should panic ... ok\n     Running tests/it/main.rs (t/deps/it-2)\n\
                      test jwt::c ... words of its own\nok\ntest crash::d ... ignored, is long\n\
                      test result: ok. 1 passed\n   Doc-tests minbil_auth_app\ntest src/lib.rs - (line 9) ... ok\n";
        let ran = programs().ran(output);
        let names = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ran.passed), ["app::gates::a", "app::gates::b", "server::it::jwt::c"]);
        assert_eq!(names(&ran.there)[2..], ["server::it::crash::d", "server::it::jwt::c"]);
    }

    #[test]
    fn a_test_of_a_program_that_nobody_knows_counts_for_nothing() {
        let output = "     Running tests/it/main.rs (t/deps/it-3)\ntest jwt::c ... ok\n";
        assert!(programs().ran(output).there.is_empty());
    }

    #[test]
    fn what_a_step_showed_is_forgotten_when_it_begins_again() {
        let target = std::env::temp_dir().join(format!("xtask-proofs-{}", std::process::id()));
        let mut shown = Evidence::default();
        shown.add_tests(ran_in("server::it", "test a ... ok\ntest b ... ignored\n"));
        shown.add_checks("ok - mail: it went\nnot ok - mail: it came\nskipped - mail: it stayed (no)\n");
        shown.keep(&target, "mail").unwrap();
        let all = Evidence::all(&target).unwrap();
        for (claim, holds) in [
            (Claim::Test("server::it::a".into()), true),
            (Claim::Test("server::it::b".into()), false),
            (Claim::Check("mail: it went".into()), true),
            (Claim::Check("mail: it came".into()), false),
            (Claim::Check("mail: it stayed".into()), false),
            (Claim::Step("mail".into()), true),
            (Claim::Step("portal".into()), false),
        ] {
            assert_eq!(all.holds(&claim), holds, "{claim}");
        }
        Evidence::forget(&target, "mail").unwrap();
        assert!(!Evidence::all(&target).unwrap().holds(&Claim::Step("mail".into())));
        std::fs::remove_dir_all(&target).unwrap();
    }
}
