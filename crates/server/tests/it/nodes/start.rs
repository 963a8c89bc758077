//! What the built binary says about a database that it cannot use.

use super::schema::{Schema, server, setup};
use crate::process::{Ran, run_with};

/// What a command says; never the password.
fn said(url: &str) -> Ran {
    let data = tempfile::tempdir().unwrap();
    let ran = run_with(data.path(), &setup(url), &["migrate"], "");
    assert!(!ran.err.contains("topsecret") && !ran.out.contains("topsecret"), "{ran:?}");
    ran
}

/// The server's address with a password that is not the right one.
fn wrong_password() -> String {
    let url = server();
    let rest = url.split_once("://").unwrap().1;
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("postgres://nobody:topsecret-and-wrong@{place}")
}

#[tokio::test]
#[ignore = "several servers on PostgreSQL: cargo xtask test --only postgres"]
async fn each_thing_that_is_wrong_is_one_clear_line() {
    let schema = Schema::new().await;
    assert!(said(&schema.url).is_success);
    let nobody = crate::process::free_port();
    let read_only = schema.url.replace("options=", "options=-c%20default_transaction_read_only%3Don%20");
    for (url, says) in [
        (
            format!("postgres://postgres:topsecret@127.0.0.1:{nobody}/postgres"),
            "cannot connect to the database",
        ),
        (wrong_password(), "28P01"),
        (read_only, "the database is read-only"),
        (format!("{}&sslmode=prefer", schema.url), "sslmode is verify-full"),
    ] {
        let ran = said(&url);
        assert!(!ran.is_success && ran.err.contains(says) && ran.err.lines().count() == 1, "{says}: {ran:?}");
    }
    let newer = "INSERT INTO schema_history VALUES (1000, 'a contracting one', 1000, now())";
    schema.plain().await.batch_execute(newer).await.unwrap();
    let ran = said(&schema.url);
    assert!(!ran.is_success && ran.err.contains("is newer than this program"), "{ran:?}");
    schema.discard().await;
}
