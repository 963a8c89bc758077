//! One client of the load generator: a real connection, chains of its own, and a look at every answer.

use crate::connection::{Answer, Connection};
use crate::pace::Pace;
use crate::work::Work;
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// What one client saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Of each good answer, in microseconds.
    pub(crate) latencies: Vec<u64>,
    /// Of each answer that said 503, in microseconds.
    pub(crate) shed: Vec<u64>,
}

/// One client on one connection, with one account or several, which it takes in turn.
pub(crate) struct Client {
    work: Work,
    connection: Connection,
    accounts: Vec<String>,
    /// Of each account.
    pub(crate) tokens: Vec<String>,
    turn: usize,
}

impl Client {
    /// Connects, and gets what its work needs: accounts, and tokens unless there are `kept` ones.
    pub(crate) async fn begin(
        work: Work,
        port: u16,
        number: usize,
        kept: Option<Vec<String>>,
    ) -> anyhow::Result<Self> {
        let connection = Connection::open(port).await?;
        let (name, each) = (work.account(), work.accounts_each());
        // The peer asks for a name as well; we would refuse one.
        let more = if work.is_of_peer() { r#","name":"somebody""# } else { "" };
        let account = |of: usize| {
            let email = format!("{name}-{number}-{of}@example.com");
            format!(r#"{{"email":"{email}","password":"a phrase to measure with"{more}}}"#)
        };
        let accounts = (0..each).map(account).collect();
        let mut client = Self { work, connection, accounts, tokens: Vec::new(), turn: 0 };
        match kept {
            Some(tokens) => client.tokens = tokens,
            None if work == Work::Echo => client.tokens = vec!["x".repeat(113)],
            None => client.enter().await?,
        }
        Ok(client)
    }

    /// Signs up, and in if it will refresh.
    async fn enter(&mut self) -> anyhow::Result<()> {
        for turn in 0..self.accounts.len() {
            self.turn = turn;
            let answer = self.until_admitted("sign-up").await?;
            anyhow::ensure!(
                matches!(answer.status, 200 | 201 | 409 | 422),
                "sign-up answered {}: {}",
                answer.status,
                answer.words()
            );
            if matches!(self.work, Work::Refresh | Work::Prepare | Work::PeerRead) {
                let answer = self.until_admitted("sign-in").await?;
                anyhow::ensure!(
                    answer.status == 200,
                    "sign-in answered {}: {}",
                    answer.status,
                    answer.words()
                );
                let token = match answer.cookie {
                    Some(cookie) if self.work == Work::PeerRead => cookie,
                    _ => refresh_token(&answer.body)?,
                };
                self.tokens.push(token);
            }
        }
        Ok(())
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
        let account = self.accounts[self.turn % self.accounts.len()].clone();
        let path = if self.work.is_of_peer() {
            format!("/api/auth/{path}/email")
        } else {
            format!("/api/co/auth/{path}")
        };
        self.connection.post(&path, &account).await
    }

    /// Calls until `end`.
    pub(crate) async fn run(mut self, mut pace: Pace, end: Instant) -> anyhow::Result<(Self, Seen)> {
        let mut seen = Seen::default();
        while self.work != Work::Prepare && Instant::now() < end {
            self.turn += 1;
            let due = pace.next().await;
            let sent = Instant::now();
            let is_good = match self.work {
                Work::SignIn | Work::SignInMany | Work::PeerSignIn => self.sign_in().await?,
                Work::PeerRead => self.read_session().await?,
                Work::Refresh | Work::RefreshKept | Work::Echo | Work::Prepare => self.refresh().await?,
            };
            if is_good {
                seen.latencies.push(u64::try_from(due.elapsed().as_micros())?);
            } else {
                // From when it was sent: what came before is its own client's wait for a good answer.
                seen.shed.push(u64::try_from(sent.elapsed().as_micros())?);
                if !pace.is_fixed() {
                    // A client that does not even wait a moment would measure how fast a refusal is.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        Ok((self, seen))
    }

    async fn refresh(&mut self) -> anyhow::Result<bool> {
        let turn = self.turn % self.tokens.len();
        let body = format!(r#"{{"refresh_token":"{}"}}"#, self.tokens[turn]);
        let answer = self.connection.post("/api/co/auth/refresh", &body).await?;
        anyhow::ensure!(answer.status == 200, "refresh answered {}: {}", answer.status, answer.words());
        if self.work != Work::Echo {
            let next = refresh_token(&answer.body)?;
            anyhow::ensure!(next != self.tokens[turn], "the token did not rotate");
            self.tokens[turn] = next;
        }
        Ok(true)
    }

    /// What stands for a refresh where there are no refresh tokens: a look at the session.
    async fn read_session(&mut self) -> anyhow::Result<bool> {
        let turn = self.turn % self.tokens.len();
        let answer = self.connection.get("/api/auth/get-session", &self.tokens[turn]).await?;
        anyhow::ensure!(
            answer.status == 200 && answer.words().contains("\"session\":{"),
            "get-session answered {}: {}",
            answer.status,
            answer.words()
        );
        Ok(true)
    }

    async fn sign_in(&mut self) -> anyhow::Result<bool> {
        let answer = self.post_account("sign-in").await?;
        match (answer.status, answer.retry_after) {
            (200, _) if self.work.is_of_peer() => Ok(answer.cookie.is_some()),
            (200, _) => refresh_token(&answer.body).map(|_| true),
            (503, Some(_)) => Ok(false),
            (status, _) => anyhow::bail!("sign-in answered {status}: {}", answer.words()),
        }
    }
}

/// Found by its name and not by parsing the whole answer: the load generator shares its cores with what it measures.
fn refresh_token(body: &[u8]) -> anyhow::Result<String> {
    const NAME: &str = "\"refresh_token\":\"";
    let body = std::str::from_utf8(body)?;
    let value = body.split_once(NAME).context("no refresh_token in the answer")?.1;
    Ok(value.split_once('"').context("the refresh_token has no end")?.0.to_owned())
}
