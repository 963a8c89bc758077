//! `cargo xtask test`: the steps in order, the time each took, and one line that says how it ended.

mod e2e;
mod provoked;
mod steps;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::show;
use crate::requirements::Evidence;
use crate::workspace::Workspace;
use steps::STEPS;

/// How a step ended, if it did not fail.
enum Outcome {
    /// What it did, in a few words.
    Passed(String),
    /// What it would have checked does not exist.
    Skipped(String),
}

/// A step of the suite.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Session) -> Result<Outcome>,
}

/// What the steps share.
struct Session {
    workspace: Workspace,
    server: RefCell<Option<PathBuf>>,
    /// What the step that runs has shown so far.
    evidence: RefCell<Evidence>,
}

impl Session {
    /// The server as a user gets it, built once.
    fn server(&self) -> Result<PathBuf> {
        if let Some(server) = self.server.borrow().as_ref() {
            return Ok(server.clone());
        }
        let server = self.workspace.server(&[])?;
        *self.server.borrow_mut() = Some(server.clone());
        Ok(server)
    }

    /// Runs a step, and leaves what it showed to the step that holds the claims against it.
    fn run(&self, step: &Step) -> Result<Outcome> {
        let target = &self.workspace.target;
        self.evidence.take();
        Evidence::forget(target, step.name)?;
        let outcome = (step.run)(self)?;
        if matches!(outcome, Outcome::Passed(_)) {
            self.evidence.take().keep(target, step.name)?;
        }
        Ok(outcome)
    }
}

/// `cargo xtask test --list`.
pub(crate) fn list() {
    for step in STEPS {
        show(&format!("{:<10} {}", step.name, step.about));
    }
}

/// A row of the closing table.
struct Row {
    name: &'static str,
    took: Duration,
    text: String,
}

/// Runs all steps, or only those named, and says whether all held. The count of steps is the last line printed.
pub(crate) fn run(workspace: Workspace, only: &[&str]) -> Result<bool> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("no step `{unknown}`; the steps are: {}", names.join(", "));
    }
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| only.is_empty() || only.contains(&step.name)).collect();
    let session = Session { workspace, server: RefCell::default(), evidence: RefCell::default() };
    let start = Instant::now();
    let (mut rows, mut passed, mut skipped, mut failed) = (Vec::new(), 0, 0, false);
    for (index, step) in chosen.iter().enumerate() {
        show(&format!("\n=== {}/{} {}: {}", index + 1, chosen.len(), step.name, step.about));
        let begun = Instant::now();
        let outcome = session.run(step);
        let took = begun.elapsed();
        let text = match outcome {
            Ok(Outcome::Passed(note)) => {
                passed += 1;
                format!("passed  {note}")
            }
            Ok(Outcome::Skipped(why)) => {
                skipped += 1;
                show(&format!("!!! skipped: {why}"));
                format!("SKIPPED {why}")
            }
            Err(error) => {
                show(&format!("\n!!! step `{}` failed: {error:#}", step.name));
                show(&format!("!!! again, alone: cargo xtask test --only {}", step.name));
                failed = true;
                "FAILED".to_owned()
            }
        };
        show(&format!("=== {} took {}", step.name, seconds(took)));
        rows.push(Row { name: step.name, took, text });
        if failed {
            break;
        }
    }
    let not_run = chosen.len() - rows.len();
    show("");
    for row in &rows {
        show(&format!("  {:<10} {:>9}  {}", row.name, seconds(row.took), row.text));
    }
    show(&format!("\n  {} in all", seconds(start.elapsed())));
    show(&closing_line(passed, failed, skipped, not_run));
    // A run in which every step was skipped has shown nothing.
    Ok(!failed && passed > 0)
}

fn closing_line(passed: usize, failed: bool, skipped: usize, not_run: usize) -> String {
    let mut line = format!("{passed} passed, {} failed", usize::from(failed));
    if skipped > 0 {
        line.push_str(&format!(", {skipped} skipped"));
    }
    if not_run > 0 {
        line.push_str(&format!(", {not_run} not run"));
    }
    line
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_counts_every_step() {
        assert_eq!(closing_line(11, false, 0, 0), "11 passed, 0 failed");
        assert_eq!(closing_line(3, true, 1, 6), "3 passed, 1 failed, 1 skipped, 6 not run");
    }

    #[test]
    fn an_unknown_step_is_refused_before_anything_runs() {
        let workspace = Workspace { root: PathBuf::new(), target: PathBuf::new(), packages: Vec::new() };
        let error = run(workspace, &["tidy", "browsers"]).unwrap_err().to_string();
        assert!(error.contains("browsers") && error.contains("browser, "), "{error}");
    }
}
