//! Checks the dependencies against `deny.toml`: licences, sources, banned crates, and crates that are there in two versions. Our own
//! check needs nothing; cargo-deny, which takes long to install, gives a second opinion where it is there, and alone knows advisories.

mod deny_file;
mod spdx;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::machine;
use crate::process::{Run, show};
use crate::workspace::{Workspace, array, metadata, text};
use deny_file::DenyFile;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The cargo-deny that is built where none is installed.
const DENY_VERSION: &str = "0.20.2";

/// A package of the dependency graph.
struct Dependency {
    name: String,
    version: String,
    licence: String,
    /// `None` for our own.
    source: Option<String>,
}

/// What cargo-deny says when it could not get at the advisories, as opposed to having found some.
const UNREACHED: [&str; 3] =
    ["failed to fetch advisory database", "failed to load advisory database", "failed to open advisory"];

/// Our own check, and what cargo-deny says of the same where it is installed.
pub(crate) fn run(workspace: &Workspace) -> Result<String> {
    let checked = own_check(workspace)?;
    let Some(deny) = find_deny(workspace) else {
        show(
            "!!! cargo-deny is not installed: licences, sources, bans and duplicates were checked by our own check",
        );
        show("!!! alone; advisories were NOT. `cargo install --locked cargo-deny` to have them checked too.");
        return Ok(format!("{checked}; without cargo-deny, so no advisories"));
    };
    check(workspace, &deny, &["bans", "licenses", "sources"]).run()?;
    Ok(format!("{checked}; cargo-deny agrees"))
}

/// The same where there is time: cargo-deny is built if it is missing, into the target folder.
pub(crate) fn run_with_deny(workspace: &Workspace) -> Result<String> {
    if find_deny(workspace).is_none() {
        workspace
            .cargo()
            .args(["install", "cargo-deny", "--locked", "--debug", "--version", DENY_VERSION, "--root"])
            .arg(tools(workspace))
            .run()?;
    }
    run(workspace)
}

/// cargo-deny, asked for some of its checks.
fn check(workspace: &Workspace, deny: &Path, checks: &[&str]) -> Run {
    Run::new(deny).folder(&workspace.root).args(["--locked", "check"]).args(checks)
}

/// On the PATH, or where [`run_with_deny`] puts it.
fn find_deny(workspace: &Workspace) -> Option<PathBuf> {
    let ours = tools(workspace).join("bin/cargo-deny");
    machine::find("cargo-deny").or_else(|| ours.is_file().then_some(ours))
}

fn tools(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// Known vulnerabilities and yanked versions. They come from a server and change by the day, so they are no part of the tests: they must not
/// make yesterday's commit fail. Where the server cannot be reached that is said, loudly, and is no fault of the tree.
pub(crate) fn advisories(workspace: &Workspace) -> Result<String> {
    let Some(deny) = find_deny(workspace) else {
        show("!!! advisories were NOT checked: cargo-deny is not installed");
        return Ok("advisories not checked, for want of cargo-deny".to_owned());
    };
    judge_advisories(check(workspace, &deny, &["advisories"]).output().map(|_| ()))
}

fn judge_advisories(checked: Result<()>) -> Result<String> {
    match checked {
        Ok(()) => Ok("no advisory".to_owned()),
        Err(error) if UNREACHED.iter().any(|words| format!("{error:#}").contains(words)) => {
            show("!!! advisories were NOT checked: their database cannot be reached");
            Ok("advisories not checked, their database cannot be reached".to_owned())
        }
        Err(error) => Err(error),
    }
}

/// Checks every dependency of every target. An error says how many faults were printed.
fn own_check(workspace: &Workspace) -> Result<String> {
    let rules = DenyFile::read(&std::fs::read_to_string(workspace.root.join("deny.toml"))?)?;
    let tree = workspace
        .cargo()
        .args(["tree", "--workspace", "--all-features", "--locked", "--target", "all", "--edges"])
        .args(["normal,build,dev", "--prefix", "none", "--format", "{p}"])
        .output()?;
    let dependencies = used(&tree, &metadata(&workspace.root, &["--locked"])?);
    if !dependencies.iter().any(|dependency| dependency.source.is_some()) {
        bail!("`cargo metadata` named no dependency at all");
    }
    let faults = faults(&rules, &dependencies);
    for fault in &faults {
        show(fault);
    }
    if !faults.is_empty() {
        bail!("{} faults of dependencies, listed above", faults.len());
    }
    Ok(format!("{} packages", dependencies.len()))
}

/// The packages that some build of the workspace uses, as `cargo tree` lists them. `cargo metadata` knows licences and
/// sources, but also names optional packages that no feature enables (a second cryptographic library, for one).
fn used(tree: &str, metadata: &Value) -> Vec<Dependency> {
    // A line is `name vVERSION`, and perhaps a place in parentheses.
    let listed: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or(rest)))
        .collect();
    array(metadata, "packages")
        .filter(|package| listed.contains(&(text(package, "name"), text(package, "version"))))
        .map(|package| Dependency {
            name: text(package, "name").to_owned(),
            version: text(package, "version").to_owned(),
            licence: text(package, "license").to_owned(),
            source: package.get("source").and_then(Value::as_str).map(str::to_owned),
        })
        .collect()
}

