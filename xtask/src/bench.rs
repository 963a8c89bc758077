//! Runs the benchmark of `crates/bench` with optimisations.

use anyhow::{Result, bail};

use crate::postgres;
use crate::process::Run;
use crate::workspace::Workspace;

/// Puts the figures into `docs/`.
const WRITE: &str = "--write";
/// The build that is packed, instead of the release build, which is made sooner.
const SHIPPED: &str = "--shipped";

/// Builds the server as it ships and hands it and the options on to the benchmark.
pub(crate) fn run(workspace: &Workspace, options: &[String]) -> Result<()> {
    let database = if options.iter().any(|option| ["postgres", "peer"].contains(&option.as_str())) {
        Some(postgres::Server::durable(&workspace.target)?)
    } else {
        None
    };
    let run = command(workspace, options)?;
    match &database {
        Some(database) => run.hidden(postgres::URL, &database.url).run(),
        None => run.run(),
    }
}

/// The benchmark, ready to run, for parts that need no database server.
pub(crate) fn command(workspace: &Workspace, options: &[String]) -> Result<Run> {
    if !workspace.has_package("bench") {
        bail!("the workspace has no package `minbil-auth-bench`");
    }
    let has = |name| options.iter().any(|option| option == name);
    let server = workspace.server(if has(SHIPPED) { &["--profile", "shipped"] } else { &["--release"] })?;
    let run = workspace
        .cargo()
        .args(["run", "--release", "--locked", "-p", "minbil-auth-bench", "--", "--server"])
        .arg(server)
        .args(options.iter().filter(|option| *option != WRITE));
    Ok(if has(WRITE) { run.arg(WRITE).arg(workspace.root.join("docs")) } else { run })
}
