//! A client that does one thing after another and writes down what was answered.

use super::ledger::{Fact, Ledger};
use serde_json::{Value, json};
use std::sync::Arc;

/// One answer.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// Posts to the namespace `co`; `None` if no whole answer came.
pub async fn post(client: &reqwest::Client, base: &str, path: &str, body: &Value) -> Option<Answer> {
    read(client.post(format!("{base}/api/co/auth/{path}")).json(body)).await
}

async fn read(request: reqwest::RequestBuilder) -> Option<Answer> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some(Answer { status, body: answer.json().await.ok()? })
}

/// Drives one account after another until the server is gone.
pub struct Driver {
    client: reqwest::Client,
    base: String,
    ledger: Arc<Ledger>,
    number: usize,
}

impl Driver {
    pub fn new(base: &str, ledger: &Arc<Ledger>, number: usize) -> Self {
        let client = reqwest::Client::new();
        Self { client, base: base.to_owned(), ledger: Arc::clone(ledger), number }
    }

    /// Runs until something goes unanswered.
    pub async fn run(self) {
        for round in 0.. {
            let outcome = match (self.number + round) % 3 {
                0 => self.keep_refreshing(round).await,
                1 => self.come_and_go(round).await,
                _ => self.forget(round).await,
            };
            if outcome.is_none() {
                return;
            }
        }
    }

    async fn sign_up(&self, round: usize) -> Option<(String, String)> {
        let email = format!("crash-{}-{round}@example.com", self.number);
        let password = "a password for crashes".to_owned();
        let body = json!({ "email": email, "password": password });
        let answer = self.post("sign-up", &body).await?;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Some((email, password))
    }

    async fn sign_in(&self, email: &str, password: &str) -> Option<(String, String)> {
        let body = json!({ "email": email, "password": password });
        let answer = self.post("sign-in", &body).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Some((text(&answer.body, "access_token"), text(&answer.body, "refresh_token")))
    }

    /// A chain of rotations, then a sign-out.
    async fn keep_refreshing(&self, round: usize) -> Option<()> {
        let (email, password) = self.sign_up(round).await?;
        self.ledger.record(Fact::SignedUp { email: email.clone(), password: password.clone() });
        let (_, mut token) = self.sign_in(&email, &password).await?;
        for _ in 0..12 {
            let Some(answer) = self.post("refresh", &json!({ "refresh_token": token })).await else {
                self.ledger.record(Fact::LastAnswered { token });
                return None;
            };
            assert_eq!(answer.status, 200, "{}", answer.body);
            token = text(&answer.body, "refresh_token");
        }
        let spent = token.clone();
        let answer = self.post("refresh", &json!({ "refresh_token": spent })).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let current = text(&answer.body, "refresh_token");
        self.ledger.record(Fact::Rotated { spent, current });
        Some(())
    }

    /// Sign out of one session, change the password in another.
    async fn come_and_go(&self, round: usize) -> Option<()> {
        let (email, old) = self.sign_up(round).await?;
        let (_, token) = self.sign_in(&email, &old).await?;
        let answer = self.post("sign-out", &json!({ "refresh_token": token })).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.ledger.record(Fact::SignedOut { token });
        let (access, _) = self.sign_in(&email, &old).await?;
        let new = format!("{old}, changed");
        let body = json!({ "current_password": old, "new_password": new });
        let url = format!("{}/api/co/auth/change-password", self.base);
        let answer = read(self.client.post(url).bearer_auth(access).json(&body)).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.ledger.record(Fact::PasswordChanged { email, old, new });
        Some(())
    }

    /// Order a reset mail.
    async fn forget(&self, round: usize) -> Option<()> {
        let (email, _) = self.sign_up(round).await?;
        let answer = self.post("forgot-password", &json!({ "email": email })).await?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.ledger.record(Fact::MailOrdered { email });
        Some(())
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        post(&self.client, &self.base, path, body).await
    }
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("{field} in {body}")).to_owned()
}
