//! The project's own commands: one program that checks, tests, proves and measures the whole tree.
//!
//! It depends on next to nothing, because a fresh machine compiles it before anything else, and it never
//! changes the tree but for the pages of results that `prove` writes, and `bench`, `timing`, `gate` and `asvs` with `--write`.

mod bench;
mod counts;
mod dist;
mod faults;
mod fuzz;
mod gate;
mod licences;
mod machine;
mod options;
mod postgres;
mod process;
mod prove;
mod requirements;
mod suite;
mod tidy;
mod timing;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use options::Options;
use process::show;
use workspace::Workspace;

const HELP: &str = "\
The project's own commands.

Usage: cargo xtask <command> [options]

  test                 Everything that has to hold before a change is done, in order, stopping at the
                       first failure. Ends with `N passed, N failed`. This is what `.ci/run` calls.
      --list           Say the steps and what each of them runs.
      --only STEP      Run this step alone; may be given more than once.

  tidy                 The house rules: arrows between crates, cycles between modules, sizes, dead files,
                       names, links. Every violation is printed as file:line.

  licences             The licences, sources, bans and duplicates of all dependencies against deny.toml,
                       by our own check and, where it is installed, by cargo-deny.
      --advisories     Known vulnerabilities and yanked versions too: needs cargo-deny and its database.

  asvs                 Whether docs/security/asvs.md and failures.md are what their claims make, and how many
                       requirements are proven. The step of the same name in `test` asks that each test that is
                       claimed ran and passed.
      --write          Write the two pages.

  faults               Kill the server with SIGKILL under load and start it again, over and over: what was
                       answered must still be true.
      --cycles N       How often (10).

  fuzz                 Fuzz one target or each of them, guided by coverage, on the stable toolchain.
      TARGET           Its name; without one, each target in turn.
      --seconds N      How long each (60).
      --list           Say the targets.

  postgres -- COMMAND  Run a command with a PostgreSQL server of its own, which the store's tests use:
                       `cargo xtask postgres -- cargo test -p minbil-auth-store-postgres`.

  prove                The long counts, and their result in docs/proof.md: the refresh model at full
                       depth, 100 kills, 20 failovers, 100 concurrent clients, each fuzz target for ten minutes, cargo-deny, the
                       instructions of the release build, a million users, half an hour of mixed load.
                       Takes two hours; quiet machine please.
      --cycles N       Kills (100).
      --seconds N      Seconds of fuzzing per target (600).
      --users N        Users of the big database (1000000).
      --minutes N      Minutes of mixed load (30).
      --no-benchmarks  Leave these last two out.

  bench                The benchmark, built with optimisations. Its own options follow:
                       `cargo xtask bench --quick`. `--write` puts the figures into docs/performance.md.

  timing               Whether the time of an answer tells who has an account: every layer, with the server
                       built with optimisations. Takes ten minutes and the building. Its own options
                       follow: `cargo xtask timing --layer 1 --pairs 500`.
      --write          Put the table into docs/security/timing.md, if all of it holds.

  dist                 The program, a Debian package and a container's contents, each with a bill of materials
                       and checked, in <target>/dist. Builds the server for that, with its own profile.
      --program FILE   Pack this program instead of building one.

  gate                 The instructions of a refresh and a sign-in, counted by valgrind, within 3 % of
                       docs/performance/instructions.json.
      --release        Of the program as it ships; without, as the tests build it.
      --write          Make what is counted the committed numbers.

