//! Builds the fuzz targets of `fuzz/` and runs them: their corpus as a quick test, or for a time with coverage.
//!
//! `cargo-fuzz` wants a nightly toolchain for its sanitizer; our crates forbid unsafe code, so what a target
//! can find are panics and broken promises, and for those the stable compiler's coverage counters do.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::machine;
use crate::options::Options;
use crate::process::{Run, Stream, cargo, show};
use crate::workspace::{Workspace, array, metadata, text};

/// Asks LLVM for the counters that libFuzzer reads. They are given for the target only, not for build scripts.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1";

/// Opens the doors that only fuzz targets use (`minbil_auth_http::fuzzing`).
const DOORS: &str = "--cfg fuzzing";

/// How a target is built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Build {
    /// As any other program: replays inputs.
    Plain,
    /// With coverage counters and optimisations: finds inputs.
    Coverage,
}

/// The fuzz targets of this tree.
pub(crate) struct Fuzz {
    folder: PathBuf,
    target_folder: PathBuf,
    targets: Vec<String>,
}

impl Fuzz {
    /// `None` if the tree has no fuzz targets.
    pub(crate) fn find(workspace: &Workspace) -> Result<Option<Self>> {
        let folder = workspace.root.join("fuzz");
        if !folder.join("Cargo.toml").is_file() {
            return Ok(None);
        }
        let metadata = metadata(&folder, &["--no-deps"])?;
        let targets: Vec<String> = array(&metadata, "packages")
            .flat_map(|package| array(package, "targets"))
            .filter(|target| array(target, "kind").any(|kind| kind == "bin"))
            .map(|target| text(target, "name").to_owned())
            .collect();
        if targets.is_empty() {
            bail!("fuzz/Cargo.toml has no [[bin]]");
        }
        Ok(Some(Self { folder, target_folder: workspace.target.join("fuzz"), targets }))
    }

    pub(crate) fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Runs every committed input through its target. Returns how many.
    pub(crate) fn replay(&self) -> Result<usize> {
        let binaries = self.build(Build::Plain)?;
        let mut replayed = 0;
        for target in &self.targets {
            let inputs = self.inputs(target)?;
            if inputs.is_empty() {
                bail!("fuzz target `{target}` has no input in fuzz/corpus/{target}");
            }
            // Given files instead of a folder, libFuzzer runs each once and needs no coverage. The arguments
            // of one process have a limit, so a large corpus goes in portions.
            for portion in inputs.chunks(500) {
                Run::new(binaries.join(target)).folder(&self.folder).args(portion).output()?;
            }
            show(&format!("  {target}: {} inputs", inputs.len()));
            replayed += inputs.len();
        }
        Ok(replayed)
    }

    /// The committed inputs of a target: its corpus, and inputs that once made it fail.
    fn inputs(&self, target: &str) -> Result<Vec<PathBuf>> {
        let mut inputs = Vec::new();
        for folder in self.seed_folders(target) {
            for entry in
                std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
            {
                inputs.push(entry?.path());
            }
        }
        inputs.sort();
        Ok(inputs)
    }

    fn seed_folders(&self, target: &str) -> Vec<PathBuf> {
        let folders = ["corpus", "seeds", "regressions"].map(|name| self.folder.join(name).join(target));
        folders.into_iter().filter(|folder| folder.is_dir()).collect()
    }

    /// Fuzzes each of `targets` for `seconds` seconds, one on each core at a time. Returns libFuzzer's closing line for each, in
    /// the order of their names.
    pub(crate) fn run(&self, targets: &[String], seconds: u32) -> Result<Vec<(String, String)>> {
        let binaries = self.build(Build::Coverage)?;
        let left = Mutex::new(targets.iter());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            let mut done = Vec::new();
            while let Some(target) = next() {
                done.push((target.clone(), self.run_one(&binaries, target, seconds)?));
            }
            Ok(done)
        };
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let done: Vec<Result<Vec<_>>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            let ended = |worker: thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|_| Err(anyhow!("a thread that runs fuzz targets failed")))
            };
            workers.into_iter().map(ended).collect()
        });
        let mut results: Vec<_> =
            done.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        results.sort();
        Ok(results)
    }

    fn run_one(&self, binaries: &Path, target: &str, seconds: u32) -> Result<String> {
        // What is found goes here and not into the tree: which of it is worth keeping is a decision.
        let found = self.target_folder.join("found").join(target);
        let failures = self.target_folder.join("failures").join(target);
        std::fs::create_dir_all(&found)?;
        std::fs::create_dir_all(&failures)?;
        let output = Run::new(binaries.join(target))
            .folder(&self.folder)
            .arg(format!("-max_total_time={seconds}"))
            .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", failures.display()))
            .arg(&found)
            .args(self.seed_folders(target))
            .kept(Stream::Err)
            .with_context(|| format!("target `{target}` failed; the input is in {}", failures.display()))?;
        let done = output.lines().rev().find(|line| line.starts_with("Done ")).map(str::trim);
        done.map(str::to_owned).with_context(|| format!("libFuzzer did not finish `{target}`"))
    }

    /// Builds all targets and returns the folder of the programs.
    fn build(&self, build: Build) -> Result<PathBuf> {
        machine::ensure(&[machine::CXX])?;
        let mut run = cargo().folder(&self.folder).args(["build", "--locked", "--bins", "--target-dir"]);
        run = run.arg(&self.target_folder);
        let host = host()?;
        match build {
            Build::Plain => {
                run.setting("RUSTFLAGS", DOORS).run()?;
                Ok(self.target_folder.join("debug"))
            }
            Build::Coverage => {
                run.args(["--release", "--target", &host]).setting("RUSTFLAGS", COVERAGE).run()?;
                Ok(self.target_folder.join(host).join("release"))
            }
        }
    }
}

/// The platform this machine compiles for, such as `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let version = machine::compiler()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

/// `cargo xtask fuzz`.
pub(crate) fn command(workspace: &Workspace, options: &Options) -> Result<()> {
    let fuzz = Fuzz::find(workspace)?.context("the tree has no fuzz/Cargo.toml")?;
    if options.has("--list") {
        show(&fuzz.targets().join("\n"));
        return Ok(());
    }
    let targets = if options.names().is_empty() { fuzz.targets() } else { options.names() };
    if let Some(unknown) = targets.iter().find(|target| !fuzz.targets().contains(target)) {
        bail!("no fuzz target `{unknown}`; there are: {}", fuzz.targets().join(", "));
    }
    for (target, done) in fuzz.run(targets, options.number("--seconds", 60)?)? {
        show(&format!("{target}: {done}"));
    }
    Ok(())
}
