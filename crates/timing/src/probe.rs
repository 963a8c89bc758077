//! One client on one connection that stays open, with Nagle's algorithm off.

use anyhow::Context as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long an answer may take. Far more than it does.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A sign-in with a wrong password.
    SignIn,
    /// A reset mail.
    ForgotPassword,
    /// A sign-up where only the mailbox is told whether the address was taken.
    SignUp,
}

impl Call {
    /// As it is written in a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::ForgotPassword => "forgot-password",
            Self::SignUp => "sign-up",
        }
    }

    /// The one status that every class gets.
    const fn status(self) -> u16 {
        match self {
            Self::SignIn => 401,
            Self::ForgotPassword => 200,
            Self::SignUp => 201,
        }
    }

    /// What the server is set to for it, beside its profile.
    pub(crate) const fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SignIn | Self::ForgotPassword => &[],
            // Otherwise sign-up says itself that an address is taken.
            Self::SignUp => &[("MINBIL_AUTH_NAMESPACES__CO__EMAIL_VERIFICATION", "required")],
        }
    }

    fn body(self, email: &str) -> String {
        match self {
            Self::SignIn => format!(r#"{{"email":"{email}","password":"a wrong password"}}"#),
            Self::ForgotPassword => format!(r#"{{"email":"{email}"}}"#),
            Self::SignUp => format!(r#"{{"email":"{email}","password":"a password that is new"}}"#),
        }
    }
}

/// The connection.
pub(crate) struct Probe(BufReader<TcpStream>);

impl Probe {
    /// Connects to a server on this machine.
    pub(crate) fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks about an address: how long it took until the last byte of the answer was there.
    pub(crate) fn ask(&mut self, call: Call, email: &str) -> anyhow::Result<Duration> {
        let body = call.body(email);
        let request = format!(
            "POST /api/co/auth/{} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            call.name(),
            body.len()
        );
        let start = Instant::now();
        let status = self.send(&request)?;
        let took = start.elapsed();
        anyhow::ensure!(status == call.status(), "{} answered {status}", call.name());
        Ok(took)
    }

    /// Asks the store for one write that says nothing about anybody: how long it took.
    pub(crate) fn echo(&mut self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let status = self.get("/readyz")?;
        let took = start.elapsed();
        anyhow::ensure!(status == 200, "/readyz answered {status}");
        Ok(took)
    }

    /// `GET`: the status.
    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<u16> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    fn send(&mut self, request: &str) -> anyhow::Result<u16> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no status line")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            anyhow::ensure!(self.0.read_line(&mut line)? > 0, "the connection ended within an answer");
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer)?;
        Ok(status)
    }
}
