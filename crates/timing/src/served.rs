//! A running server: a child process whose time on the processor can be read.

use crate::joined;
use crate::probe::{Call, Probe};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to become ready. Far more than it needs.
const START_MAX: Duration = Duration::from_secs(120);
/// How long to wait before asking again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a server costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Next to nothing for a hash, memory in the place of a disk: whatever else there is becomes visible.
    Sensitive,
    /// As it ships.
    Production,
}

/// What a server is set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// What it costs.
    pub(crate) profile: Profile,
    /// What it is asked.
    pub(crate) call: Call,
}

impl Setting {
    fn settings(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.profile.settings().iter().chain(self.call.settings()).copied()
    }
}

/// The hash's memory in the sensitive profile.
const SENSITIVE_MEMORY_KIB: &str = "64";

impl Profile {
    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sensitive => &[
                ("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", SENSITIVE_MEMORY_KIB),
                ("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", "2"),
            ],
            Self::Production => &[],
        }
    }

    fn folder(self) -> anyhow::Result<TempDir> {
        let memory = Path::new("/dev/shm");
        Ok(if self == Self::Sensitive && memory.is_dir() {
            tempfile::tempdir_in(memory)?
        } else {
            tempfile::tempdir()?
        })
    }
}

/// A running server; it ends with this.
pub(crate) struct Server {
    child: Child,
    data: Option<TempDir>,
    /// What its addresses are made of.
    pub(crate) seed: u64,
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
}

impl Server {
    /// The parts, joined as the server joins them, with all accounts, and a leak or none.
    pub(crate) fn joined(setting: Setting, seed: u64, pool: usize, sabotage: &str) -> anyhow::Result<Self> {
        let (data, port) = (setting.profile.folder()?, free_port()?);
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(joined::COMMAND).arg(data.path());
        command.args([&port.to_string(), &seed.to_string(), &pool.to_string(), sabotage]);
        Self::start(command.envs(setting.settings()), data, seed, port)
    }

    /// The program that ships, on a database with all accounts.
    pub(crate) fn shipped(binary: &Path, setting: Setting, seed: u64, pool: usize) -> anyhow::Result<Self> {
        let data = Self::joined(setting, seed, pool, "none")?.stop()?;
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.arg("--data-dir").arg(data.path());
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        Self::start(command.envs(setting.settings()), data, seed, port)
    }

    fn start(command: &mut Command, data: TempDir, seed: u64, port: u16) -> anyhow::Result<Self> {
        let child = command
            // The limits would end a run after three requests; that they treat every address alike is a test.
            .env("MINBIL_AUTH_LIMITS__ENABLED", "false")
            .env("MINBIL_AUTH_LOG__LEVEL", "error")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, data: Some(data), seed, port };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < START_MAX {
            if Probe::connect(self.port)
                .and_then(|mut probe| probe.get("/readyz"))
                .is_ok_and(|status| status == 200)
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the server ended with {status} before it was ready");
            }
            std::thread::sleep(LOOK_EVERY);
        }
        anyhow::bail!("the server is not ready after {} s", START_MAX.as_secs())
    }

    /// Ends it as a service manager does, and keeps its data.
    fn stop(mut self) -> anyhow::Result<TempDir> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        anyhow::ensure!(told.success() && self.child.wait()?.success(), "the server did not end well");
        self.data.take().context("the server has no data")
    }

    /// Nanoseconds that its threads have been on a processor so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<i64> {
        let tasks = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let mut sum = 0;
        for task in std::fs::read_dir(&tasks).with_context(|| format!("cannot read {}", tasks.display()))? {
            // A thread that ends meanwhile takes its time with it; the median does not mind one pair.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else { continue };
            sum += on_processor(&text).context("/proc/…/schedstat does not begin with a number")?;
        }
        Ok(sum)
    }
}

/// The first of the three numbers of a `schedstat` file.
fn on_processor(text: &str) -> Option<i64> {
    text.split_whitespace().next()?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_on_the_processor_is_the_first_number() {
        assert_eq!(on_processor("123456 789 10\n"), Some(123_456));
        assert_eq!(on_processor("\n"), None);
    }
}
