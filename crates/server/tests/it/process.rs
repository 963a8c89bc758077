//! The built binary as a child process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a server may take to answer for the first time. Far more than it needs: a busy machine is no failure.
const START_MAX: Duration = Duration::from_secs(60);

/// A running server on a port of its own; killed when dropped.
pub struct ServerProcess {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// Its port on 127.0.0.1.
    pub port: u16,
    log: Arc<Mutex<Vec<String>>>,
}

/// What a server is started with.
#[derive(Clone, Default)]
pub struct ServerSetup {
    /// Arguments after `serve`.
    pub arguments: Vec<String>,
    /// Environment variables; nothing of ours is inherited.
    pub environment: Vec<(String, String)>,
}

impl ServerSetup {
    /// Adds a variable.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }
}

/// The binary under test.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_minbil-auth"))
}

/// A command of the binary under test, which inherits no configuration.
pub fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars() {
        if name.starts_with("MINBIL_AUTH_") {
            command.env_remove(name);
        }
    }
    command.arg("--data-dir").arg(data_dir);
    command
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub is_success: bool,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The only line of standard output, as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.out.trim()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a command of the binary to its end, with a text as its standard input.
pub fn run(data_dir: &Path, arguments: &[&str], input: &str) -> Ran {
    run_with(data_dir, &ServerSetup::default(), arguments, input)
}

/// The same with environment variables.
pub fn run_with(data_dir: &Path, setup: &ServerSetup, arguments: &[&str], input: &str) -> Ran {
    let mut command = command(data_dir);
    command.args(arguments).envs(setup.environment.iter().map(|(name, value)| (name, value)));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that ends without reading its input is judged by what it says.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        is_success: output.status.success(),
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl ServerProcess {
    /// Starts a server on a free port and waits until it is ready.
    pub async fn start(data_dir: &Path, setup: &ServerSetup) -> Self {
        let mut process = Self::spawn(data_dir, setup);
        process.wait_until_ready().await;
        process
    }

    /// Starts a server on a free port.
    pub fn spawn(data_dir: &Path, setup: &ServerSetup) -> Self {
        let port = free_port();
        let mut command = command(data_dir);
        command.arg("serve").args(["--listen", &format!("127.0.0.1:{port}")]).args(&setup.arguments);
        command.envs(setup.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        Self { child, base: format!("http://127.0.0.1:{port}"), port, log }
    }

    async fn wait_until_ready(&mut self) {
        let client = reqwest::Client::new();
        let start = Instant::now();
        loop {
            if let Ok(answer) = client.get(format!("{}/readyz", self.base)).send().await
                && answer.status().is_success()
            {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            assert!(start.elapsed() < START_MAX, "the server is not ready:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < START_MAX, "the server does not end:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free and that nobody else gets meanwhile: it lies below those that the system gives out by itself, to the
/// other tests' listeners and connections too, and no test gets one that another got.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let next = || Some(20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    std::iter::from_fn(next).take(10_000).find(is_free).expect("a free port")
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < START_MAX, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
