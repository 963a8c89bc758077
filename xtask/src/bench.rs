//! Runs the benchmark of `crates/bench` with optimisations.

use anyhow::{Result, bail};

use crate::postgres;
use crate::workspace::Workspace;

/// Puts the figures into `docs/`.
const WRITE: &str = "--write";

/// Builds the server as it ships and hands it and the options on to the benchmark.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    if !workspace.has_package("bench") {
        bail!("the workspace has no package `minbil-auth-bench`");
    }
    let server = workspace.server(&["--release"])?;
    let database = if options.iter().any(|option| ["postgres", "peer"].contains(&option.as_str())) {
        Some(postgres::Server::durable(&workspace.target)?)
    } else {
        None
    };
    let run = workspace
        .cargo()
        .args(["run", "--release", "--locked", "-p", "minbil-auth-bench", "--", "--server"])
        .arg(server)
        .args(options.iter().filter(|option| *option != WRITE));
    let run = if options.iter().any(|option| option == WRITE) {
        run.arg(WRITE).arg(workspace.root.join("docs"))
    } else {
        run
    };
    match &database {
        Some(database) => run.hidden(postgres::URL, &database.url).run(),
        None => run.run(),
    }
}
