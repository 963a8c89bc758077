//! Runs other programs: shown before they start, with an error that says what failed.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program with its arguments, ready to run.
pub(crate) struct Run {
    command: Command,
    /// Settings of this run that are worth showing: `NAME=value`.
    settings: Vec<String>,
}

/// Which stream [`Run::kept`] keeps while it shows it. libtest reports on one, libFuzzer on the other.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Out,
    Err,
    /// Both, in the order in which they were written.
    Both,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        // `cargo run` describes this tool to itself in these; below us they would describe the wrong crate.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
                || text == "CARGO_BIN_NAME"
            {
                command.env_remove(&name);
            }
        }
        Self { command, settings: Vec::new() }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.settings.push(if value.contains(' ') {
            format!("{name}='{value}'")
        } else {
            format!("{name}={value}")
        });
        self
    }

    /// Sets a variable without showing it.
    pub(crate) fn hidden(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The command as a person would type it.
    pub(crate) fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let program = program.file_name().unwrap_or(program.as_os_str());
        let words = std::iter::once(program).chain(self.command.get_args()).map(|word| {
            let word = word.to_string_lossy().into_owned();
            if word.contains(' ') { format!("'{word}'") } else { word }
        });
        self.settings.iter().cloned().chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Runs it with our own streams; an exit status other than 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        show(&format!("$ {line}"));
        let status = self.command.status().with_context(|| format!("cannot start `{line}`"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(())
    }

    /// Runs it quietly and returns what it printed; an exit status other than 0 is an error.
    pub(crate) fn output(mut self) -> Result<String> {
        let line = self.line();
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .with_context(|| format!("cannot start `{line}`"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            bail!("`{line}` ended with {}: {said}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, leaving its error stream to the reader, and returns what it printed.
    pub(crate) fn answer(mut self) -> Result<String> {
        let line = self.line();
        show(&format!("$ {line}"));
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start `{line}`"))?;
        if !output.status.success() {
            bail!("`{line}` ended with {}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, showing one stream line by line and keeping a copy of it.
    pub(crate) fn kept(mut self, stream: Stream) -> Result<String> {
        let line = self.line();
        show(&format!("$ {line}"));
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        match stream {
            Stream::Out => self.command.stdout(writer),
            Stream::Err => self.command.stderr(writer),
            Stream::Both => self.command.stdout(writer.try_clone()?).stderr(writer),
        };
        let mut child = self.command.spawn().with_context(|| format!("cannot start `{line}`"))?;
        // The command holds the pipe's other end open, and reading would not end while it does.
        drop(self.command);
        let kept = copy_lines(BufReader::new(reader));
        let status = child.wait().with_context(|| format!("cannot wait for `{line}`"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        Ok(kept)
    }
}

/// A `cargo` command of the toolchain that runs this tool.
pub(crate) fn cargo() -> Run {
    Run::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn copy_lines(mut pipe: impl BufRead) -> String {
    let mut kept = String::new();
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        show(text.trim_end());
        kept.push_str(&text);
        line.clear();
    }
    kept
}

/// Prints a line at once, so that it stands before what a child prints next.
pub(crate) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe (`… | head`) is the reader's choice and no failure of the step.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let run = Run::new("/usr/bin/echo").args(["a b", "c"]).setting("N", "1");
        assert_eq!(run.line(), "N=1 echo 'a b' c");
    }

    #[test]
    fn a_bad_exit_status_is_an_error_that_names_the_command() {
        let error = Run::new("sh").args(["-c", "echo why >&2; exit 3"]).output().unwrap_err().to_string();
        assert!(error.contains("sh -c") && error.contains("why") && error.contains('3'), "{error}");
        assert!(Run::new("sh").args(["-c", "exit 3"]).kept(Stream::Out).is_err());
        assert!(Run::new("sh").args(["-c", "exit 3"]).run().is_err());
    }

    #[test]
    fn a_kept_stream_is_returned_whole() {
        let out = Run::new("sh").args(["-c", "echo a; echo b"]).kept(Stream::Out).unwrap();
        let err = Run::new("sh").args(["-c", "echo c >&2"]).kept(Stream::Err).unwrap();
        assert_eq!((out.as_str(), err.as_str()), ("a\nb\n", "c\n"));
        let both = Run::new("sh").args(["-c", "echo a; echo b >&2; echo c"]).kept(Stream::Both).unwrap();
        assert_eq!(both, "a\nb\nc\n");
    }
}
