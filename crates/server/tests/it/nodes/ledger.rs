//! What was answered, and whether it is still true.

use super::client::Client;
use serde_json::json;
use std::sync::Mutex;

/// One thing that was answered and must stay true.
#[derive(Clone, Debug)]
pub enum Fact {
    /// An account with this password exists.
    SignedUp { email: String, password: String },
    /// `spent` was rotated into `current`, which nobody has used since.
    Rotated { spent: String, current: String },
    /// The session of this refresh token has ended.
    SignedOut { token: String },
    /// The password was reset: `new` opens, `old` does not, and a session from before has ended.
    Reset { email: String, old: String, new: String, session: String },
}

/// Everything that was answered.
#[derive(Default)]
pub struct Ledger(Mutex<Vec<Fact>>);

impl Ledger {
    pub fn record(&self, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Checks all of it, and that there was something of each kind.
    pub async fn check(&self, client: &mut Client) -> String {
        let facts = self.0.lock().unwrap().clone();
        let mut counts = [0; 4];
        for fact in &facts {
            check(client, fact).await;
            counts[match fact {
                Fact::SignedUp { .. } => 0,
                Fact::Rotated { .. } => 1,
                Fact::SignedOut { .. } => 2,
                Fact::Reset { .. } => 3,
            }] += 1;
        }
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        let [accounts, chains, outs, resets] = counts;
        format!("{accounts} accounts, {chains} chains, {outs} sign-outs, {resets} resets")
    }
}

async fn check(client: &mut Client, fact: &Fact) {
    let status = async |client: &mut Client, email: &str, password: &str| {
        client.post("sign-in", &json!({ "email": email, "password": password })).await.status
    };
    match fact {
        Fact::SignedUp { email, password } => {
            assert_eq!(status(client, email, password).await, 200, "{fact:?}");
        }
        Fact::Rotated { spent, current } => {
            // Within the grace the spent one gives its successor again: neither forked nor forgotten.
            assert_eq!(&client.refresh(spent).await, current, "{fact:?}");
        }
        Fact::SignedOut { token } => ended(client, token, fact).await,
        Fact::Reset { email, old, new, session } => {
            assert_eq!(status(client, email, old).await, 401, "{fact:?}");
            assert_eq!(status(client, email, new).await, 200, "{fact:?}");
            ended(client, session, fact).await;
        }
    }
}

async fn ended(client: &mut Client, token: &str, fact: &Fact) {
    let answer = client.post("refresh", &json!({ "refresh_token": token })).await;
    assert_eq!(answer.status, 401, "{fact:?}: {answer:?}");
}