What the browser, mail, snippet and database tests need (Node 20, npm, Python 3.9, curl, OpenSSL, Chromium,
PostgreSQL, iproute2) is installed with apt-get if it is missing, this is Debian and you are root; else you are told what to install.
CARGO_TARGET_DIR is honoured.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Standard output, so that the reason stands below the steps also when both streams go to a file.
            show(&format!("\nfailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command. `false` is a failure that has been told already.
fn dispatch(arguments: &[String]) -> Result<bool> {
    let Some((command, rest)) = arguments.split_first() else {
        show(HELP);
        bail!("no command given");
    };
    if matches!(command.as_str(), "help" | "--help" | "-h") || rest.iter().any(|word| word == "--help") {
        show(HELP);
        return Ok(true);
    }
    match command.as_str() {
        "test" => {
            let options = Options::parse(rest, &["--only"], &["--list"])?;
            options.no_names()?;
            if options.has("--list") {
                suite::list();
                return Ok(true);
            }
            suite::run(Workspace::load()?, &options.values("--only"))
        }
        "tidy" => {
            Options::parse(rest, &[], &[])?.no_names().and_then(|()| summary(tidy::run(&Workspace::load()?)))
        }
        "licences" => {
            let options = Options::parse(rest, &[], &["--advisories"])?;
            options.no_names()?;
            let workspace = Workspace::load()?;
            summary(licences::run(&workspace))?;
            if options.has("--advisories") { summary(licences::advisories(&workspace)) } else { Ok(true) }
        }
        "asvs" => {
            let options = Options::parse(rest, &[], &["--write"])?;
            options.no_names()?;
            requirements::command(&Workspace::load()?, options.has("--write")).map(|()| true)
        }
        "faults" => {
            let options = Options::parse(rest, &["--cycles"], &[])?;
            options.no_names()?;
            summary(faults::run(&Workspace::load()?, options.number("--cycles", 10)?))
        }
        "fuzz" => {
            let options = Options::parse(rest, &["--seconds"], &["--list"])?;
            fuzz::command(&Workspace::load()?, &options).map(|()| true)
        }
        "prove" => prove(rest).map(|()| true),
        "postgres" => postgres::command(&Workspace::load()?, rest).map(|()| true),
        "dist" => {
            let options = Options::parse(rest, &["--program"], &[])?;
            options.no_names()?;
            summary(dist::run(&Workspace::load()?, options.values("--program").last().copied()))
        }
        "gate" => {
            let options = Options::parse(rest, &[], &["--release", "--write"])?;
            options.no_names()?;
            let build = if options.has("--release") { gate::Build::Release } else { gate::Build::Dev };
            let counted = if options.has("--write") { gate::write } else { gate::check };
            summary(counted(&Workspace::load()?, build))
        }
        "bench" => bench::run(&Workspace::load()?, rest).map(|()| true),
        "timing" => timing::run(&Workspace::load()?, rest).map(|()| true),
        unknown => bail!("unknown command `{unknown}`; `cargo xtask --help` lists them"),
    }
}

fn prove(rest: &[String]) -> Result<()> {
    let options =
        Options::parse(rest, &["--cycles", "--seconds", "--users", "--minutes"], &["--no-benchmarks"])?;
    options.no_names()?;
    let amounts = prove::Amounts {
        cycles: options.number("--cycles", 100)?,
        seconds: options.number("--seconds", 600)?,
        users: options.number("--users", 1_000_000)?,
        minutes: options.number("--minutes", 30)?,
        has_benchmarks: !options.has("--no-benchmarks"),
    };
    prove::run(&Workspace::load()?, &amounts)
}

fn summary(outcome: Result<String>) -> Result<bool> {
    show(&format!("ok: {}", outcome?));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_unknown_command_or_option_is_refused() {
        for line in
            ["", "tests", "test --onyl fmt", "test fmt", "test --only", "faults --cycles many", "tidy now"]
        {
            assert!(dispatch(&words(line)).is_err(), "`{line}`");
        }
    }

    #[test]
    fn help_names_every_command() {
        for command in [
            "test", "tidy", "licences", "asvs", "faults", "fuzz", "postgres", "prove", "bench", "timing",
            "dist", "gate",
        ] {
            assert!(HELP.contains(&format!("\n  {command} ")), "{command}");
        }
        assert!(dispatch(&words("--help")).is_ok());
    }
}
