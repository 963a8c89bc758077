//! Bills of materials: CycloneDX 1.5, made from what cargo resolved and what Cargo.lock says of it.
//!
//! What is listed is what is linked in: no build tools, no macros, no tests. Two runs on one commit give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::Run;
use crate::workspace::{Workspace, array, metadata, text};

/// A component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    name: String,
    version: String,
    purl: String,
    /// An SPDX expression; empty where it is not known here.
    licence: String,
    /// SHA-256 of what the registry gave; our own parts have none.
    checksum: Option<String>,
    depends: Vec<String>,
}

impl Part {
    /// A library of the system that a product carries along.
    pub(super) fn debian(name: &str, version: &str, architecture: &str) -> Self {
        // A purl escapes what a version may hold besides letters, digits and dots.
        let escaped = version.replace('%', "%25").replace('+', "%2B").replace(':', "%3A").replace('~', "%7E");
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            purl: format!("pkg:deb/debian/{name}@{escaped}?arch={architecture}"),
            licence: String::new(),
            checksum: None,
            depends: Vec::new(),
        }
    }
}

/// Everything that is in the program.
pub(super) struct Bill {
    parts: Vec<Part>,
}

const SERVER: &str = "minbil-auth";

impl Bill {
    /// Asks cargo what the server is made of, and holds it against Cargo.lock.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let tree = workspace
            .cargo()
            .args(["tree", "-p", SERVER, "--locked", "--edges", "normal,no-proc-macro"])
            .args(["--prefix", "none", "--format", "{p}"])
            .output()?;
        let lock = checksums(&std::fs::read_to_string(workspace.root.join("Cargo.lock"))?);
        let bill = Self { parts: parts(&tree, &metadata(&workspace.root, &["--locked"])?, &lock) };
        let faults = bill.faults(&tree, &lock);
        if !faults.is_empty() {
            bail!("the bill of materials: {}", faults.join("; "));
        }
        Ok(bill)
    }

    /// The bill of one product, with what it has besides the program.
    pub(super) fn render(
        &self,
        product: &str,
        version: &str,
        epoch: &str,
        besides: &[Part],
    ) -> Result<String> {
        let date =
            Run::new("date").args(["-u", "-d", &format!("@{epoch}"), "+%Y-%m-%dT%H:%M:%SZ"]).output()?;
        let (server, rest): (Vec<&Part>, Vec<&Part>) =
            self.parts.iter().partition(|part| part.name == SERVER);
        let server = server.first().context("the server is not in its own bill")?;
        let components: Vec<Value> = rest.iter().copied().chain(besides).map(component).collect();
        let dependencies: Vec<Value> = self
            .parts
            .iter()
            .chain(besides)
            .map(|part| json!({ "ref": part.purl, "dependsOn": part.depends }))
            .collect();
        let mut application = component(server);
        application["type"] = "application".into();
        let bill = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "timestamp": date.trim(),
                "tools": { "components": [{ "type": "application", "name": "cargo xtask dist", "version": version }] },
                "component": application,
                "properties": [{ "name": "minbil-auth:product", "value": product }],
            },
            "components": components,
            "dependencies": dependencies,
        });
        let faults = incomplete(&bill);
        if !faults.is_empty() {
            bail!("{product}: {}", faults.join("; "));
        }
        Ok(serde_json::to_string_pretty(&bill)? + "\n")
    }

    /// Whether a crate of the registry is listed, by `name-version`.
    pub(super) fn lists(&self, crate_folder: &str) -> bool {
        self.parts.iter().any(|part| format!("{}-{}", part.name, part.version) == crate_folder)
    }

    /// What cargo says is linked in and is not listed, and what Cargo.lock knows otherwise.
    fn faults(&self, tree: &str, lock: &Lock) -> Vec<String> {
        let mut faults = Vec::new();
        let listed: BTreeSet<(&str, &str)> =
            self.parts.iter().map(|part| (part.name.as_str(), part.version.as_str())).collect();
        for (name, version) in linked(tree) {
            if !listed.contains(&(name, version)) {
                faults.push(format!("{name} {version} is missing"));
            }
        }
        for part in &self.parts {
            match lock.get(&(part.name.clone(), part.version.clone())) {
                None => faults.push(format!("{} {} is not in Cargo.lock", part.name, part.version)),
                Some(checksum) if *checksum != part.checksum => {
                    faults.push(format!("{} {} has another checksum in Cargo.lock", part.name, part.version));
                }
                Some(_) => {}
            }
        }
        faults
    }
}

/// The checksum of each package; our own have none.
type Lock = BTreeMap<(String, String), Option<String>>;

