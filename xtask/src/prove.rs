//! The long counts, and `docs/proof.md` with what they showed, when, and on which machine.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::bench;
use crate::counts::Counts;
use crate::faults;
use crate::fuzz::Fuzz;
use crate::gate;
use crate::licences;
use crate::machine;
use crate::postgres;
use crate::process::{Run, Stream, show};
use crate::workspace::Workspace;

/// Where the result goes, relative to the root.
const PAPER: &str = "docs/proof.md";

/// A test may print lines that begin so; they are put into the paper word for word.
const PROOF: &str = "proof: ";

/// How often the database's primary is killed.
const FAILOVERS: u32 = 20;

/// How much of everything.
pub(crate) struct Amounts {
    pub(crate) cycles: u32,
    /// Of fuzzing, for each target.
    pub(crate) seconds: u32,
    /// In the big database.
    pub(crate) users: u32,
    /// Of mixed load on one server.
    pub(crate) minutes: u32,
    /// Whether those two are run at all.
    pub(crate) has_benchmarks: bool,
}

/// What one part of the proof showed.
struct Part {
    title: &'static str,
    command: String,
    seconds: u64,
    shown: Vec<String>,
}

/// Runs all parts; only if all hold, the paper is written.
pub(crate) fn run(workspace: &Workspace, amounts: &Amounts) -> Result<()> {
    // Now: what is written into the tree on the way must not count as a change of what was tested.
    let revision = revision(workspace);
    let release = |package: &str| workspace.cargo().args(["test", "--release", "--locked", "-p", package]);
    let database = postgres::Server::ready(&workspace.target)?;
    let mut parts = vec![
        tests(
            "Refresh rules: every interleaving of eight steps",
            release("minbil-auth-domain")
                .args(["--test", "refresh_model", "--", "--nocapture"])
                .setting("MINBIL_AUTH_TEST_MODEL_STEPS", "8"),
        )?,
        tests(
            "Refresh, sign-out, reset, disable and sign-in: every order of their statements, three calls each",
            release("minbil-auth-domain")
                .args(["--test", "interleavings", "--", "--nocapture"])
                .setting("MINBIL_AUTH_TEST_MODEL_CALLS", "3"),
        )?,
        tests(
            "Rules of the domain: ten times the usual number of random cases",
            release("minbil-auth-domain").setting("PROPTEST_CASES", "2560"),
        )?,
        tests(
            "A hundred clients at once",
            workspace
                .cargo()
                .args([
                    "test",
                    "--locked",
                    "-p",
                    "minbil-auth",
                    "--test",
                    "it",
                    "--",
                    "concurrent",
                    "--nocapture",
                ])
                .setting("MINBIL_AUTH_TEST_CONCURRENT_CLIENTS", "100"),
        )?,
        tests("The server killed under load, again and again", faults::command(workspace, amounts.cycles))?,
        tests(
            "Servers on PostgreSQL: a server and the primary killed, the standby promoted, again and again",
            postgres::nodes_command(workspace, FAILOVERS)?.hidden(postgres::URL, &database.url),
        )?,
    ];
    parts.push(said("Licences, bans and sources of dependencies", "cargo xtask licences", || {
        licences::run_with_deny(workspace)
    })?);
    parts.push(said("Known vulnerabilities of dependencies", "cargo xtask licences --advisories", || {
        licences::advisories(workspace)
    })?);
    let fuzz = Fuzz::find(workspace)?.context("the tree has no fuzz/Cargo.toml")?;
    parts.push(fuzzing(&fuzz, amounts.seconds)?);
    parts.push(said(
        "Instructions of the program as it ships, within 3 % of what is committed",
        "cargo xtask gate --release",
        // The number to quote, which takes too long to build for every change.
        || gate::check(workspace, gate::Build::Release),
    )?);
    if amounts.has_benchmarks {
        parts.extend(benchmarks(workspace, amounts)?);
    }
    let paper = paper(&machine::date()?, &machine::describe()?, &revision, &parts);
    let path = workspace.root.join(PAPER);
    std::fs::write(&path, paper).with_context(|| format!("cannot write {PAPER}"))?;
    show(&format!("\nok: all of it holds; {PAPER} says so"));
    Ok(())
}

/// Shows the title, runs the part and takes its time.
fn part(title: &'static str, command: String, work: impl FnOnce() -> Result<Vec<String>>) -> Result<Part> {
    show(&format!("\n=== {title}"));
    let begun = Instant::now();
    let shown = work()?;
    Ok(Part { title, command, seconds: begun.elapsed().as_secs(), shown })
}

