//! A client that knows all nodes, and comes again when it got no answer.

use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a client comes again before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it waits in between.
const PAUSE: Duration = Duration::from_millis(100);

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub retry_after: Option<u64>,
}

impl Answer {
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field} in {}", self.body)).to_owned()
    }
}

/// How service was.
#[derive(Default)]
pub struct Service {
    failed: AtomicUsize,
    answered: Mutex<Option<Instant>>,
    longest_silence: Mutex<Duration>,
}

impl Service {
    fn answered(&self) {
        let now = Instant::now();
        if let Some(before) = self.answered.lock().unwrap().replace(now) {
            let silence = now - before;
            let mut longest = self.longest_silence.lock().unwrap();
            *longest = silence.max(*longest);
        }
    }

    /// How many requests failed, and for how long nobody was answered.
    pub fn report(&self) -> (usize, Duration) {
        (self.failed.load(Ordering::Relaxed), *self.longest_silence.lock().unwrap())
    }
}

/// The client.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    bases: Arc<Vec<String>>,
    next: usize,
    service: Arc<Service>,
}

impl Client {
    /// A client of these nodes, that begins with one of them.
    pub fn new(bases: &[String], next: usize, service: &Arc<Service>) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { http, bases: Arc::new(bases.to_vec()), next, service: Arc::clone(service) }
    }

    /// One try at the next node; `None` if no whole answer came.
    pub async fn once(&mut self, path: &str, body: &Value, bearer: Option<&str>) -> Option<Answer> {
        self.next += 1;
        let base = &self.bases[self.next % self.bases.len()];
        send(&self.http, base, Method::POST, path, Some(body), bearer).await
    }

    /// Tries at one node after another until there is an answer that is no outage.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        let begun = Instant::now();
        loop {
            match self.once(path, body, None).await {
                Some(answer) if answer.status < 500 => {
                    self.service.answered();
                    return answer;
                }
                Some(answer) => {
                    assert_eq!(answer.status, 503, "{answer:?}");
                    assert!(answer.retry_after.is_some(), "{answer:?}");
                }
                None => {}
            }
            self.service.failed.fetch_add(1, Ordering::Relaxed);
            assert!(begun.elapsed() < PATIENCE, "service does not return");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes an account. One that was made, unanswered, before is taken the second time.
    pub async fn sign_up(&mut self, email: &str, password: &str) {
        let answer = self.post("sign-up", &json!({ "email": email, "password": password })).await;
        assert!(matches!(answer.status, 201 | 409), "{answer:?}");
    }

    /// The refresh token of a new session.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> String {
        let answer = self.post("sign-in", &json!({ "email": email, "password": password })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("refresh_token")
    }

    /// The next refresh token.
    pub async fn refresh(&mut self, token: &str) -> String {
        let answer = self.post("refresh", &json!({ "refresh_token": token })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("refresh_token")
    }
}

/// One request to one node.
pub async fn send(
    http: &reqwest::Client,
    base: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
    bearer: Option<&str>,
) -> Option<Answer> {
    let mut request = http.request(method, format!("{base}/api/co/auth/{path}"));
    if let Some(body) = body {
        request = request.json(body);
    }
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    Some(Answer { status, body: answer.json().await.ok()?, retry_after })
}
