//! The load generator: a process of its own, with real connections, one token chain a client, and a look at
//! every answer.

use anyhow::Context as _;
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

/// The hidden command that makes this program the load generator.
pub(crate) const COMMAND: &str = "drive";

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Signs in once, then refreshes.
    Refresh,
    /// Sends bodies of a refresh's size to a server that only echoes.
    Echo,
}

/// What the clients saw.
pub(crate) struct Driven {
    /// Answers a second.
    pub(crate) per_second: f64,
    /// Microseconds: median and 99th percentile.
    pub(crate) p50_us: u64,
    /// See `p50_us`.
    pub(crate) p99_us: u64,
}

/// Runs the load generator as a child process against `port`.
pub(crate) async fn drive(work: Work, port: u16, chains: usize, span: Duration) -> anyhow::Result<Driven> {
    let name = if work == Work::Refresh { "refresh" } else { "echo" };
    let output = Command::new(std::env::current_exe()?)
        .args([COMMAND, name, &port.to_string(), &chains.to_string(), &span.as_millis().to_string()])
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    anyhow::ensure!(output.status.success(), "the load generator failed");
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    Ok(Driven {
        per_second: answer["per_second"].as_f64().context("per_second")?,
        p50_us: answer["p50_us"].as_u64().context("p50_us")?,
        p99_us: answer["p99_us"].as_u64().context("p99_us")?,
    })
}

/// The child's side.
pub(crate) async fn run_as_child(arguments: &[String]) -> anyhow::Result<()> {
    let [work, port, chains, millis] = arguments else { anyhow::bail!("drive WORK PORT CHAINS MILLIS") };
    let work = if work == "refresh" { Work::Refresh } else { Work::Echo };
    let (port, chains): (u16, usize) = (port.parse()?, chains.parse()?);
    let span = Duration::from_millis(millis.parse()?);
    let mut clients = Vec::new();
    for number in 0..chains {
        clients.push(Client::begin(work, port, number).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run(start + span))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    anyhow::ensure!(!latencies.is_empty(), "nothing was answered");
    let at = |hundredths: usize| latencies[(latencies.len() - 1) * hundredths / 100];
    let per_second = latencies.len() as f64 / elapsed;
    println!("{}", serde_json::json!({ "per_second": per_second, "p50_us": at(50), "p99_us": at(99) }));
    Ok(())
}

/// One client on one connection.
struct Client {
    work: Work,
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    async fn begin(work: Work, port: u16, number: usize) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { work, stream: BufReader::new(stream), token: "x".repeat(113) };
        if work == Work::Refresh {
            let account =
                format!(r#"{{"email":"bench-{number}@example.com","password":"a password to measure"}}"#);
            let (status, _) = client.post("/api/co/auth/sign-up", &account).await?;
            anyhow::ensure!(matches!(status, 201 | 409), "sign-up answered {status}");
            let (status, body) = client.post("/api/co/auth/sign-in", &account).await?;
            anyhow::ensure!(status == 200, "sign-in answered {status}: {body}");
            client.token = refresh_token(&body)?;
        }
        Ok(client)
    }

    /// Calls until `end`; microseconds of each call.
    async fn run(mut self, end: Instant) -> anyhow::Result<Vec<u64>> {
        let mut latencies = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            let body = format!(r#"{{"refresh_token":"{}"}}"#, self.token);
            let (status, answer) = self.post("/api/co/auth/refresh", &body).await?;
            latencies.push(u64::try_from(start.elapsed().as_micros())?);
            anyhow::ensure!(status == 200, "refresh answered {status}: {answer}");
            if self.work == Work::Refresh {
                let next = refresh_token(&answer)?;
                anyhow::ensure!(next != self.token, "the token did not rotate");
                self.token = next;
            }
        }
        Ok(latencies)
    }

    async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).context("no status line")?.parse()?;
        let mut content_length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            if line.trim_end().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("not a header")?;
            if name.eq_ignore_ascii_case("content-length") {
                content_length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; content_length];
        self.stream.read_exact(&mut answer).await?;
        Ok((status, serde_json::from_slice(&answer)?))
    }
}

fn refresh_token(body: &Value) -> anyhow::Result<String> {
    Ok(body["refresh_token"].as_str().context("no refresh_token in the answer")?.to_owned())
}