fn tests(title: &'static str, run: Run) -> Result<Part> {
    part(title, run.line(), || {
        let output = run.kept(Stream::Out)?;
        let counts = Counts::read(&output);
        counts.some_passed()?;
        let said =
            output.lines().filter_map(|line| line.split_once(PROOF)).map(|(_, said)| said.trim().to_owned());
        Ok(said.chain([counts.to_string()]).collect())
    })
}

fn benchmarks(workspace: &Workspace, amounts: &Amounts) -> Result<[Part; 2]> {
    let (growth, soak) = (["growth", "--rounds", "3", "--users"], ["soak", "--strict", "--minutes"]);
    Ok([
        benchmark("As the database grows", workspace, amounts.users, &growth)?,
        benchmark("Mixed load for a long time: nothing grows", workspace, amounts.minutes, &soak)?,
    ])
}

/// A part of the benchmark, with `amount` behind its options; its figures go into their own page as well.
fn benchmark(title: &'static str, workspace: &Workspace, amount: u32, options: &[&str]) -> Result<Part> {
    let mut options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    options.push(amount.to_string());
    let command = format!("cargo xtask bench {}", options.join(" "));
    options.push("--write".to_owned());
    part(title, command, || {
        let output = bench::command(workspace, &options)?.kept(Stream::Out)?;
        Ok(output.lines().filter(|line| line.starts_with("aim: ")).map(str::to_owned).collect())
    })
}

/// A part that says in one line what it found.
fn said(title: &'static str, command: &str, work: impl FnOnce() -> Result<String>) -> Result<Part> {
    part(title, command.to_owned(), || Ok(vec![work()?]))
}

fn fuzzing(fuzz: &Fuzz, seconds: u32) -> Result<Part> {
    let command = format!("cargo xtask fuzz --seconds {seconds}");
    part("Fuzz targets, guided by coverage", command, || {
        let results = fuzz.run(fuzz.targets(), seconds)?;
        Ok(results.into_iter().map(|(target, done)| format!("`{target}`: {done}, no failure")).collect())
    })
}

/// The commit that was tested, and whether the tree differed from it.
pub(crate) fn revision(workspace: &Workspace) -> String {
    let git = |arguments: &[&str]| Run::new("git").folder(&workspace.root).args(arguments).output();
    match (git(&["rev-parse", "--short=12", "HEAD"]), git(&["status", "--porcelain"])) {
        (Ok(commit), Ok(changes)) if changes.trim().is_empty() => format!("commit {}", commit.trim()),
        (Ok(commit), _) => format!("commit {} with changes not committed", commit.trim()),
        (Err(_), _) => "a tree without a commit".to_owned(),
    }
}

fn paper(date: &str, machine: &str, revision: &str, parts: &[Part]) -> String {
    let mut text = format!(
        "# Proof\n\nWhat `cargo xtask prove` ran and saw. It writes this page, and only if everything held.\n\n\
         - Date: {date}\n- Machine: {machine}\n- Tree: {revision}\n"
    );
    for part in parts {
        text.push_str(&format!("\n## {}\n\n```\n{}\n```\n\n", part.title, part.command));
        for line in &part.shown {
            text.push_str(&format!("- {line}\n"));
        }
        text.push_str(&format!("- took {} s\n", part.seconds));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_names_date_machine_command_and_counts() {
        let part = Part {
            title: "T",
            command: "cargo test".into(),
            seconds: 3,
            shown: vec!["7 tests passed".into()],
        };
        let paper = paper("2026-11-23", "some CPU, 2 cores", "commit abc", &[part]);
        for wanted in
            ["2026-11-23", "some CPU, 2 cores", "commit abc", "## T", "cargo test", "7 tests passed", "3 s"]
        {
            assert!(paper.contains(wanted), "{wanted}");
        }
    }

    #[test]
    fn a_part_that_runs_no_test_fails_and_proof_lines_are_kept() {
        let nothing = Run::new("echo").arg("test result: ok. 0 passed; 0 failed;");
        assert!(tests("T", nothing).is_err());
        let something = Run::new("printf").arg("x proof: 9 kills\\ntest result: ok. 1 passed; 0 failed;\\n");
        assert_eq!(tests("T", something).unwrap().shown, ["9 kills", "1 test passed"]);
    }
}
