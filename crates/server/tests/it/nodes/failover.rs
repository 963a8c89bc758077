//! A server is killed, then the database's primary; the standby is promoted. Nothing that was answered is lost.

use super::client::{Client, Service};
use super::cluster::Postgres;
use super::ledger::{Fact, Ledger};
use super::post_office::PostOffice;
use super::schema::setup;
use crate::process::ServerProcess;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many times.
const FAILOVERS: &str = "MINBIL_AUTH_TEST_FAILOVERS";
/// How many clients drive the servers.
const CLIENTS: usize = 8;
/// How many more facts there must be before the next thing happens.
const PROGRESS: usize = 24;
const PROGRESS_MAX: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn nothing_answered_is_lost_when_a_server_and_then_the_primary_is_killed() {
    let times: usize = std::env::var(FAILOVERS).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for time in 1..=times {
        fail_over(time).await;
    }
}

async fn fail_over(time: usize) {
    let primary = Postgres::primary("127.0.0.1");
    let standby = primary.standby();
    let office = PostOffice::open().await;
    let data = tempfile::tempdir().unwrap();
    let setup = setup(&Postgres::url(&[&primary, &standby]))
        .with("MINBIL_AUTH_MAIL__SMTP_URL", format!("smtp://127.0.0.1:{}?tls=none", office.port))
        .with("MINBIL_AUTH_MAIL__RETRY_BASE_SECONDS", 1)
        .with("MINBIL_AUTH_MAIL__DELIVERY_TIMEOUT_SECONDS", 2);
    let mut servers = Vec::new();
    for number in 0..3 {
        servers.push(ServerProcess::start(&data.path().join(number.to_string()), &setup).await);
    }
    let bases: Vec<_> = servers.iter().map(|server| server.base.clone()).collect();
    let (service, ledger) = (Arc::new(Service::default()), Arc::new(Ledger::default()));
    let (office, stop) = (Arc::new(office), CancellationToken::new());
    let mut drivers = JoinSet::new();
    for number in 0..CLIENTS {
        let driver = Driver {
            client: Client::new(&bases, number, &service),
            ledger: Arc::clone(&ledger),
            office: Arc::clone(&office),
            stop: stop.clone(),
            number,
        };
        drivers.spawn(driver.run());
    }
    progress(&ledger, &mut drivers).await;
    servers.remove(0).kill();
    progress(&ledger, &mut drivers).await;
    primary.kill();
    let killed = Instant::now();
    standby.promote();
    progress(&ledger, &mut drivers).await;
    let took = killed.elapsed();
    stop.cancel();
    drivers.join_all().await;
    let mut client = Client::new(&bases[1..], 0, &service);
    let (failed, silence) = service.report();
    let held = ledger.check(&mut client).await;
    println!(
        "proof: failover {time}: {held}: all true; {failed} requests failed, nobody was answered for {:.1} s, \
         {PROGRESS} things were done {:.1} s after the kill",
        silence.as_secs_f64(),
        took.as_secs_f64()
    );
}

/// Waits until the clients got on.
async fn progress(ledger: &Ledger, drivers: &mut JoinSet<()>) {
    let (target, begun) = (ledger.len() + PROGRESS, Instant::now());
    while ledger.len() < target {
        assert!(begun.elapsed() < PROGRESS_MAX, "the clients do not get on");
        // A client that failed an assertion says so at once.
        if let Some(ended) = drivers.try_join_next() {
            ended.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Does one thing after another, and comes again when it got no answer, as a client of the platform does.
struct Driver {
    client: Client,
    ledger: Arc<Ledger>,
    office: Arc<PostOffice>,
    stop: CancellationToken,
    number: usize,
}

impl Driver {
    async fn run(mut self) {
        for round in 0.. {
            if self.stop.is_cancelled() {
                return;
            }
            let email = format!("driver-{}-{round}@example.com", self.number);
            let password = format!("password {round} of {}", self.number);
            self.client.sign_up(&email, &password).await;
            let token = self.client.sign_in(&email, &password).await;
            match (self.number + round) % 3 {
                0 => self.keep_refreshing(token).await,
                1 => self.leave(token).await,
                _ => self.reset(&email, &password, token).await,
            }
            if (self.number + round) % 3 != 2 {
                self.ledger.record(Fact::SignedUp { email, password });
            }
        }
    }

    async fn keep_refreshing(&mut self, mut token: String) {
        let mut spent = token.clone();
        for _ in 0..6 {
            spent = std::mem::take(&mut token);
            token = self.client.refresh(&spent).await;
        }
        self.ledger.record(Fact::Rotated { spent, current: token });
    }

    async fn leave(&mut self, token: String) {
        let token = self.client.refresh(&token).await;
        let answer = self.client.post("sign-out", &json!({ "refresh_token": token })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.ledger.record(Fact::SignedOut { token });
    }

    async fn reset(&mut self, email: &str, old: &str, session: String) {
        let answer = self.client.post("forgot-password", &json!({ "email": email })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let begun = Instant::now();
        let mailed = loop {
            if let Some(token) = self.office.token(email) {
                break token;
            }
            assert!(begun.elapsed() < PROGRESS_MAX, "an accepted mail never arrived");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let new = format!("{old}, reset");
        let answer = self.client.post("reset-password", &json!({ "token": mailed, "password": new })).await;
        // A reset that was done, unanswered, before finds its link used; a second mail may have carried another.
        assert!(matches!(answer.status, 200 | 400 | 401), "{answer:?}");
        let (email, old) = (email.to_owned(), old.to_owned());
        self.ledger.record(Fact::Reset { email, old, new, session });
    }
}
