//! `cargo xtask bench`: refresh on the embedded store, beside the ceiling of the very disk it runs on.
//!
//! One run measures in turn, several rounds: the server as it ships; the same server with one commit per
//! request; and the ceiling, a bare SQLite writer that commits rows of the same shape in batches of the
//! size that the server reached, while the same load generator keeps the machine as busy. What counts is
//! the ratio; machines differ, and so do their neighbours.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod ceiling;
mod echo;
mod load;
mod machine;
mod report;
mod served;

use anyhow::Context as _;
use report::Round;
use std::path::PathBuf;
use std::time::Duration;

/// How many clients refresh at once, each with a chain of its own.
const CHAINS: usize = 64;

/// What to do.
struct Plan {
    server: PathBuf,
    rounds: usize,
    seconds: u64,
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == load::COMMAND) {
        return runtime()?.block_on(load::run_as_child(&arguments[1..]));
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
    let mut plan = Plan { server: PathBuf::new(), rounds: 5, seconds: 5, json: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => (plan.rounds, plan.seconds) = (3, 2),
            "--server" => plan.server = PathBuf::from(value()?),
            "--rounds" => plan.rounds = value()?.parse()?,
            "--seconds" => plan.seconds = value()?.parse()?,
            "--json" => plan.json = Some(PathBuf::from(value()?)),
            other => anyhow::bail!(
                "{other}? There are --server FILE, --quick, --rounds N, --seconds N, --json FILE"
            ),
        }
    }
    anyhow::ensure!(plan.server.is_file(), "--server FILE names the release binary of minbil-auth");
    Ok(plan)
}

async fn measure(plan: &Plan) -> anyhow::Result<()> {
    println!("{}", machine::describe());
    println!("{CHAINS} chains, {} rounds of {} s, each three ways in turn\n", plan.rounds, plan.seconds);
    let span = Duration::from_secs(plan.seconds);
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        let product = served::measure(&plan.server, served::Commits::Grouped, CHAINS, span).await?;
        let single = served::measure(&plan.server, served::Commits::OnePerRequest, CHAINS, span).await?;
        let batch = product.group_size().round().max(1.0);
        let ceiling = ceiling::measure(batch, CHAINS, span).await?;
        let round = Round { product, single, ceiling };
        println!("round {number}: {}", round.line());
        rounds.push(round);
    }
    println!("\n{}", report::table(&rounds));
    if let Some(path) = &plan.json {
        std::fs::write(path, serde_json::to_string_pretty(&report::json(&rounds))?)?;
    }
    Ok(())
}