fn checksums(lock: &str) -> Lock {
    let value = |block: &str, key: &str| {
        let start = format!("{key} = \"");
        block.lines().find_map(|line| Some(line.strip_prefix(&start)?.trim_end_matches('"').to_owned()))
    };
    lock.split("[[package]]")
        .skip(1)
        .filter_map(|block| {
            Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")))
        })
        .collect()
}

/// Names and versions of the lines of `cargo tree`: `name vVERSION`, perhaps a place, perhaps `(*)`.
fn linked(tree: &str) -> BTreeSet<(&str, &str)> {
    tree.lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or(rest)))
        .collect()
}

fn parts(tree: &str, metadata: &Value, lock: &Lock) -> Vec<Part> {
    let linked = linked(tree);
    let purls: BTreeMap<&str, String> = array(metadata, "packages")
        .filter(|package| linked.contains(&(text(package, "name"), text(package, "version"))))
        .map(|package| {
            let purl = format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"));
            (text(package, "id"), purl)
        })
        .collect();
    let nodes = metadata.get("resolve").map(|resolve| array(resolve, "nodes")).into_iter().flatten();
    let edges: BTreeMap<&str, Vec<String>> =
        nodes.map(|node| (text(node, "id"), depends(node, &purls))).collect();
    let mut parts: Vec<Part> = array(metadata, "packages")
        .filter_map(|package| {
            let purl = purls.get(text(package, "id"))?.clone();
            let (name, version) = (text(package, "name").to_owned(), text(package, "version").to_owned());
            let checksum = lock.get(&(name.clone(), version.clone())).cloned().flatten();
            // `/` is the old way to write OR, which CycloneDX does not know.
            let licence = text(package, "license").replace('/', " OR ");
            let depends = edges.get(text(package, "id")).cloned().unwrap_or_default();
            Some(Part { name, version, purl, licence, checksum, depends })
        })
        .collect();
    parts.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    parts
}

/// The listed packages that a node of the graph links in.
fn depends(node: &Value, purls: &BTreeMap<&str, String>) -> Vec<String> {
    let is_normal =
        |edge: &&Value| array(edge, "dep_kinds").any(|kind| kind.get("kind").is_some_and(Value::is_null));
    let mut depends: Vec<String> = array(node, "deps")
        .filter(is_normal)
        .filter_map(|edge| purls.get(text(edge, "pkg")).cloned())
        .collect();
    depends.sort();
    depends.dedup();
    depends
}

fn component(part: &Part) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    });
    if !part.licence.is_empty() {
        component["licenses"] = json!([{ "expression": part.licence }]);
    }
    if let Some(checksum) = &part.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// What CycloneDX 1.5 requires and this bill does not have, and what we ask of it besides.
fn incomplete(bill: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, value) in [("bomFormat", "CycloneDX"), ("specVersion", "1.5")] {
        if text(bill, key) != value {
            faults.push(format!("{key} is not {value}"));
        }
    }
    let metadata = bill.get("metadata").cloned().unwrap_or_default();
    if text(&metadata, "timestamp").len() != "2026-01-01T00:00:00Z".len() {
        faults.push("metadata.timestamp is no date".to_owned());
    }
    let application = metadata.get("component").cloned().unwrap_or_default();
    let mut known = BTreeSet::new();
    for component in std::iter::once(&application).chain(array(bill, "components")) {
        let name = text(component, "name");
        for key in ["type", "name", "version", "purl", "bom-ref"] {
            if text(component, key).is_empty() {
                faults.push(format!("`{name}` has no {key}"));
            }
        }
        if !known.insert(text(component, "bom-ref")) {
            faults.push(format!("`{name}` is there twice"));
        }
        let is_crate = text(component, "purl").starts_with("pkg:cargo/");
        let licences = array(component, "licenses").filter(|one| !text(one, "expression").is_empty()).count();
        if is_crate && licences != 1 {
            faults.push(format!("`{name}` has no licence"));
        }
        let hashes: Vec<&str> = array(component, "hashes").map(|hash| text(hash, "content")).collect();
        let is_ours = name.starts_with(SERVER);
        let is_hash = |hash: &&str| hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit());
        if is_crate && !is_ours && !(hashes.len() == 1 && hashes.iter().all(is_hash)) {
            faults.push(format!("`{name}` has no SHA-256"));
        }
    }
    for node in array(bill, "dependencies") {
        let refs = array(node, "dependsOn").filter_map(Value::as_str).chain([text(node, "ref")]);
        faults.extend(refs.filter(|one| !known.contains(one)).map(|one| format!("`{one}` is no component")));
    }
    faults
}

#[cfg(test)]
mod tests;
