//! `cargo xtask bench`: the server beside the ceilings of the very machine it runs on.
//!
//! One run measures in turn, several rounds: the product, and what it is held against, while the same load
//! generator keeps the machine as busy. What counts is the ratio; machines differ, and so do their neighbours.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod ceiling;
mod client;
mod echo;
mod growth;
mod load;
mod machine;
mod postgres;
mod refresh;
mod report;
mod served;
mod sign_in;
mod start;

use anyhow::Context as _;
use std::path::PathBuf;
use std::time::Duration;

const HELP: &str = "\
cargo xtask bench [PART …] [options]
  PART: refresh, sign-in, start, growth; all of these when none is named; postgres, which starts a database server
  --users N         how big growth makes its big database, instead of 1000000 (100000 with --quick)
  --quick           3 rounds of 2 seconds instead of 5 of 5
  --rounds N        how many rounds
  --seconds N       how long each measurement takes
  --json FILE       keep every figure of every round
  --server FILE     the release binary (cargo xtask bench builds it and names it)";

const PARTS: [&str; 5] = ["refresh", "sign-in", "start", "growth", POSTGRES];
/// Only when it is named: it needs a server.
const POSTGRES: &str = "postgres";

/// What to do.
struct Plan {
    server: PathBuf,
    parts: Vec<&'static str>,
    rounds: usize,
    seconds: u64,
    users: u32,
    json: Option<PathBuf>,
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
    let (server, users) = (PathBuf::new(), growth::MANY);
    let mut plan = Plan { server, parts: Vec::new(), rounds: 5, seconds: 5, users, json: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => (plan.rounds, plan.seconds, plan.users) = (3, 2, growth::MANY / 10),
            "--users" => plan.users = value()?.parse()?,
            "--server" => plan.server = PathBuf::from(value()?),
            "--rounds" => plan.rounds = value()?.parse()?,
            "--seconds" => plan.seconds = value()?.parse()?,
            "--json" => plan.json = Some(PathBuf::from(value()?)),
            other => match PARTS.into_iter().find(|part| *part == other) {
                Some(part) => plan.parts.push(part),
                None => anyhow::bail!("{other}?\n{HELP}"),
            },
        }
    }
    if plan.parts.is_empty() {
        plan.parts = PARTS.into_iter().filter(|part| *part != POSTGRES).collect();
    }
    anyhow::ensure!(plan.server.is_file(), "--server FILE names the release binary\n{HELP}");
    Ok(plan)
}

async fn measure(plan: &Plan) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    println!("{} rounds, {} s a measurement", plan.rounds, plan.seconds);
    let span = Duration::from_secs(plan.seconds);
    let mut kept = serde_json::Map::new();
    for part in &plan.parts {
        println!("\n== {part}");
        let mut rounds = Vec::new();
        for number in 1..=plan.rounds {
            let figures = match *part {
                "refresh" => refresh::round(&plan.server, span).await?,
                "sign-in" => sign_in::round(&plan.server, span).await?,
                "growth" => growth::round(&plan.server, span, plan.users).await?,
                POSTGRES => postgres::round(&plan.server, span).await?,
                _ => start::round(&plan.server, span).await?,
            };
            println!("round {number}: {}", report::line(&figures));
            rounds.push(figures);
        }
        let targets = match *part {
            "refresh" => refresh::TARGETS.as_slice(),
            "sign-in" => sign_in::TARGETS.as_slice(),
            "growth" => growth::TARGETS.as_slice(),
            POSTGRES => postgres::TARGETS.as_slice(),
            _ => start::TARGETS.as_slice(),
        };
        println!("\n{}", report::table(&rounds, targets));
        kept.insert((*part).to_owned(), report::json(&rounds));
    }
    if let Some(path) = &plan.json {
        kept.insert("machine".to_owned(), machine::describe().into());
        std::fs::write(path, serde_json::to_string_pretty(&kept)?)?;
    }
    Ok(())
}
