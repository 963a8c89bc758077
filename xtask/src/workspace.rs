//! What cargo says about the workspace: its folders, packages, targets, and the arrows between them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{Run, cargo};

/// An arrow from one package of the workspace to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) to: String,
    /// From `[dev-dependencies]`.
    pub(crate) dev: bool,
}

/// A package of the workspace. Paths are relative to the workspace root and use `/`.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// The name in short: `minbil-auth-app` is `app`, and `minbil-auth` itself is `server`.
    pub(crate) name: String,
    pub(crate) folder: String,
    pub(crate) manifest: String,
    /// The root file of each compile target: library, binaries, tests, build script.
    pub(crate) roots: Vec<String>,
    /// Arrows to packages of this workspace.
    pub(crate) depends: Vec<Edge>,
}

/// The workspace this tool stands in.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds, also when `CARGO_TARGET_DIR` moved it.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

impl Workspace {
    /// Asks `cargo metadata`.
    pub(crate) fn load() -> Result<Self> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?;
        let metadata = metadata(home, &["--no-deps"])?;
        let root = PathBuf::from(text(&metadata, "workspace_root"));
        let packages = array(&metadata, "packages").map(|package| read_package(package, &root)).collect();
        Ok(Self { target: PathBuf::from(text(&metadata, "target_directory")), root, packages })
    }

    /// A `cargo` command that runs in the root.
    pub(crate) fn cargo(&self) -> Run {
        cargo().folder(&self.root)
    }

    /// Builds the server, with `options` such as `--release`, and says where cargo put it.
    pub(crate) fn server(&self, options: &[&str]) -> Result<PathBuf> {
        self.program("minbil-auth", options)
    }

    /// Builds a program of the package that is called as it is, and says where cargo put it.
    pub(crate) fn program(&self, name: &str, options: &[&str]) -> Result<PathBuf> {
        self.program_by(self.cargo(), name, options)
    }

    /// Builds a program with a cargo that was given settings of its own.
    pub(crate) fn program_by(&self, cargo: Run, name: &str, options: &[&str]) -> Result<PathBuf> {
        let messages = cargo
            .args(["build", "-p", name, "--locked", "--message-format", "json-render-diagnostics"])
            .args(options)
            .answer()?;
        executable(&messages, name).with_context(|| format!("cargo built no program `{name}`"))
    }

    pub(crate) fn has_package(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }
}

/// The path of a program among cargo's messages: wherever a configuration lets cargo put it.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let target = message.get("target")?;
        let is_program = array(target, "kind").any(|kind| kind == "bin");
        let is_wanted = target.get("name").and_then(Value::as_str) == Some(name);
        let path = message.get("executable")?.as_str()?;
        (is_program && is_wanted && Path::new(path).is_absolute()).then(|| PathBuf::from(path))
    })
}

/// `cargo metadata` of the workspace in `folder`, as JSON.
pub(crate) fn metadata(folder: &Path, options: &[&str]) -> Result<Value> {
    let text = cargo().folder(folder).args(["metadata", "--format-version", "1"]).args(options).output()?;
    serde_json::from_str(&text).context("`cargo metadata` printed something that is not JSON")
}

/// A string member; empty if it is missing.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// The items of an array member; none if it is missing.
pub(crate) fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn read_package(package: &Value, root: &Path) -> Package {
    let manifest = relative(text(package, "manifest_path"), root);
    let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or("").to_owned();
    let depends = array(package, "dependencies")
        .filter(|dependency| dependency.get("path").is_some_and(Value::is_string))
        .map(|dependency| Edge {
            to: short_name(text(dependency, "name")),
            dev: dependency.get("kind").and_then(Value::as_str) == Some("dev"),
        })
        .collect();
    Package {
        name: short_name(text(package, "name")),
        folder,
        manifest,
        roots: array(package, "targets").map(|target| relative(text(target, "src_path"), root)).collect(),
        depends,
    }
}

fn short_name(name: &str) -> String {
    match name.strip_prefix("minbil-auth") {
        Some("") => "server".to_owned(),
        Some(rest) => rest.trim_start_matches('-').to_owned(),
        None => name.to_owned(),
    }
}

fn relative(path: &str, root: &Path) -> String {
    Path::new(path).strip_prefix(root).unwrap_or(Path::new(path)).to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        let names = ["minbil-auth", "minbil-auth-store-sqlite", "xtask"].map(short_name);
        assert_eq!(names, ["server", "store-sqlite", "xtask"]);
    }

    #[test]
    fn a_package_is_read_with_its_arrows() {
        let package: Value = serde_json::from_str(
            r#"{"name":"minbil-auth-http","manifest_path":"/r/crates/http/Cargo.toml",
                "targets":[{"src_path":"/r/crates/http/src/lib.rs"}],
                "dependencies":[{"name":"minbil-auth-app","path":"/r/crates/app","kind":null},
                                {"name":"axum","kind":null},
                                {"name":"minbil-auth-testkit","path":"/r/crates/testkit","kind":"dev"}]}"#,
        )
        .unwrap();
        let package = read_package(&package, Path::new("/r"));
        assert_eq!((package.name.as_str(), package.folder.as_str()), ("http", "crates/http"));
        assert_eq!(package.roots, ["crates/http/src/lib.rs"]);
        assert_eq!(
            package.depends,
            [Edge { to: "app".into(), dev: false }, Edge { to: "testkit".into(), dev: true }]
        );
    }

    #[test]
    fn the_server_is_found_among_the_messages_of_cargo() {
        let messages = "noise\n\
            {\"target\":{\"name\":\"minbil-auth\",\"kind\":[\"lib\"]},\"executable\":null}\n\
            {\"target\":{\"name\":\"other\",\"kind\":[\"bin\"]},\"executable\":\"/t/debug/other\"}\n\
            {\"target\":{\"name\":\"minbil-auth\",\"kind\":[\"bin\"]},\"executable\":\"/t/debug/minbil-auth\"}\n";
        assert_eq!(executable(messages, "minbil-auth"), Some(PathBuf::from("/t/debug/minbil-auth")));
        assert_eq!(executable(messages, "other"), Some(PathBuf::from("/t/debug/other")));
        assert_eq!(executable("{}", "other"), None);
    }
}
