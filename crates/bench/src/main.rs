//! `cargo xtask bench`: the server beside the ceilings of the very machine it runs on.
//!
//! One run measures in turn, several rounds: the product, and what it is held against, while the same load
//! generator keeps the machine as busy. What counts is the ratio; machines differ, and so do their neighbours.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod ceiling;
mod client;
mod connection;
mod echo;
mod growth;
mod load;
mod machine;
mod pace;
mod page;
mod peer;
mod plot;
mod postgres;
mod refresh;
mod report;
mod served;
mod sign_in;
mod sizing;
mod soak;
mod start;
mod summary;
mod work;

use anyhow::Context as _;
use std::path::PathBuf;
use std::time::Duration;

const HELP: &str = "\
cargo xtask bench [PART …] [options]
  PART: refresh, sign-in, start, growth; all of these when none is named;
        soak, alone and for a long time; postgres, peer, which start a database server (and need Node)
  --minutes N       how long soak takes, instead of 30
  --users N         how big growth makes its big database, instead of 1000000 (50000 with --quick)
  --quick           3 rounds of 1 second instead of 5 of 5, which fits into two minutes
  --rounds N        how many rounds
  --seconds N       how long each measurement takes
  --strict          fail when an aim is missed
  --json FILE       keep every figure of every round
  --write FOLDER    the same, into FOLDER/performance, and make FOLDER/performance.md and sizing.md from it
  --shipped         the build that `cargo xtask dist` packs, which takes minutes more to make, instead of the release build
  --server FILE     the binary (cargo xtask bench builds it and names it)";

const PARTS: [&str; 7] = ["refresh", "sign-in", "start", growth::PART, SOAK, POSTGRES, PEER];
/// Only when it is named: it takes long.
const SOAK: &str = "soak";
/// Only when they are named: they need a database server.
const POSTGRES: &str = "postgres";
const PEER: &str = "peer";

/// What to do.
struct Plan {
    server: PathBuf,
    parts: Vec<&'static str>,
    rounds: usize,
    seconds: u64,
    users: u32,
    minutes: u64,
    is_strict: bool,
    json: Option<PathBuf>,
    write: Option<PathBuf>,
    command: String,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == load::COMMAND) {
        // One thread: the load generator leaves as much of the machine as it can to what it measures.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(load::run_as_child(&arguments[1..]));
    }
    if arguments.first().is_some_and(|first| first == echo::COMMAND) {
        return runtime()?.block_on(echo::run_as_child());
    }
    let plan = plan(&arguments)?;
    runtime()?.block_on(measure(&plan))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

fn plan(arguments: &[String]) -> anyhow::Result<Plan> {
    let (server, users, minutes) = (PathBuf::new(), growth::MANY, soak::MINUTES);
    let (json, write, command) = (None, None, command_line(arguments));
    let mut plan = Plan {
        server,
        parts: Vec::new(),
        rounds: 5,
        seconds: 5,
        users,
        minutes,
        is_strict: false,
        json,
        write,
        command,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => (plan.rounds, plan.seconds, plan.users) = (3, 1, growth::MANY / 20),
            "--strict" => plan.is_strict = true,
            // Who names the binary sees to it.
            "--shipped" => {}
            "--minutes" => plan.minutes = value()?.parse()?,
            "--users" => plan.users = value()?.parse()?,
            "--server" => plan.server = PathBuf::from(value()?),
            "--rounds" => plan.rounds = value()?.parse()?,
            "--seconds" => plan.seconds = value()?.parse()?,
            "--json" => plan.json = Some(PathBuf::from(value()?)),
            "--write" => plan.write = Some(PathBuf::from(value()?)),
            other => match PARTS.into_iter().find(|part| *part == other) {
                Some(part) => plan.parts.push(part),
                None => anyhow::bail!("{other}?\n{HELP}"),
            },
        }
    }
    if plan.parts.is_empty() {
        plan.parts = PARTS.into_iter().filter(|part| ![SOAK, POSTGRES, PEER].contains(part)).collect();
    }
    anyhow::ensure!(plan.server.is_file(), "--server FILE names the release binary\n{HELP}");
    Ok(plan)
}

/// What somebody types to get the same again.
fn command_line(arguments: &[String]) -> String {
    let mut line = "cargo xtask bench".to_owned();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--server" => drop(rest.next()),
            "--write" => {
                line += " --write";
                rest.next();
            }
            other => {
                line.push(' ');
                line += other;
            }
        }
    }
    line
}

async fn measure(plan: &Plan) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    println!("{} rounds, {} s a measurement", plan.rounds, plan.seconds);
    let mut kept = serde_json::Map::new();
    let mut missed = Vec::new();
    for part in &plan.parts {
        println!("\n== {part}");
        let load = machine::load();
        let mut rounds = Vec::new();
        let times = if *part == SOAK { 1 } else { plan.rounds };
        for number in 1..=times {
            let figures = round(plan, part).await?;
            println!("round {number}: {}", report::line(&figures));
            rounds.push(figures);
        }
        let targets = targets(part);
        println!("\n{}", report::table(&rounds, targets));
        missed.extend(report::missed(&rounds, targets));
        let mut measured = report::json(&rounds, targets);
        measured["machine"] = machine::describe().into();
        measured["load"] = load.into();
        measured["date"] = machine::date().into();
        measured["commit"] = machine::commit().into();
        measured["command"] = plan.command.clone().into();
        let name = if *part == growth::PART { growth::kept_as(plan.users) } else { (*part).to_owned() };
        kept.insert(name, measured);
    }
    if let Some(path) = &plan.json {
        std::fs::write(path, serde_json::to_string_pretty(&kept)?)?;
    }
    if let Some(folder) = &plan.write {
        page::write(folder, &kept)?;
    }
    anyhow::ensure!(!plan.is_strict || missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

async fn round(plan: &Plan, part: &str) -> anyhow::Result<Vec<report::Figure>> {
    let span = Duration::from_secs(plan.seconds);
    match part {
        "refresh" => refresh::round(&plan.server, span).await,
        "sign-in" => sign_in::round(&plan.server, span).await,
        growth::PART => growth::round(&plan.server, span, plan.users).await,
        POSTGRES => postgres::round(&plan.server, span).await,
        SOAK => soak::round(&plan.server, plan.minutes).await,
        PEER => peer::round(&plan.server, span).await,
        _ => start::round(&plan.server, span).await,
    }
}

fn targets(part: &str) -> &'static [report::Target] {
    match part {
        "refresh" => &refresh::TARGETS,
        "sign-in" => &sign_in::TARGETS,
        growth::PART => &growth::TARGETS,
        POSTGRES => &postgres::TARGETS,
        SOAK => &soak::TARGETS,
        PEER => &peer::TARGETS,
        _ => &start::TARGETS,
    }
}
