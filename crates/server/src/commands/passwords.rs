//! `passwords compile`

use crate::cli::Passwords as Command;
use crate::output::line;
use anyhow::Context as _;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// Runs the command. It needs no configuration and no database.
///
/// # Errors
/// When the list is not one, or a file cannot be read or written.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Compile { list, filter } = command;
    let reader = File::open(list).with_context(|| format!("cannot read {}", list.display()))?;
    // Beside its place first: a server that starts meanwhile finds the old file or the new one, whole.
    let half = half_of(filter);
    let done = match compile(BufReader::new(reader), &half) {
        Ok(done) => done,
        Err(error) => {
            // What is left of it is of no use; that it cannot be removed is not what went wrong.
            let _ = std::fs::remove_file(&half);
            return Err(error).with_context(|| list.display().to_string());
        }
    };
    std::fs::rename(&half, filter).with_context(|| format!("cannot write {}", filter.display()))?;
    let crypto::Compiled { hashes, repeated } = done;
    line(&format!("{}: {hashes} passwords; {repeated} lines were repetitions", filter.display()));
    Ok(())
}

fn compile(list: BufReader<File>, target: &Path) -> anyhow::Result<crypto::Compiled> {
    let file = File::create(target).with_context(|| format!("cannot write {}", target.display()))?;
    let mut writer = BufWriter::new(file);
    let done = crypto::compile_blocklist(list, &mut writer)?;
    writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(done)
}

fn half_of(filter: &Path) -> PathBuf {
    let mut name = filter.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