fn faults(rules: &DenyFile, dependencies: &[Dependency]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for dependency in dependencies {
        let Dependency { name, version, licence, source } = dependency;
        versions.entry(name).or_default().push(version);
        match spdx::is_allowed(licence, &rules.licences) {
            Ok(true) => {}
            Ok(false) => {
                faults.push(format!("{name} {version}: licence `{licence}` is not allowed by deny.toml"));
            }
            Err(error) => {
                faults.push(format!("{name} {version}: licence `{licence}` cannot be read: {error}"));
            }
        }
        if source.as_ref().is_some_and(|source| source != CRATES_IO) {
            faults.push(format!("{name} {version}: its source is not crates.io"));
        }
        if rules.banned.contains(name) {
            faults.push(format!("{name} {version}: banned by deny.toml"));
        }
    }
    for (name, versions) in &versions {
        let unexplained = versions
            .iter()
            .filter(|version| !rules.skips.iter().any(|skip| skip.matches(name, version)))
            .count();
        if versions.len() > 1 && unexplained > 1 {
            let list = versions.join(" and ");
            faults.push(format!("{name}: there in versions {list}, and deny.toml skips none of them"));
        }
    }
    for skip in &rules.skips {
        let versions = versions.get(skip.name.as_str()).map_or(&[][..], Vec::as_slice);
        if versions.len() < 2 || !versions.iter().any(|version| skip.matches(&skip.name, version)) {
            faults.push(format!(
                "deny.toml skips {}:{}, which is no duplicate any more",
                skip.name, skip.version
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n[bans]\n\
                         deny = [{ crate = \"ring\" }]\nskip = [{ crate = \"syn:2\" }]\n";

    fn found(list: &[(&str, &str, &str)]) -> Vec<String> {
        let of = |(name, version, licence): &(&str, &str, &str)| Dependency {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            licence: (*licence).to_owned(),
            source: Some(if *name == "forked" { "git+https://example.org" } else { CRATES_IO }.to_owned()),
        };
        let syn = [("syn", "2.0.1", "MIT"), ("syn", "3.0.0", "MIT")];
        let dependencies: Vec<Dependency> = list.iter().chain(&syn).map(of).collect();
        faults(&DenyFile::read(RULES).unwrap(), &dependencies)
    }

    #[test]
    fn an_advisory_is_a_fault_and_a_server_that_is_away_is_not() {
        assert_eq!(judge_advisories(Ok(())).unwrap(), "no advisory");
        let away = anyhow::anyhow!("`cargo deny` ended with 1: failed to fetch advisory database https://x");
        assert!(judge_advisories(Err(away)).unwrap().contains("not checked"));
        let found = anyhow::anyhow!("`cargo deny` ended with 1: error[vulnerability]: RUSTSEC-2023-0071");
        assert!(judge_advisories(Err(found)).is_err());
    }

    #[test]
    fn what_deny_toml_allows_passes() {
        assert_eq!(found(&[("a", "1.0.0", "MIT OR GPL-3.0"), ("b", "1.0.0", "Apache-2.0 AND MIT")]), [""; 0]);
    }

    #[test]
    fn each_fault_is_named() {
        for (dependency, wanted) in [
            (("a", "1.0.0", "GPL-3.0"), "not allowed"),
            (("a", "1.0.0", ""), "cannot be read"),
            (("forked", "1.0.0", "MIT"), "not crates.io"),
            (("ring", "1.0.0", "MIT"), "banned"),
        ] {
            let faults = found(&[dependency]);
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].contains(wanted), "{faults:?}");
        }
        let faults = found(&[("a", "1.0.0", "MIT"), ("a", "2.0.0", "MIT")]);
        assert!(faults[0].contains("1.0.0 and 2.0.0"), "{faults:?}");
    }

    #[test]
    fn a_skip_that_is_not_needed_any_more_is_a_fault() {
        let rules = DenyFile::read(RULES).unwrap();
        let one =
            Dependency { name: "syn".into(), version: "3.0.0".into(), licence: "MIT".into(), source: None };
        assert!(faults(&rules, &[one])[0].contains("no duplicate any more"));
    }

    #[test]
    fn only_what_a_build_uses_is_looked_at() {
        let metadata: Value = serde_json::from_str(
            r#"{"packages":[{"name":"me","version":"0.1.0"},{"name":"used","version":"1.0.0","source":"x"},
                            {"name":"used","version":"2.0.0"},{"name":"idle","version":"1.0.0"}]}"#,
        )
        .unwrap();
        let tree = "me v0.1.0 (/somewhere)\nused v1.0.0\nused v1.0.0 (*)\n\n";
        let names: Vec<(String, String)> = used(tree, &metadata)
            .into_iter()
            .map(|dependency| (dependency.name, dependency.version))
            .collect();
        let expected =
            [("me", "0.1.0"), ("used", "1.0.0")].map(|(name, version)| (name.into(), version.into()));
        assert_eq!(names, expected);
    }
}
