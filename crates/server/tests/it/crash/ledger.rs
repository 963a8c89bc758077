//! What the server has answered, and whether it is still true.

use super::client::{Answer, post};
use super::smtp_sink::SmtpSink;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One thing that was answered and must stay true.
#[derive(Clone, Debug)]
pub enum Fact {
    /// An account with this password exists.
    SignedUp { email: String, password: String },
    /// `spent` was rotated into `current`. Only recorded when nothing after it went unanswered.
    Rotated { spent: String, current: String },
    /// This is the last refresh token that was answered; a later rotation may have happened unanswered.
    LastAnswered { token: String },
    /// The session of this refresh token has ended.
    SignedOut { token: String },
    /// The password is `new` and not `old` any more.
    PasswordChanged { email: String, old: String, new: String },
    /// A mail to this address was accepted.
    MailOrdered { email: String },
}

/// Everything that was answered.
#[derive(Default)]
pub struct Ledger {
    unchecked: Mutex<Vec<Fact>>,
    mail: Mutex<Vec<String>>,
    totals: [AtomicUsize; 5],
}

const KINDS: [&str; 5] = ["sign-ups", "rotations", "sign-outs", "password changes", "mails"];

impl Ledger {
    /// Records an answer.
    pub fn record(&self, fact: Fact) {
        let kind = match &fact {
            Fact::SignedUp { .. } => 0,
            Fact::Rotated { .. } | Fact::LastAnswered { .. } => 1,
            Fact::SignedOut { .. } => 2,
            Fact::PasswordChanged { .. } => 3,
            Fact::MailOrdered { .. } => 4,
        };
        self.totals[kind].fetch_add(1, Ordering::Relaxed);
        match fact {
            Fact::MailOrdered { email } => self.mail.lock().unwrap().push(email),
            fact => self.unchecked.lock().unwrap().push(fact),
        }
    }

    /// Checks what was recorded since the last check.
    pub async fn check(&self, base: &str) {
        let facts = std::mem::take(&mut *self.unchecked.lock().unwrap());
        let client = reqwest::Client::new();
        for fact in facts {
            check_fact(&client, base, &fact).await;
        }
    }

    /// Waits until every accepted mail has arrived at least once.
    pub async fn check_mail(&self, sink: &SmtpSink, limit: Duration) {
        let start = Instant::now();
        loop {
            let arrived = sink.recipients();
            let missing: Vec<_> =
                self.mail.lock().unwrap().iter().filter(|email| !arrived.contains(*email)).cloned().collect();
            if missing.is_empty() {
                return;
            }
            assert!(start.elapsed() < limit, "accepted, and never arrived: {missing:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How many answers of each kind there were.
    pub fn totals(&self) -> String {
        let count = |kind: usize| self.totals[kind].load(Ordering::Relaxed);
        let texts: Vec<_> =
            KINDS.iter().enumerate().map(|(n, name)| format!("{} {name}", count(n))).collect();
        texts.join(", ")
    }

    /// A run in which nothing of a kind was answered has proved nothing about it.
    pub fn assert_every_kind_happened(&self) {
        for (number, name) in KINDS.iter().enumerate() {
            assert!(self.totals[number].load(Ordering::Relaxed) > 0, "no {name} were answered");
        }
    }
}

async fn check_fact(client: &reqwest::Client, base: &str, fact: &Fact) {
    let refresh = async |token: &str| {
        let answer = post(client, base, "refresh", &json!({ "refresh_token": token })).await;
        answer.expect("an answer of the restarted server")
    };
    match fact {
        Fact::SignedUp { email, password } => {
            assert_eq!(sign_in(client, base, email, password).await.status, 200, "{fact:?}");
        }
        Fact::Rotated { spent, current } => {
            let again = refresh(spent).await;
            assert_eq!(again.status, 200, "{fact:?}: {}", again.body);
            assert_eq!(again.body["refresh_token"], current.as_str(), "{fact:?}");
        }
        Fact::LastAnswered { token } => {
            let answer = refresh(token).await;
            assert_eq!(answer.status, 200, "{fact:?}: {}", answer.body);
        }
        Fact::SignedOut { token } => {
            let answer = refresh(token).await;
            assert_eq!(answer.status, 401, "{fact:?}: {}", answer.body);
            assert_eq!(answer.body["code"], "session_revoked", "{fact:?}");
        }
        Fact::PasswordChanged { email, old, new } => {
            assert_eq!(sign_in(client, base, email, old).await.status, 401, "{fact:?}");
            assert_eq!(sign_in(client, base, email, new).await.status, 200, "{fact:?}");
        }
        Fact::MailOrdered { .. } => unreachable!("mails are checked at the end"),
    }
}

async fn sign_in(client: &reqwest::Client, base: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    post(client, base, "sign-in", &body).await.expect("an answer of the restarted server")
}
