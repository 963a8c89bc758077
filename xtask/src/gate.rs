//! `cargo xtask gate`: how many instructions a refresh and a sign-in take, held against the committed number.
//!
//! Time on a shared machine says little below a third; instructions say it within a fraction of a percent. valgrind
//! counts them on a processor of its own making, so that another model of the same family gives the same number. Two
//! runs differ only in how often the call is made, and their difference is the call: starting up cancels out.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::machine::{self, VALGRIND};
use crate::process::{Run, show};
use crate::workspace::{Workspace, text};

const PROGRAM: &str = "minbil-auth-instructions";
/// The committed numbers, relative to the root.
const BASELINE: &str = "docs/performance/instructions.json";
/// How far a number may be from the committed one, up or down.
const TOLERANCE_PERCENT: f64 = 3.0;
/// Enough that the session limit is reached and every statement is prepared.
const WARM: u32 = 50;
/// Calls whose instructions are counted.
const COUNTED: u32 = 1000;
/// What is counted: its name, and how many refreshes and sign-ins more than the warm-up its run does.
const CALLS: [(&str, u32, u32); 2] = [("refresh", COUNTED, 0), ("sign-in", 0, COUNTED)];

/// How the program was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// As the tests build it anyway: our crates without optimisation. Costs nothing and finds work that was added.
    Dev,
    /// As it ships. The number to quote, and minutes of building.
    Release,
}

impl Build {
    const fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }

    /// The command that makes the committed number.
    fn command(self) -> String {
        let option = if self == Self::Release { " --release" } else { "" };
        format!("cargo xtask gate{option} --write")
    }
}

/// Counts, and compares with what is committed.
pub(crate) fn check(workspace: &Workspace, build: Build) -> Result<String> {
    let counted = count(workspace, build)?;
    let path = workspace.root.join(BASELINE);
    let committed =
        std::fs::read_to_string(&path).with_context(|| format!("{BASELINE}: {}", build.command()))?;
    let committed: Value =
        serde_json::from_str(&committed).with_context(|| format!("{BASELINE} is no JSON"))?;
    let committed = committed
        .get(build.name())
        .with_context(|| format!("{BASELINE} has no `{}`: {}", build.name(), build.command()))?;
    compare(committed, &counted, &build.command())
}

/// Counts, and makes that the committed number.
pub(crate) fn write(workspace: &Workspace, build: Build) -> Result<String> {
    let counted = count(workspace, build)?;
    let path = workspace.root.join(BASELINE);
    let mut all = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{BASELINE} is no JSON"))?,
        Err(_) => json!({}),
    };
    let said = numbers(&counted);
    all[build.name()] = counted;
    let text = serde_json::to_string_pretty(&all)? + "\n";
    std::fs::write(&path, text).with_context(|| format!("cannot write {BASELINE}"))?;
    Ok(format!("{said}; {BASELINE} says so"))
}

fn count(workspace: &Workspace, build: Build) -> Result<Value> {
    machine::ensure(&[VALGRIND])?;
    let program = workspace.program(PROGRAM, build.options())?;
    let folder = workspace.target.join("gate");
    std::fs::create_dir_all(&folder)?;
    let warm = run(&program, &folder, "warm", WARM, WARM)?;
    let mut instructions = serde_json::Map::new();
    for (name, refreshes, sign_ins) in CALLS {
        let more = run(&program, &folder, name, WARM + refreshes, WARM + sign_ins)?;
        let difference = more.instructions.checked_sub(warm.instructions).context("more calls took less")?;
        instructions.insert(name.to_owned(), (difference / u64::from(COUNTED)).into());
    }
    let valgrind = Run::new("valgrind").arg("--version").output()?;
    let compiler = machine::compiler()?;
    Ok(json!({
        "instructions": instructions,
        "processor": warm.features,
        "compiler": compiler.lines().next().unwrap_or("unknown"),
        "valgrind": valgrind.trim(),
    }))
}

/// What one run of the program took, from its start to its end.
struct Counted {
    instructions: u64,
    features: String,
}

fn run(program: &Path, folder: &Path, name: &str, refreshes: u32, sign_ins: u32) -> Result<Counted> {
    let errors = folder.join(format!("{name}.log"));
    let said = Run::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", folder.join(format!("{name}.out")).display()))
        .arg(format!("--log-file={}", errors.display()))
        .arg(program)
        .args([refreshes.to_string(), sign_ins.to_string()])
        // The hardware's random numbers would be one more difference between two processors.
        .hidden("OPENSSL_ia32cap", "~0x4000000000000000:~0x40000")
        .answer()?;
    let log = std::fs::read_to_string(&errors)?;
    let instructions = collected(&log).with_context(|| format!("no count in {}", errors.display()))?;
    let features = said.lines().find_map(|line| line.strip_prefix("features: "));
    let features = features.context("the program did not say what processor it sees")?.to_owned();
    Ok(Counted { instructions, features })
}

