//! What the figures were measured on.

/// Processor, cores and kernel in a line.
pub(crate) fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{}, {cores} cores, Linux {}", model.unwrap_or("unknown processor").trim(), kernel.trim())
}

/// How many tasks wanted a core in the last minute, before anything was measured.
pub(crate) fn load() -> String {
    let said = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    said.split(' ').next().unwrap_or("unknown").to_owned()
}

/// Today, by the machine's clock.
pub(crate) fn date() -> String {
    said_by("date", &["+%Y-%m-%d"])
}

/// The commit that was measured, as far as it is known.
pub(crate) fn commit() -> String {
    let changed = !said_by("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    let commit = said_by("git", &["rev-parse", "--short=12", "HEAD"]);
    format!("commit {commit}{}", if changed { " with changes" } else { "" })
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
