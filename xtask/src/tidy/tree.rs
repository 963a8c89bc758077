//! What the rules look at: the text files of the tree and the crates of the workspace.
//!
//! It is plain data, so that the tests of a rule can write a small bad tree down.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::modules::{Module, reach};
use super::source::Source;
use crate::process::Run;
use crate::workspace::{Package, Workspace};

/// A text file of the tree.
pub(crate) struct File {
    pub(crate) text: String,
    /// Set for `.rs` files.
    pub(crate) rust: Option<Source>,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { text: text.to_owned(), rust: path.ends_with(".rs").then(|| Source::new(text)) }
    }
}

/// A crate of the workspace with the modules its compile targets reach.
pub(crate) struct Crate {
    pub(crate) package: Package,
    /// One list per compile target: the modules reached from its root file.
    pub(crate) targets: Vec<Vec<Module>>,
}

/// The whole tree. Paths are relative to its root and use `/`.
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) crates: Vec<Crate>,
}

impl Tree {
    /// Reads the tree from the disk.
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in list_files(&workspace.root)? {
            // What is not UTF-8 (images, fonts, compressed bundles) is no text for these rules, and what
            // is gone since it was listed is no file.
            if let Ok(text) = std::fs::read_to_string(workspace.root.join(&path)) {
                files.insert(path.clone(), File::new(&path, &text));
            }
        }
        Ok(Self::new(files, workspace.packages.clone()))
    }

    pub(crate) fn new(files: BTreeMap<String, File>, packages: Vec<Package>) -> Self {
        let crates = packages
            .into_iter()
            .map(|package| {
                let find = |path: &str| files.get(path).and_then(|file| file.rust.as_ref());
                let targets = package.roots.iter().map(|root| reach(root, find)).collect();
                Crate { package, targets }
            })
            .collect();
        Self { files, crates }
    }

    /// All Rust files with their paths.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.files.iter().filter_map(|(path, file)| Some((path.as_str(), file.rust.as_ref()?)))
    }

    /// The Rust files of one crate.
    pub(crate) fn files_of<'a>(&'a self, package: &Package) -> impl Iterator<Item = (&'a str, &'a Source)> {
        let folder = format!("{}/", package.folder);
        self.rust_files().filter(move |(path, _)| path.starts_with(&folder))
    }

    /// Whether a Rust file exists only for tests: in a `tests/` folder, or reached by a `cfg(test)` module only.
    pub(crate) fn is_test_file(&self, path: &str) -> bool {
        if path.starts_with("tests/") || path.contains("/tests/") {
            return true;
        }
        let mut modules = self
            .crates
            .iter()
            .flat_map(|one| one.targets.iter().flatten())
            .filter(|module| module.file == path)
            .peekable();
        modules.peek().is_some() && modules.all(|module| module.test_only)
    }
}

/// Every file that is part of the tree: what git knows or would add; without git, a walk.
fn list_files(root: &Path) -> Result<Vec<String>> {
    let listed = Run::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output();
    if let Ok(listed) = listed {
        let files: Vec<String> =
            listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        if !files.is_empty() {
            return Ok(files);
        }
    }
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    Ok(files)
}

/// What a build or a run leaves behind; the same folders as in `.gitignore`.
const NOT_OURS: [&str; 5] = [".git", "target", "node_modules", "__pycache__", "minbil-auth-data"];

fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A tree written down in a test: crates by folder name, and files with their text.
#[cfg(test)]
pub(crate) fn sample(packages: &[&str], files: &[(&str, &str)]) -> Tree {
    use crate::workspace::Edge;

    let files: BTreeMap<String, File> =
        files.iter().map(|(path, text)| ((*path).to_owned(), File::new(path, text))).collect();
    let packages = packages
        .iter()
        .map(|line| {
            // "http: app, domain; dev testkit" is a crate with two dependencies and one of its tests.
            let (name, depends) = line.split_once(':').unwrap_or((line, ""));
            let (normal, dev) = depends.split_once("; dev").unwrap_or((depends, ""));
            let edges = |list: &str, dev: bool| {
                list.split(',')
                    .map(str::trim)
                    .filter(|to| !to.is_empty())
                    .map(|to| Edge { to: to.to_owned(), dev })
                    .collect::<Vec<_>>()
            };
            let folder = format!("crates/{name}");
            let is_root = |path: &&String| {
                path.strip_prefix(&format!("{folder}/")).is_some_and(|rest| {
                    matches!(rest, "src/lib.rs" | "src/main.rs" | "tests/it/main.rs")
                        || (rest.starts_with("tests/") && rest.matches('/').count() == 1)
                })
            };
            Package {
                name: (*name).to_owned(),
                manifest: format!("{folder}/Cargo.toml"),
                roots: files.keys().filter(is_root).cloned().collect(),
                depends: [edges(normal, false), edges(dev, true)].concat(),
                folder,
            }
        })
        .collect();
    Tree::new(files, packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_behind_a_test_module_is_a_test_file() {
        let tree = sample(
            &["app"],
            &[
                ("crates/app/src/lib.rs", "mod a;\n#[cfg(test)]\nmod b;\n"),
                ("crates/app/src/a.rs", ""),
                ("crates/app/src/b.rs", ""),
                ("crates/app/tests/it/main.rs", ""),
            ],
        );
        let tests: Vec<&str> =
            tree.rust_files().map(|(path, _)| path).filter(|path| tree.is_test_file(path)).collect();
        assert_eq!(tests, ["crates/app/src/b.rs", "crates/app/tests/it/main.rs"]);
    }

    #[test]
    fn a_walk_finds_files_and_leaves_build_output_alone() {
        let root = std::env::temp_dir().join(format!("xtask-walk-{}", std::process::id()));
        for folder in ["src/deep", "target/debug", "node_modules/x"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["a.md", "src/deep/b.rs", "target/debug/c", "node_modules/x/d.js"] {
            std::fs::write(root.join(file), "x").unwrap();
        }
        let mut files = Vec::new();
        walk(&root, "", &mut files).unwrap();
        files.sort();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(files, ["a.md", "src/deep/b.rs"]);
    }
}