/// The number of `==123== Collected : 456`.
fn collected(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

fn compare(committed: &Value, counted: &Value, command: &str) -> Result<String> {
    if text(committed, "processor") != text(counted, "processor") {
        bail!(
            "{BASELINE} was counted on `{}`, this is `{}`: the numbers do not compare",
            text(committed, "processor"),
            text(counted, "processor")
        );
    }
    let mut wrong = Vec::new();
    for (name, _, _) in CALLS {
        let of = |value: &Value| value.get("instructions").and_then(|all| all.get(name)?.as_f64());
        let before =
            of(committed).with_context(|| format!("{BASELINE} has no number for `{name}`: {command}"))?;
        let now = of(counted).with_context(|| format!("`{name}` was not counted"))?;
        let percent = (now - before) / before * 100.0;
        show(&format!("{name}: {now} instructions, {percent:+.2} % of {before}"));
        if percent.abs() > TOLERANCE_PERCENT {
            wrong.push(format!("a {name} takes {now} instructions instead of {before} ({percent:+.1} %)"));
        }
    }
    if wrong.is_empty() {
        return Ok(numbers(counted));
    }
    let tools: Vec<String> = ["compiler", "valgrind"]
        .into_iter()
        .filter(|tool| text(committed, tool) != text(counted, tool))
        .map(|tool| format!("; {tool} is {} and was {}", text(counted, tool), text(committed, tool)))
        .collect();
    bail!(
        "{}{}. If that is meant, `{command}` commits the new numbers, and the commit says why; \
         `callgrind_annotate` shows where they come from",
        wrong.join("; "),
        tools.concat()
    )
}

fn numbers(counted: &Value) -> String {
    let of = |name: &str| counted.get("instructions").and_then(|all| all.get(name)?.as_u64()).unwrap_or(0);
    let said: Vec<String> = CALLS.iter().map(|(name, ..)| format!("{name} {}", of(name))).collect();
    format!("instructions: {}", said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(refresh: u64, sign_in: u64, processor: &str, compiler: &str) -> Value {
        json!({
            "instructions": { "refresh": refresh, "sign-in": sign_in },
            "processor": processor, "compiler": compiler, "valgrind": "valgrind-3"
        })
    }

    #[test]
    fn three_percent_pass_and_more_in_either_direction_does_not() {
        let before = figures(1000, 2000, "x", "rustc 1");
        let compared =
            |refresh, sign_in| compare(&before, &figures(refresh, sign_in, "x", "rustc 1"), "the command");
        assert!(compared(1000, 2000).is_ok() && compared(1030, 1940).is_ok());
        for (refresh, sign_in) in [(1031, 2000), (969, 2000), (1000, 2061), (1000, 1939)] {
            let error = compared(refresh, sign_in).unwrap_err().to_string();
            assert!(error.contains("the command") && error.contains("callgrind_annotate"), "{error}");
        }
    }

    #[test]
    fn another_processor_is_refused_and_another_compiler_is_named() {
        let before = figures(1000, 2000, "avx2", "rustc 1");
        assert!(compare(&before, &figures(1000, 2000, "ssse3", "rustc 1"), "c").is_err());
        assert!(compare(&before, &figures(1000, 2000, "avx2", "rustc 2"), "c").is_ok());
        let error = compare(&before, &figures(1100, 2000, "avx2", "rustc 2"), "c").unwrap_err().to_string();
        assert!(error.contains("compiler is rustc 2 and was rustc 1"), "{error}");
    }

    #[test]
    fn a_number_that_is_missing_is_an_error() {
        let counted = figures(1000, 2000, "x", "c");
        assert!(
            compare(&json!({ "processor": "x", "instructions": { "refresh": 1000 } }), &counted, "c")
                .is_err()
        );
    }

    #[test]
    fn the_count_is_read_from_what_callgrind_prints() {
        let log =
            "==7== Callgrind, a call-graph generating cache profiler\n==7== \n==7== Collected : 912345678\n";
        assert_eq!(collected(log), Some(912_345_678));
        assert_eq!(collected("==7== Collected :"), None);
    }
}
