//! Kills the built server under load and checks after each restart that what it answered is still true.
//!
//! The harness is a test of the server crate, ignored by default; this only says how often and insists that
//! it really ran.

use anyhow::Result;

use crate::counts::Counts;
use crate::process::{Run, Stream};
use crate::workspace::Workspace;

/// The command that runs `cycles` kills.
pub(crate) fn command(workspace: &Workspace, cycles: u32) -> Run {
    workspace
        .cargo()
        .args(["test", "-p", "minbil-auth", "--test", "it", "--locked", "--"])
        .args(["--ignored", "crash_", "--nocapture"])
        .setting("MINBIL_AUTH_TEST_CRASH_CYCLES", &cycles.to_string())
}

pub(crate) fn run(workspace: &Workspace, cycles: u32) -> Result<String> {
    kill(workspace, cycles).map(|(said, _)| said)
}

/// What [`run`] says, and what the test printed.
pub(crate) fn kill(workspace: &Workspace, cycles: u32) -> Result<(String, String)> {
    let output = command(workspace, cycles).kept(Stream::Out)?;
    let counts = Counts::read(&output);
    counts.some_passed()?;
    Ok((format!("{cycles} kills, {counts}"), output))
}
