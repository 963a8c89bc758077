//! Follows `mod` declarations from the root file of a compile target to every file it reaches.

use std::collections::BTreeSet;

use super::source::Source;

/// A file reached from a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) file: String,
    /// Its place below the crate root: `["ports", "store"]`; empty for the root itself.
    pub(crate) path: Vec<String>,
    /// Reached through a `cfg(test)` declaration.
    pub(crate) test_only: bool,
}

/// A `mod name;` or `include!("…")` found in a file.
struct Declaration {
    /// The inline modules around it, then its own name.
    path: Vec<String>,
    /// The file named by `#[path = "…"]` or `include!`.
    file: Option<String>,
    test_only: bool,
}

/// Every module that `root` reaches, the root first. `find` gives the file of a path, if there is one.
pub(crate) fn reach<'a>(root: &str, find: impl Fn(&str) -> Option<&'a Source>) -> Vec<Module> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![Module { file: root.to_owned(), path: Vec::new(), test_only: false }];
    while let Some(module) = open.pop() {
        let Some(source) = find(&module.file) else { continue };
        if !seen.insert((module.file.clone(), module.test_only)) {
            continue;
        }
        let (folder, children) = folders(&module.file, module.path.is_empty());
        for declaration in declarations(source) {
            let candidates = match &declaration.file {
                Some(file) => vec![normalize(&format!("{folder}/{file}"))],
                None => {
                    let stem = format!("{children}/{}", declaration.path.join("/"));
                    vec![format!("{stem}.rs"), format!("{stem}/mod.rs")]
                }
            };
            let Some(file) = candidates.into_iter().find(|file| find(file).is_some()) else { continue };
            open.push(Module {
                file,
                path: [module.path.clone(), declaration.path].concat(),
                test_only: module.test_only || declaration.test_only,
            });
        }
        found.push(module);
    }
    found
}

/// The folder of a file, and the folder in which its child modules live.
fn folders(file: &str, is_root: bool) -> (String, String) {
    let (folder, name) = file.rsplit_once('/').unwrap_or((".", file));
    let children = match name.strip_suffix(".rs") {
        Some(stem) if !is_root && stem != "mod" => format!("{folder}/{stem}"),
        _ => folder.to_owned(),
    };
    (folder.to_owned(), children)
}

/// Resolves `.` and `..` in a path with `/`.
pub(crate) fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn declarations(source: &Source) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut scopes = InlineModules::default();
    for index in 0..source.len() {
        scopes.step(source, index);
        if source.token(index) == "mod" && source.token(index + 2) == ";" {
            found.push(Declaration {
                path: scopes.path(source.token(index + 1)),
                file: path_attribute(source, index),
                test_only: source.in_tests(index),
            });
        } else if source.follows(index, &["include", "!"]) {
            found.push(Declaration {
                path: scopes.path(""),
                file: source.quoted_after(index).map(str::to_owned),
                test_only: source.in_tests(index),
            });
        }
    }
    found
}

/// The value of a `#[path = "…"]` attribute that stands before the item at `index`.
fn path_attribute(source: &Source, index: usize) -> Option<String> {
    // Walk back over `pub`, `(crate)` and attributes to the end of the item before.
    let start =
        (0..index).rev().find(|at| matches!(source.token(*at), ";" | "{" | "}")).map_or(0, |at| at + 1);
    (start..index)
        .find(|at| source.follows(*at, &["#", "[", "path", "="]))
        .and_then(|at| source.quoted_after(at))
        .map(str::to_owned)
}

/// Keeps which inline modules (`mod a { … }`) are open while a caller walks over the tokens in order.
#[derive(Default)]
pub(crate) struct InlineModules {
    open: Vec<Option<String>>,
}

impl InlineModules {
    /// Takes the next token into account.
    pub(crate) fn step(&mut self, source: &Source, index: usize) {
        match source.token(index) {
            "{" => {
                let opens_module = index >= 2 && source.token(index - 2) == "mod";
                self.open.push(opens_module.then(|| source.token(index - 1).to_owned()));
            }
            "}" => {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// The open inline modules, then `name` unless it is empty.
    pub(crate) fn path(&self, name: &str) -> Vec<String> {
        let name = (!name.is_empty()).then(|| name.to_owned());
        self.open.iter().flatten().cloned().chain(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn reached(files: &[(&str, &str)]) -> Vec<(String, String, bool)> {
        let files: BTreeMap<&str, Source> =
            files.iter().map(|(path, text)| (*path, Source::new(text))).collect();
        let mut modules: Vec<_> = reach("src/lib.rs", |path| files.get(path))
            .into_iter()
            .map(|module| (module.file, module.path.join("::"), module.test_only))
            .collect();
        modules.sort();
        modules
    }

    fn entry(file: &str, path: &str, test_only: bool) -> (String, String, bool) {
        (file.to_owned(), path.to_owned(), test_only)
    }

    #[test]
    fn modules_are_found_in_files_folders_and_inline() {
        let modules = reached(&[
            ("src/lib.rs", "pub mod a;\npub(crate) mod b;\nmod c { mod d; }\n// mod e;\n"),
            ("src/a.rs", "mod deep;"),
            ("src/a/deep.rs", ""),
            ("src/b/mod.rs", "mod beside;"),
            ("src/b/beside.rs", ""),
            ("src/c/d.rs", ""),
            ("src/e.rs", ""),
        ]);
        assert_eq!(
            modules,
            [
                entry("src/a.rs", "a", false),
                entry("src/a/deep.rs", "a::deep", false),
                entry("src/b/beside.rs", "b::beside", false),
                entry("src/b/mod.rs", "b", false),
                entry("src/c/d.rs", "c::d", false),
                entry("src/lib.rs", "", false),
            ]
        );
    }

    #[test]
    fn a_named_path_and_an_include_are_followed() {
        let modules = reached(&[
            ("src/lib.rs", "#[path = \"../odd/x.rs\"]\nmod a;\ninclude!(\"table.rs\");\n"),
            ("odd/x.rs", ""),
            ("src/table.rs", ""),
        ]);
        assert_eq!(
            modules,
            [entry("odd/x.rs", "a", false), entry("src/lib.rs", "", false), entry("src/table.rs", "", false)]
        );
    }

    #[test]
    fn what_stands_below_a_test_module_is_test_code() {
        let modules =
            reached(&[("src/lib.rs", "#[cfg(test)]\nmod a;\n"), ("src/a.rs", "mod b;"), ("src/a/b.rs", "")]);
        assert_eq!(
            modules,
            [entry("src/a.rs", "a", true), entry("src/a/b.rs", "a::b", true), entry("src/lib.rs", "", false)]
        );
    }
}
