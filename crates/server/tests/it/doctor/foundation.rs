//! What the server stands on: mail server, database, root key, configuration.

use super::{Deployment, Report, examined, new_root_key, production};
use crate::process::{ServerSetup, free_port};
use std::path::Path;

/// Examines without a server: nothing answers at the port.
async fn alone(data: &Path, setup: &ServerSetup) -> Report {
    let url = format!("http://127.0.0.1:{}", free_port());
    Report::of(&examined(data, setup, &["--url", &url]).await)
}

#[tokio::test]
async fn a_place_where_nothing_ran_yet_is_told_of_and_stays_empty() {
    let data = tempfile::tempdir().unwrap();
    let report = alone(data.path(), &ServerSetup::default()).await;
    report.says("database", "warning", "there is no");
    report.says("root key", "warning", "there is no");
    report.says("reach", "wrong", "does not answer");
    report.says(
        "disk",
        if report.shown.contains("\"disk\",\n      \"verdict\": \"ok\"") { "ok" } else { "warning" },
        "MiB",
    );
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "the doctor makes nothing");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_a_finding() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default().with("MINBIL_AUTH_MODE", "live");
    let report = Report::of(&examined(data.path(), &setup, &[]).await);
    report.says("config", "wrong", "mode = \"live\"");
}

#[tokio::test]
async fn the_mail_server_is_asked_as_far_as_a_delivery_goes() {
    let deployment = Deployment::with(&[]).await;
    let port = deployment.server.port;
    deployment.examine(port).await.says("mail", "ok", "takes");
    assert!(deployment.sink.recipients().is_empty(), "no mail goes out unless one is ordered");
    let report = deployment.examine_with(port, &deployment.setup, &["--mail-to", "owner@example.com"]).await;
    report.says("mail", "ok", "took the mail");
    assert!(deployment.sink.recipients().contains("owner@example.com"));
    let mail = |url: String| deployment.setup.clone().with("MINBIL_AUTH_MAIL__SMTP_URL", url);
    let (sink, closed) = (deployment.sink.port, free_port());
    for (url, says) in [
        (format!("smtp://127.0.0.1:{closed}?tls=none"), "no mail leaves: connect"),
        (format!("smtp://127.0.0.1:{sink}?tls=required"), "no mail leaves: STARTTLS"),
        (format!("smtp://user:password@127.0.0.1:{sink}?tls=none"), "no mail leaves: AUTH"),
    ] {
        deployment.examine_with(port, &mail(url), &[]).await.says("mail", "wrong", says);
    }
}

#[tokio::test]
async fn another_root_key_is_found_before_the_server_is_restarted_with_it() {
    let deployment = Deployment::with(&[]).await;
    let other = deployment.setup.clone().with("MINBIL_AUTH_ROOT_KEY", new_root_key());
    let report = deployment.examine_with(deployment.server.port, &other, &[]).await;
    report.says("root key", "wrong", "root key 1 is not the key this database was made with");
    report.says("probe", "wrong", "is not the server of this configuration");
}

#[tokio::test]
async fn a_server_of_another_configuration_is_found() {
    let deployment = Deployment::with(&[]).await;
    let other = deployment.setup.clone().with("MINBIL_AUTH_BASE_URL", "https://other.example.com");
    let report = deployment.examine_with(deployment.server.port, &other, &[]).await;
    report.says("probe", "wrong", "the server's base_url is https://api.example.com");
}

#[tokio::test]
async fn limits_that_are_off_are_told_of() {
    let setup = production(free_port()).with("MINBIL_AUTH_LIMITS__ENABLED", "false");
    let data = tempfile::tempdir().unwrap();
    alone(data.path(), &setup).await.says("limits", "wrong", "limits.enabled = false");
}

#[tokio::test]
async fn a_database_that_is_damaged_or_none_is_found_and_not_touched() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("minbil-auth.db");
    std::fs::write(&file, "not a database, but long enough to be looked at as one ".repeat(100)).unwrap();
    let setup = production(free_port());
    alone(data.path(), &setup).await.says("database", "wrong", "cannot be read");
    std::fs::remove_file(&file).unwrap();
    assert!(crate::process::run_with(data.path(), &setup, &["migrate"], "").is_success);
    alone(data.path(), &setup).await.says("database", "ok", "is whole");
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 4096;
    bytes[4096..last].fill(0xa5);
    std::fs::write(&file, &bytes).unwrap();
    alone(data.path(), &setup).await.says("database", "wrong", "");
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "it is as it was");
}

#[tokio::test]
async fn a_lost_root_key_file_is_found_before_the_server_makes_another() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default();
    assert!(crate::process::run_with(data.path(), &setup, &["migrate"], "").is_success);
    alone(data.path(), &setup).await.says("root key", "ok", "it is the one");
    std::fs::remove_file(data.path().join("root.key")).unwrap();
    alone(data.path(), &setup).await.says("root key", "wrong", "the database was made with one");
    assert!(!data.path().join("root.key").exists());
}
