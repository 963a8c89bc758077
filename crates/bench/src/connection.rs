//! HTTP/1.1 on one connection that stays open: as little of it as a load generator needs.

use anyhow::Context as _;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A server closes a connection on which nothing happens; a client that rested longer than this opens a new one.
const REST_MAX: Duration = Duration::from_secs(2);

/// A connection to a server of this machine.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    port: u16,
    used: Instant,
}

/// What came back.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Seconds, if it names any.
    pub(crate) retry_after: Option<u64>,
    /// The name and value of the cookie that it sets.
    pub(crate) cookie: Option<String>,
    /// Its content.
    pub(crate) body: Vec<u8>,
}

/// How the end of a body is found.
enum Length {
    Known(usize),
    Chunked,
}

impl Connection {
    /// Opens one.
    pub(crate) async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), port, used: Instant::now() })
    }

    /// Sends JSON.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Answer> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.exchange(&request).await
    }

    /// Asks with a cookie.
    pub(crate) async fn get(&mut self, path: &str, cookie: &str) -> anyhow::Result<Answer> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n")).await
    }

    async fn exchange(&mut self, request: &str) -> anyhow::Result<Answer> {
        if self.used.elapsed() > REST_MAX {
            *self = Self::open(self.port).await?;
        }
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).context("no status line")?.parse()?;
        let mut answer = Answer { status, retry_after: None, cookie: None, body: Vec::new() };
        let mut length = Length::Known(0);
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            if line.trim_end().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("not a header")?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            } else if name.eq_ignore_ascii_case("retry-after") {
                answer.retry_after = Some(value.parse()?);
            } else if name.eq_ignore_ascii_case("set-cookie") {
                answer.cookie = value.split(';').next().map(str::to_owned);
            }
        }
        match length {
            Length::Known(length) => self.read_into(&mut answer.body, length).await?,
            Length::Chunked => self.read_chunks(&mut answer.body).await?,
        }
        self.used = Instant::now();
        Ok(answer)
    }

    async fn read_into(&mut self, body: &mut Vec<u8>, length: usize) -> anyhow::Result<()> {
        let start = body.len();
        body.resize(start + length, 0);
        self.stream.read_exact(&mut body[start..]).await?;
        Ok(())
    }

    async fn read_chunks(&mut self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).await?;
            let length = usize::from_str_radix(line.trim_end(), 16).context("not the size of a chunk")?;
            self.read_into(body, length).await?;
            line.clear();
            self.stream.read_line(&mut line).await?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

impl Answer {
    /// Its content, to be shown.
    pub(crate) fn words(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}
