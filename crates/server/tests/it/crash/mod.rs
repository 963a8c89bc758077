//! `kill -9` under load, again and again: what was answered is still true after the restart.
//!
//! Ignored in an ordinary `cargo test`; `cargo xtask test` runs a few cycles and `cargo xtask prove` many.

mod client;
mod ledger;
pub mod smtp_sink;

use crate::process::{ServerProcess, ServerSetup};
use client::Driver;
use ledger::Ledger;
use smtp_sink::SmtpSink;
use std::sync::Arc;
use std::time::Duration;

/// How many times the server is killed.
const CYCLES: &str = "MINBIL_AUTH_TEST_CRASH_CYCLES";
/// How many clients drive it.
const CLIENTS: usize = 16;
/// How long the last mails may take after the last restart.
const MAIL_MAX: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask faults, which cargo xtask test and cargo xtask prove run"]
async fn crash_every_answer_is_still_true_after_kill_9() {
    let cycles: usize = std::env::var(CYCLES).ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let data = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start().await;
    let setup = setup(&sink);
    let ledger = Arc::new(Ledger::default());
    for cycle in 0..cycles {
        let server = ServerProcess::start(data.path(), &setup).await;
        ledger.check(&server.base).await;
        let drivers: Vec<_> = (0..CLIENTS)
            .map(|number| Driver::new(&server.base, &ledger, cycle * CLIENTS + number))
            .map(|driver| tokio::spawn(driver.run()))
            .collect();
        // The moment of the kill is spread over the load; no outcome depends on it.
        tokio::time::sleep(Duration::from_millis(150 + (cycle as u64 * 97) % 450)).await;
        server.kill();
        for driver in drivers {
            driver.await.unwrap();
        }
    }
    let server = ServerProcess::start(data.path(), &setup).await;
    ledger.check(&server.base).await;
    ledger.check_mail(&sink, MAIL_MAX).await;
    println!("{cycles} cycles of kill -9: {}", ledger.totals());
    ledger.assert_every_kind_happened();
}

/// Cheap hashing (it is not what is tested), no limits, and a mail server that outlives the crashes.
fn setup(sink: &SmtpSink) -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", 64)
        .with("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", 1)
        .with("MINBIL_AUTH_LIMITS__ENABLED", false)
        .with("MINBIL_AUTH_MAIL__SMTP_URL", format!("smtp://127.0.0.1:{}?tls=none", sink.port))
        .with("MINBIL_AUTH_MAIL__RETRY_BASE_SECONDS", 1)
        .with("MINBIL_AUTH_MAIL__DELIVERY_TIMEOUT_SECONDS", 2)
        .with("MINBIL_AUTH_SESSIONS__REFRESH_GRACE_SECONDS", 600)
        .with("MINBIL_AUTH_LOG__LEVEL", "warn")
}
