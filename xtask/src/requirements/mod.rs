//! The pages `docs/security/asvs.md` and `docs/security/failures.md`: which requirement is proven by which test.
//!
//! Both are made from claims, which people write, and a claim is believed only if the test that it names ran and
//! passed in this run of the suite.

mod catalogue;
mod claims;
mod evidence;
mod page;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::show;
use crate::workspace::Workspace;
use claims::{Claim, Entry};
pub(crate) use evidence::{Evidence, TestPrograms, ran_in};

/// A page and the claims that it is made from, both relative to the root.
struct Paper {
    source: &'static str,
    page: &'static str,
    read: fn(&str) -> Result<Vec<Entry>>,
    make: fn(&[Entry]) -> String,
}

const PAPERS: [Paper; 2] = [
    Paper {
        source: "docs/security/asvs.txt",
        page: "docs/security/asvs.md",
        read: catalogue::read,
        make: page::asvs,
    },
    Paper {
        source: "docs/security/failures.txt",
        page: "docs/security/failures.md",
        read: claims::read_failures,
        make: page::failures,
    },
];

/// `cargo xtask asvs`: checks the claims against the tree and the pages against the claims, or writes the pages.
pub(crate) fn command(workspace: &Workspace, write: bool) -> Result<()> {
    for paper in &PAPERS {
        let entries = entries(&workspace.root, paper)?;
        if write {
            let path = workspace.root.join(paper.page);
            std::fs::write(&path, (paper.make)(&entries))
                .with_context(|| format!("cannot write {}", paper.page))?;
        }
        show(&format!("{}: {}", paper.page, page::summary(&entries)));
    }
    pages(&workspace.root)
}

/// Whether every page is what its claims make, and every paper that a claim names is there.
pub(crate) fn pages(root: &Path) -> Result<()> {
    for paper in &PAPERS {
        let wanted = (paper.make)(&entries(root, paper)?);
        if std::fs::read_to_string(root.join(paper.page)).ok().as_deref() != Some(wanted.as_str()) {
            bail!("{} is not what {} makes: `cargo xtask asvs --write` writes it", paper.page, paper.source);
        }
    }
    Ok(())
}

/// Whether every test that a claim names is one of these, before the longer steps begin.
pub(crate) fn tests_exist(root: &Path, tests: &BTreeSet<String>) -> Result<()> {
    missing(&claimed(root)?, |claim| match claim {
        Claim::Test(name) => tests.contains(name),
        _ => true,
    })
}

/// Whether everything that a claim names ran and passed.
pub(crate) fn proven(workspace: &Workspace) -> Result<String> {
    pages(&workspace.root)?;
    let evidence = Evidence::all(&workspace.target)?;
    let entries = claimed(&workspace.root)?;
    missing(&entries, |claim| evidence.holds(claim))?;
    let proofs = entries.iter().flat_map(|entry| &entry.claims).filter(|claim| claim.is_proof());
    Ok(format!("{} claims of {} rows", proofs.count(), entries.len()))
}

fn claimed(root: &Path) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for paper in &PAPERS {
        all.extend(entries(root, paper)?);
    }
    Ok(all)
}

fn missing(entries: &[Entry], holds: impl Fn(&Claim) -> bool) -> Result<()> {
    let mut faults = Vec::new();
    for entry in entries {
        for claim in entry.claims.iter().filter(|claim| !holds(claim)) {
            faults.push(format!("{}: nothing of this name ran and passed: {claim}", entry.id));
        }
    }
    if !faults.is_empty() {
        bail!("claims without a proof:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

fn entries(root: &Path, paper: &Paper) -> Result<Vec<Entry>> {
    let text = std::fs::read_to_string(root.join(paper.source)).context(paper.source)?;
    let entries = (paper.read)(&text).context(paper.source)?;
    for entry in &entries {
        for claim in &entry.claims {
            claim.paper_is_there(root).with_context(|| format!("{}, {}", paper.source, entry.id))?;
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_what_the_claims_make() {
        pages(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
    }

    #[test]
    fn a_claim_that_names_no_test_that_ran_is_found() {
        let entries = claims::read_failures(
            "# A Letters\nCVE-1 thing | It broke.\n  test app::right\n  test app::wrong\n",
        )
        .unwrap();
        let ran = Claim::Test("app::right".to_owned());
        let error = missing(&entries, |claim| *claim == ran).unwrap_err().to_string();
        assert!(error.contains("CVE-1") && error.contains("app::wrong"), "{error}");
        assert!(!error.contains("app::right"), "{error}");
        assert!(missing(&entries, |_| true).is_ok());
    }
}
