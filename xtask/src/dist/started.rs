//! Starts what was packed, from where it was unpacked, on an empty folder, and looks whether it answers.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it answers. Far more than it needs.
const START_MAX: Duration = Duration::from_secs(30);
/// How long it may take to end.
const END_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `words` as a production server with its data in `data`, asks `words[..] ready` until it says yes, and ends the
/// server as a service manager does. `words` is the program, with what goes before it (such as `chroot`).
pub(super) fn answers(words: &[&str], data: &str, config: Option<&Path>, root_key: &str) -> Result<()> {
    let (program, before) = words.split_first().context("no program was named")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let command = |last: &str| {
        let mut command = Command::new(program);
        command
            .args(before)
            .arg(last)
            .env_clear()
            .env("MINBIL_AUTH_MODE", "production")
            .env("MINBIL_AUTH_DATA_DIR", data)
            .env("MINBIL_AUTH_LISTEN", format!("127.0.0.1:{port}"))
            .env("MINBIL_AUTH_BASE_URL", "https://api.example.com")
            .env("MINBIL_AUTH_MAIL__SMTP_URL", "smtp://127.0.0.1:1?tls=none")
            .env("MINBIL_AUTH_ROOT_KEY", root_key)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(config) = config {
            command.env("MINBIL_AUTH_CONFIG", config);
        }
        command
    };
    let mut server = Server(command("serve").spawn().with_context(|| format!("cannot start {program}"))?);
    let start = Instant::now();
    // The program says why it is not ready on its error stream, every time; here only the last word counts.
    while !command("ready").stderr(Stdio::null()).status()?.success() {
        if let Some(status) = server.0.try_wait()? {
            bail!("the packed server ended with {status} before it was ready");
        }
        if start.elapsed() > START_MAX {
            bail!("the packed server is not ready after {} s", START_MAX.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    server.end()
}

/// A server that does not outlive us.
struct Server(Child);

impl Server {
    fn end(mut self) -> Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        let start = Instant::now();
        while told.success() && start.elapsed() < END_MAX {
            if let Some(status) = self.0.try_wait()? {
                if !status.success() {
                    bail!("the packed server ended with {status} when it was told to");
                }
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        bail!("the packed server does not end when it is told to")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_before_it_is_ready_is_an_error_and_one_that_answers_is_not() {
        let script = |text: &str| answers(&["/bin/sh", "-c", text, "x"], "/nowhere", None, "key");
        assert!(script("exit 1").unwrap_err().to_string().contains("before it was ready"));
        // `ready` succeeds, `serve` waits for the signal and ends well.
        let good = "test \"$1\" = ready && exit 0; trap 'exit 0' TERM; while :; do /bin/sleep 0.05; done";
        assert!(answers(&["/bin/sh", "-c", good, "x"], "/nowhere", None, "key").is_ok());
        let bad = good.replace("exit 0' TERM", "exit 3' TERM");
        let error = answers(&["/bin/sh", "-c", &bad, "x"], "/nowhere", None, "key").unwrap_err();
        assert!(error.to_string().contains("when it was told to"), "{error}");
    }
}
