//! The program: built as it ships, without paths of this machine in it, its debugging data in a file of its own, and
//! linked to nothing but what every Linux of the C library's version has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Dist, NAME};
use crate::machine::{self, BINUTILS};
use crate::process::{Run, show};

/// Shared libraries that the program may need. Anything else would be one more thing to update and to ship.
const LIBRARIES: [&str; 4] = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];
/// Registry sources that a debugging path names: what follows the registry's own folder is `name-version`.
const SOURCES: &str = "/registry/src/";

/// The program, ready to be packed.
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// The oldest C library it runs on, such as `2.34`.
    pub(super) glibc: String,
    /// The shared libraries it loads, where they are here.
    pub(super) libraries: Vec<PathBuf>,
}

/// Builds the program, or takes `given`, and takes it apart.
pub(super) fn make(dist: &Dist, given: Option<&str>) -> Result<Program> {
    machine::ensure(&[BINUTILS])?;
    let built = match given {
        // Some of the tools run in another folder.
        Some(path) => Path::new(path).canonicalize().with_context(|| format!("no program {path}"))?,
        None => build(dist)?,
    };
    let content = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let unlisted: Vec<String> =
        crates_in(&content).into_iter().filter(|name| !dist.bill.lists(name)).collect();
    if !unlisted.is_empty() {
        bail!("the program names sources that its bill of materials does not: {}", unlisted.join(", "));
    }
    let (path, debug) = (dist.place(NAME), dist.place("minbil-auth.debug"));
    Run::new("objcopy").arg("--only-keep-debug").arg(&built).arg(&debug).run()?;
    Run::new("objcopy")
        .folder(&dist.folder)
        .args(["--strip-all", "--add-gnu-debuglink=minbil-auth.debug"])
        .arg(&built)
        .arg(&path)
        .run()?;
    if given.is_none() {
        no_paths(dist, &std::fs::read(&path)?)?;
    } else {
        show("!!! a program that was built elsewhere: paths of its machine were not looked for");
    }
    let needed = needed(&Run::new("readelf").args(["--dynamic", "--wide"]).arg(&path).output()?);
    if let Some(other) = needed.iter().find(|library| !LIBRARIES.contains(&library.as_str())) {
        bail!("the program needs {other}; only {} may be needed", LIBRARIES.join(", "));
    }
    let symbols = Run::new("objdump").arg("--dynamic-syms").arg(&path).output()?;
    let glibc = newest_glibc(&symbols).context("the program uses nothing of the C library")?;
    let libraries = loaded(&Run::new("ldd").arg(&path).output()?);
    if libraries.len() < needed.len() {
        bail!("ldd finds {} of {} libraries", libraries.len(), needed.len());
    }
    dist.write_bill(NAME, &[])?;
    Ok(Program { path, glibc, libraries })
}

fn build(dist: &Dist) -> Result<PathBuf> {
    let root = dist.workspace.root.display().to_string();
    let target = dist.workspace.target.display().to_string();
    let cargo_home = cargo_home()?;
    let rust = format!("--remap-path-prefix={root}=/minbil-auth --remap-path-prefix={cargo_home}=/cargo");
    let c = format!("-ffile-prefix-map={cargo_home}=/cargo -ffile-prefix-map={target}=/target");
    let cargo = dist.workspace.cargo().setting("RUSTFLAGS", &rust).setting("CFLAGS", &c);
    dist.workspace.program_by(cargo, NAME, &["--profile", "shipped"])
}

fn cargo_home() -> Result<String> {
    if let Ok(home) = std::env::var("CARGO_HOME") {
        return Ok(home);
    }
    Ok(format!("{}/.cargo", std::env::var("HOME").context("neither CARGO_HOME nor HOME is set")?))
}

/// A path of the machine that built it says who built it, and makes two builds differ.
fn no_paths(dist: &Dist, content: &[u8]) -> Result<()> {
    let folders = [
        dist.workspace.root.display().to_string(),
        dist.workspace.target.display().to_string(),
        cargo_home()?,
    ];
    match folders.iter().find(|folder| contains(content, folder.as_bytes())) {
        Some(folder) => bail!("the program has the path {folder} in it"),
        None => Ok(()),
    }
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

/// The `name-version` of each registry source that the program's own texts name.
fn crates_in(content: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let sources = SOURCES.as_bytes();
    let mut at = 0;
    while let Some(next) = content[at..].windows(sources.len()).position(|window| window == sources) {
        at += next + sources.len();
        let text: Vec<u8> =
            content[at..].iter().copied().take(200).take_while(u8::is_ascii_graphic).collect();
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut folders = text.split('/');
        // The registry, the crate, and at least something in it: a cut-off name is none.
        if let (Some(_), Some(name), Some(_)) = (folders.next(), folders.next(), folders.next()) {
            found.insert(name.to_owned());
        }
    }
    found
}

/// The libraries of `readelf --dynamic`: `(NEEDED) Shared library: [libc.so.6]`.
fn needed(said: &str) -> Vec<String> {
    said.lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()))
        .collect()
}

/// The newest `GLIBC_2.34` among the symbols.
fn newest_glibc(symbols: &str) -> Option<String> {
    let version = |word: &str| -> Option<Vec<u32>> {
        let number = word.trim_matches(['(', ')']).strip_prefix("GLIBC_")?;
        number.split('.').map(|part| part.parse().ok()).collect()
    };
    let newest = symbols.split_whitespace().filter_map(version).max()?;
    Some(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

/// The paths of `ldd`: `libc.so.6 => /lib/libc.so.6 (0x…)`, and the loader's own line without an arrow.
fn loaded(said: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = said
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect();
    paths.sort();
    paths
}

/// The program's size for people.
pub(super) fn mebibytes(path: &Path) -> Result<String> {
    let bytes = std::fs::metadata(path)?.len();
    Ok(format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_that_a_program_names_are_found() {
        let content = b"\0/cargo/registry/src/index.crates.io-1/axum-0.8.9/src/lib.rs\0\xff\
            /cargo/registry/src/index.crates.io-1/axum-0.8.9/src/x.rs/cargo/registry/src/i/cut-1";
        assert_eq!(crates_in(content).into_iter().collect::<Vec<_>>(), ["axum-0.8.9"]);
    }

    #[test]
    fn what_a_program_is_linked_to_is_read() {
        let dynamic =
            " 0x1 (NEEDED)  Shared library: [libm.so.6]\n 0x1 (NEEDED)  Shared library: [libz.so.1]\n";
        assert_eq!(needed(dynamic), ["libm.so.6", "libz.so.1"]);
        let symbols = "0 DF *UND* 0 (GLIBC_2.9) a\n0 DF *UND* 0 (GLIBC_2.34) b\n0 DF *UND* 0 (GCC_3.0) c\n";
        assert_eq!(newest_glibc(symbols).as_deref(), Some("2.34"));
        let ldd = "\tlinux-vdso.so.1 (0x7)\n\tlibc.so.6 => /lib/libc.so.6 (0x7)\n\t/lib64/ld.so (0x7)\n";
        assert_eq!(loaded(ldd), [PathBuf::from("/lib/libc.so.6"), PathBuf::from("/lib64/ld.so")]);
    }

    #[test]
    fn a_text_is_found_in_the_middle_of_a_program() {
        assert!(contains(b"\0\x01abc\0", b"abc"));
        assert!(!contains(b"\0ab\0c", b"abc"));
    }
}
