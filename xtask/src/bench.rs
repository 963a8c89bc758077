//! Runs the benchmark of `crates/bench` with optimisations.

use anyhow::{Result, bail};

use crate::postgres;
use crate::workspace::Workspace;

/// Builds the server as it ships and hands it and the options on to the benchmark.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    if !workspace.has_package("bench") {
        bail!("the workspace has no package `minbil-auth-bench`");
    }
    let server = workspace.server(&["--release"])?;
    let database = if options.iter().any(|option| option == "postgres") {
        Some(postgres::Server::durable(&workspace.target)?)
    } else {
        None
    };
    let run = workspace
        .cargo()
        .args(["run", "--release", "--locked", "-p", "minbil-auth-bench", "--", "--server"])
        .arg(server)
        .args(options);
    match &database {
        Some(database) => run.hidden(postgres::URL, &database.url).run(),
        None => run.run(),
    }
}
