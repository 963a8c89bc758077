//! The programs of this machine that the tests need: looked for, installed where that is safe, named if not.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{Run, show};

/// A program that some step needs.
pub(crate) struct Tool {
    /// Any of these will do.
    programs: &'static [&'static str],
    /// The lowest major and minor version.
    version: Option<(u32, u32)>,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
}

pub(crate) const NODE: Tool = Tool { programs: &["node"], version: Some((20, 19)), packages: &["nodejs"] };
pub(crate) const NPM: Tool = Tool { programs: &["npm"], version: None, packages: &["npm"] };
pub(crate) const PYTHON: Tool =
    Tool { programs: &["python3"], version: Some((3, 9)), packages: &["python3"] };
pub(crate) const PIP: Tool = Tool { programs: &["pip3"], version: None, packages: &["python3-pip"] };
pub(crate) const CURL: Tool =
    Tool { programs: &["curl"], version: None, packages: &["curl", "ca-certificates"] };
pub(crate) const OPENSSL: Tool = Tool { programs: &["openssl"], version: None, packages: &["openssl"] };
pub(crate) const CHROMIUM: Tool = Tool { programs: &["chromium"], version: None, packages: &["chromium"] };
/// Debian keeps the server's programs out of the PATH; [`find`] knows where.
pub(crate) const POSTGRES: Tool =
    Tool { programs: &["initdb"], version: Some((12, 0)), packages: &["postgresql"] };
/// Network namespaces, for a partition.
pub(crate) const IPROUTE: Tool = Tool { programs: &["ip"], version: None, packages: &["iproute2"] };
/// Counts instructions.
pub(crate) const VALGRIND: Tool =
    Tool { programs: &["valgrind"], version: Some((3, 15)), packages: &["valgrind"] };
/// Takes a program apart: `objcopy`, `objdump`, `readelf`.
pub(crate) const BINUTILS: Tool =
    Tool { programs: &["objcopy"], version: Some((2, 30)), packages: &["binutils"] };
/// Makes Debian packages.
pub(crate) const DPKG: Tool = Tool { programs: &["dpkg-deb"], version: Some((1, 19)), packages: &["dpkg"] };
/// libFuzzer is C++.
pub(crate) const CXX: Tool = Tool { programs: &["c++", "g++", "clang++"], version: None, packages: &["g++"] };

/// Makes sure that all of `tools` are there; installs what is missing if this is Debian and we are root.
pub(crate) fn ensure(tools: &[Tool]) -> Result<()> {
    let Some(missing) = missing(tools) else { return Ok(()) };
    let packages: Vec<&str> = missing.iter().flat_map(|(tool, _)| tool.packages).copied().collect();
    let install =
        format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !(Path::new("/etc/debian_version").exists() && is_root()) {
        bail!("{}\non Debian and Ubuntu: {install}", reasons(&missing));
    }
    show(&format!("{}\ninstalling what is missing: {install}", reasons(&missing)));
    Run::new("apt-get").arg("update").run()?;
    Run::new("apt-get")
        .args(["install", "-y", "--no-install-recommends"])
        .args(&packages)
        .setting("DEBIAN_FRONTEND", "noninteractive")
        .run()?;
    match self::missing(tools) {
        Some(missing) => bail!("{}, even after `{install}`", reasons(&missing)),
        None => Ok(()),
    }
}

/// The tools that are missing or too old, with the reason; `None` if all are there.
fn missing(tools: &[Tool]) -> Option<Vec<(&Tool, String)>> {
    let missing: Vec<(&Tool, String)> =
        tools.iter().filter_map(|tool| fault(tool).map(|reason| (tool, reason))).collect();
    (!missing.is_empty()).then_some(missing)
}

fn reasons(missing: &[(&Tool, String)]) -> String {
    missing.iter().map(|(_, reason)| reason.as_str()).collect::<Vec<_>>().join("; ")
}

fn fault(tool: &Tool) -> Option<String> {
    let name = tool.programs.join(" or ");
    let Some(program) = tool.programs.iter().find_map(|program| find(program)) else {
        return Some(format!("`{name}` is not on the PATH"));
    };
    let wanted = tool.version?;
    let said = Run::new(&program).arg("--version").output().unwrap_or_default();
    match first_version(&said) {
        Some(version) if version >= wanted => None,
        Some((major, minor)) => {
            Some(format!("`{name}` is {major}.{minor}, {}.{} or newer is needed", wanted.0, wanted.1))
        }
        None => Some(format!("`{name} --version` gives no version")),
    }
}

/// The first `a.b` of a text such as `Python 3.11.2` or `v20.19.0`.
fn first_version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[start..].split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Where a program is: on the PATH, or where Debian keeps those of the newest PostgreSQL.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain(postgres_folders())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn postgres_folders() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut folders: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort_by_key(|path| std::cmp::Reverse(number(path)));
    folders.into_iter().map(|path| path.join("bin")).collect()
}

/// Whether we may do everything on this machine.
pub(crate) fn is_root() -> bool {
    Run::new("id").arg("-u").output().is_ok_and(|id| id.trim() == "0")
}

/// `rustc -vV` of the toolchain in use.
pub(crate) fn compiler() -> Result<String> {
    Run::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output()
}

/// What a reader of numbers wants to know of the machine: processor, cores, memory, kernel, compiler.
pub(crate) fn describe() -> Result<String> {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = value_of(&processors, "model name").unwrap_or("processor of unknown model");
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes =
        value_of(&memory, "MemTotal").and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
    let memory = kibibytes.map_or("memory unknown".to_owned(), |kib| format!("{} MiB of memory", kib / 1024));
    let cores = std::thread::available_parallelism().context("the number of cores is unknown")?;
    let kernel = Run::new("uname").arg("-srm").output()?;
    let compiler = compiler()?;
    let compiler = compiler.lines().next().unwrap_or("rustc of unknown version");
    Ok(format!("{model}, {cores} cores, {memory}, {}, {compiler}", kernel.trim()))
}

/// Today, to the minute.
pub(crate) fn date() -> Result<String> {
    Ok(Run::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output()?.trim().to_owned())
}

/// The value of the first `key : value` line.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, v)| v.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_print_them() {
        assert_eq!(first_version("v20.19.0\n"), Some((20, 19)));
        assert_eq!(first_version("Python 3.11.2"), Some((3, 11)));
        assert_eq!(first_version("none"), None);
    }

    #[test]
    fn a_missing_and_an_old_program_are_named() {
        let absent = Tool { programs: &["no-such-program"], version: None, packages: &["x"] };
        assert!(fault(&absent).unwrap().contains("`no-such-program` is not on the PATH"));
        let old = Tool { programs: &["bash"], version: Some((99, 0)), packages: &["bash"] };
        assert!(fault(&old).unwrap().contains("99.0 or newer"));
        let fine =
            Tool { programs: &["no-such-program", "bash"], version: Some((1, 0)), packages: &["bash"] };
        assert_eq!(fault(&fine), None);
    }

    #[test]
    fn a_value_is_found_by_its_key() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n";
        assert_eq!(value_of(text, "model name"), Some("Some CPU @ 3 GHz"));
    }
}
