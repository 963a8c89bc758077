//! `cargo xtask timing`: whether the time of an answer tells who has an account.
//!
//! Layers 1 to 4 of docs/security/timing.md. (Layer 0, the steps themselves, is a test of the server's.) Every layer
//! also measures servers that leak on purpose: a run that does not see those is inconclusive, and that is a failure.
#![expect(clippy::print_stdout, reason = "a measuring tool prints what it measures")]

mod addresses;
mod joined;
mod layers;
mod pairs;
mod probe;
mod random;
mod report;
mod served;
mod statistics;
mod verdict;

use anyhow::Context as _;
use layers::Bench;
use random::Random;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask timing [options]
  --layer N         1, 2 or 3; may be given more than once; all of them when none is named
  --pairs N         pairs of each comparison (1500)
  --seed N          repeat the order and the addresses of a run
  --out DIR         where every figure is kept (cargo xtask timing names it)
  --table FILE      write the table as Markdown
  --server FILE     the release binary (cargo xtask timing builds it and names it)";

/// What to do.
struct Plan {
    layers: Vec<u8>,
    pairs: usize,
    seed: u64,
    out: PathBuf,
    table: Option<PathBuf>,
    server: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    if arguments.first().is_some_and(|first| first == joined::COMMAND) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(joined::run_as_child(&arguments[1..]));
    }
    let plan = plan(arguments)?;
    std::fs::create_dir_all(&plan.out).with_context(|| format!("cannot make {}", plan.out.display()))?;
    say(&format!("seed {}, {} pairs; every figure is kept in {}", plan.seed, plan.pairs, plan.out.display()));
    let random = Random::new(plan.seed);
    let mut bench = Bench { pairs: plan.pairs, out: plan.out, shipped: plan.server, random };
    let mut rows = Vec::new();
    for layer in plan.layers {
        rows.extend(match layer {
            1 => bench.layer1()?,
            2 => bench.layer2()?,
            3 => bench.layer3()?,
            other => anyhow::bail!("there is no layer {other} here\n{HELP}"),
        });
    }
    let table = report::table(&rows);
    say(&format!("\n{table}"));
    report::conclude(&rows)?;
    if let Some(file) = plan.table {
        std::fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn plan(arguments: &[String]) -> anyhow::Result<Plan> {
    let (out, seed) = (PathBuf::from("timing"), u64::from(std::process::id()));
    let mut plan = Plan { layers: Vec::new(), pairs: 1500, seed, out, table: None, server: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().with_context(|| format!("{argument} needs a value\n{HELP}"));
        match argument.as_str() {
            "--layer" => plan.layers.push(value()?.parse()?),
            "--pairs" => plan.pairs = value()?.parse()?,
            "--seed" => plan.seed = value()?.parse()?,
            "--out" => plan.out = PathBuf::from(value()?),
            "--table" => plan.table = Some(PathBuf::from(value()?)),
            "--server" => plan.server = Some(PathBuf::from(value()?)),
            other => anyhow::bail!("{other}?\n{HELP}"),
        }
    }
    anyhow::ensure!(plan.pairs >= 20, "--pairs {}: no interval comes of so few", plan.pairs);
    if plan.layers.is_empty() {
        plan.layers = vec![1, 2, 3];
    }
    Ok(plan)
}

/// Prints a line.
fn say(text: &str) {
    println!("{text}");
}
