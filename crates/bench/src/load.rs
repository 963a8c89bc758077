//! The load generator: a process of its own, with real connections, one token chain a client, and a look at
//! every answer.

use anyhow::Context as _;
use serde_json::Value;
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
    /// Signs in, over and over. A full hashing queue is an answer too, and counted apart.
    SignIn,
    /// Sends bodies of a refresh's size to a server that only echoes.
    Echo,
}

impl Work {
    const ALL: [Self; 3] = [Self::Refresh, Self::SignIn, Self::Echo];

    const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::SignIn => "sign-in",
            Self::Echo => "echo",
        }
    }
}

/// What the clients saw.
pub(crate) struct Driven {
    /// Good answers a second.
    pub(crate) per_second: f64,
    /// Answers a second that said 503 with `Retry-After`.
    pub(crate) shed_per_second: f64,
    /// Microseconds: median and 99th percentile.
    pub(crate) p50_us: u64,
    /// See `p50_us`.
    pub(crate) p99_us: u64,
}

/// Runs the load generator as a child process against `port`.
pub(crate) async fn drive(work: Work, port: u16, chains: usize, span: Duration) -> anyhow::Result<Driven> {
    let output = Command::new(std::env::current_exe()?)
        .args([COMMAND, work.name(), &port.to_string(), &chains.to_string(), &span.as_millis().to_string()])
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "the load generator failed: {said}");
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    Ok(Driven {
        per_second: answer["per_second"].as_f64().context("per_second")?,
        shed_per_second: answer["shed_per_second"].as_f64().context("shed_per_second")?,
        p50_us: answer["p50_us"].as_u64().context("p50_us")?,
        p99_us: answer["p99_us"].as_u64().context("p99_us")?,
    })
}

/// The child's side.
pub(crate) async fn run_as_child(arguments: &[String]) -> anyhow::Result<()> {
    let [work, port, chains, millis] = arguments else { anyhow::bail!("drive WORK PORT CHAINS MILLIS") };
    let work = Work::ALL.into_iter().find(|one| one.name() == work).context("WORK is not one of ours")?;
    let (port, chains): (u16, usize) = (port.parse()?, chains.parse()?);
    let span = Duration::from_millis(millis.parse()?);
    let mut clients = Vec::new();
    for number in 0..chains {
        clients.push(Client::begin(work, port, number).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run(start + span))).collect();
    let (mut latencies, mut shed) = (Vec::new(), 0_u32);
    for task in tasks {
        let seen = task.await??;
        latencies.extend(seen.latencies);
        shed += seen.shed;
    }
    let elapsed = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    anyhow::ensure!(!latencies.is_empty(), "nothing was answered");
    let at = |hundredths: usize| latencies[(latencies.len() - 1) * hundredths / 100];
    let per_second = latencies.len() as f64 / elapsed;
    let shed_per_second = f64::from(shed) / elapsed;
    let seen = serde_json::json!({
        "per_second": per_second, "shed_per_second": shed_per_second, "p50_us": at(50), "p99_us": at(99),
    });
    println!("{seen}");
    Ok(())
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    latencies: Vec<u64>,
    shed: u32,
}

/// One client on one connection.
struct Client {
    work: Work,
    stream: BufReader<TcpStream>,
    account: String,
    token: String,
}

/// What came back.
struct Answer {
    status: u16,
    retry_after: Option<u64>,
    body: Vec<u8>,
}

impl Client {
    async fn begin(work: Work, port: u16, number: usize) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let name = work.name();
        let account =
            format!(r#"{{"email":"{name}-{number}@example.com","password":"a phrase to measure with"}}"#);
        let mut client = Self { work, stream: BufReader::new(stream), account, token: "x".repeat(113) };
        if work != Work::Echo {
            let answer = client.until_admitted("sign-up").await?;
            anyhow::ensure!(matches!(answer.status, 201 | 409), "sign-up answered {}", answer.status);
        }
        if work == Work::Refresh {
            let answer = client.until_admitted("sign-in").await?;
            anyhow::ensure!(answer.status == 200, "sign-in answered {}: {}", answer.status, answer.words());
            client.token = refresh_token(&answer.body)?;
        }
        Ok(client)
    }

    /// Another load may fill the hashing queue at this moment, so a refusal for now is no failure.
    async fn until_admitted(&mut self, path: &str) -> anyhow::Result<Answer> {
        loop {
            let answer = self.post_account(path).await?;
            if answer.status != 503 {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn post_account(&mut self, path: &str) -> anyhow::Result<Answer> {
        let account = self.account.clone();
        self.post(&format!("/api/co/auth/{path}"), &account).await
    }

    /// Calls until `end`.
    async fn run(mut self, end: Instant) -> anyhow::Result<Seen> {
        let mut seen = Seen::default();
        while Instant::now() < end {
            let start = Instant::now();
            let is_good = match self.work {
                Work::SignIn => self.sign_in().await?,
                Work::Refresh | Work::Echo => self.refresh().await?,
            };
            if is_good {
                seen.latencies.push(u64::try_from(start.elapsed().as_micros())?);
            } else {
                seen.shed += 1;
                // A client that does not even wait a moment would measure how fast a refusal is.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(seen)
    }

    async fn refresh(&mut self) -> anyhow::Result<bool> {
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.token);
        let answer = self.post("/api/co/auth/refresh", &body).await?;
        anyhow::ensure!(answer.status == 200, "refresh answered {}: {}", answer.status, answer.words());
        if self.work == Work::Refresh {
            let next = refresh_token(&answer.body)?;
            anyhow::ensure!(next != self.token, "the token did not rotate");
            self.token = next;
        }
        Ok(true)
    }

    async fn sign_in(&mut self) -> anyhow::Result<bool> {
        let answer = self.post_account("sign-in").await?;
        match (answer.status, answer.retry_after) {
            (200, _) => refresh_token(&answer.body).map(|_| true),
            (503, Some(_)) => Ok(false),
            (status, _) => anyhow::bail!("sign-in answered {status}: {}", answer.words()),
        }
    }

    async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Answer> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).context("no status line")?.parse()?;
        let (mut content_length, mut retry_after) = (0, None);
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            if line.trim_end().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("not a header")?;
            if name.eq_ignore_ascii_case("content-length") {
                content_length = value.trim().parse()?;
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = Some(value.trim().parse()?);
            }
        }
        let mut body = vec![0; content_length];
        self.stream.read_exact(&mut body).await?;
        Ok(Answer { status, retry_after, body })
    }
}

impl Answer {
    fn words(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Found by its name and not by parsing the whole answer: the load generator shares its cores with what it measures.
fn refresh_token(body: &[u8]) -> anyhow::Result<String> {
    const NAME: &str = "\"refresh_token\":\"";
    let body = std::str::from_utf8(body)?;
    let value = body.split_once(NAME).context("no refresh_token in the answer")?.1;
    Ok(value.split_once('"').context("the refresh_token has no end")?.0.to_owned())
}
