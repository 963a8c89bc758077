//! Runs the benchmark of `crates/bench` with optimisations.

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Hands the options on to the benchmark.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    if !workspace.has_package("bench") {
        bail!("the workspace has no package `minbil-auth-bench`");
    }
    workspace
        .cargo()
        .args(["run", "--release", "--locked", "-p", "minbil-auth-bench", "--"])
        .args(options)
        .run()
}
