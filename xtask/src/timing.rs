//! Runs the measurement of `crates/timing`: in short for every change, in full for the page of results.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::machine;
use crate::process::{Stream, show};
use crate::prove::revision;
use crate::workspace::Workspace;

const PROGRAM: &str = "minbil-auth-timing";
/// Where the result goes, relative to the root.
const PAGE: &str = "docs/security/timing.md";
/// The last table is between these; the words around it are written by hand.
const BEGIN: &str = "<!-- result: begin -->\n";
const END: &str = "<!-- result: end -->\n";
const WRITE: &str = "--write";
/// Enough that a busy machine of two cores settles every comparison, if need be with one that is measured again.
const PAIRS: &str = "600";

/// Layer 1 with its leaks on purpose, on what the tests have built anyway.
pub(crate) fn sensitive(workspace: &Workspace) -> Result<String> {
    let program = workspace.program(PROGRAM, &[])?;
    let out = workspace.target.join("timing");
    let run = crate::process::Run::new(program).args(["--layer", "1", "--pairs", PAIRS, "--out"]).arg(&out);
    let said = run.kept(Stream::Out)?;
    let count = |verdict: &str| said.lines().filter(|line| line.ends_with(&format!("| {verdict} |"))).count();
    let (equal, seen) = (count("equal"), count("seen"));
    if equal == 0 || seen == 0 {
        bail!("the measurement showed nothing");
    }
    Ok(format!("{equal} comparisons equal, {seen} leaks on purpose seen; figures in {}", out.display()))
}

/// Everything, with the server as it ships. The options are the program's own.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    let server = workspace.server(&["--release"])?;
    let program = workspace.program(PROGRAM, &["--release"])?;
    let out = workspace.target.join("timing");
    let table = out.join("table.md");
    let (own, handed_on): (Vec<&String>, Vec<&String>) = options.iter().partition(|word| *word == WRITE);
    let run = crate::process::Run::new(program).arg("--server").arg(server).arg("--out").arg(&out);
    run.arg("--table").arg(&table).args(&handed_on).run()?;
    if own.is_empty() {
        return Ok(());
    }
    let command = std::iter::once("cargo xtask timing").chain(options.iter().map(String::as_str));
    let result = format!(
        "- Date: {}\n- Machine: {}\n- Tree: {}\n- Command: `{}`\n\n{}",
        machine::date()?,
        machine::describe()?,
        revision(workspace),
        command.collect::<Vec<_>>().join(" "),
        std::fs::read_to_string(&table)?
    );
    write(&workspace.root.join(PAGE), &result).with_context(|| format!("cannot write {PAGE}"))?;
    show(&format!("\nok: all of it holds; {PAGE} says so"));
    Ok(())
}

fn write(page: &Path, result: &str) -> Result<()> {
    let text = std::fs::read_to_string(page)?;
    std::fs::write(page, with_result(&text, result)?)?;
    Ok(())
}

/// The page with another result.
fn with_result(page: &str, result: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for a result")?;
    let (_, after) = rest.split_once(END).context("the place for the result has no end")?;
    Ok(format!("{before}{BEGIN}{result}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_takes_the_place_of_the_one_before() {
        let page = format!("words\n{BEGIN}old\n{END}more words\n");
        let expected = format!("words\n{BEGIN}new\n{END}more words\n");
        assert_eq!(with_result(&page, "new\n").unwrap(), expected);
        assert!(with_result("words\n", "new\n").is_err());
    }
}
