//! TLS and signing in: nothing goes out in the clear, and nothing to a server that is not the right one.

use crate::sink::{Act, Script, Sink, Stage, Tls};
use crate::{TOKEN, mailer, outgoing, patient};
use app::ports::mailer::{Delivery, Mailer};
use minbil_auth_mail::{SmtpMailer, SmtpOptions, SmtpSetupError};
use std::collections::HashMap;
use std::sync::Arc;
use tempfile::TempDir;

/// Options that trust the sink's certificate.
fn trusting(sink: &Sink, url: &str, directory: &TempDir) -> SmtpOptions {
    let ca_file = directory.path().join("ca.pem");
    std::fs::write(&ca_file, &sink.certificate).unwrap();
    patient(url).with_ca_file(Some(ca_file))
}

fn starttls_url(sink: &Sink, account: &str) -> String {
    format!("smtp://{account}127.0.0.1:{}?tls=required", sink.port)
}

fn retry(reason: &str) -> Delivery {
    Delivery::Failed { is_permanent: false, may_have_reached_data: false, reason: reason.to_owned() }
}

/// No sender, no recipient, no password, no text.
fn assert_nothing_was_told(sink: &Sink) {
    let heard = sink.heard();
    assert!(heard.connections > 0);
    let is_told = |line: &String| ["MAIL", "RCPT", "DATA", "AUTH"].iter().any(|verb| line.starts_with(verb));
    assert!(!heard.commands.iter().any(is_told), "{:?}", heard.commands);
    assert!(heard.texts.is_empty());
}

#[tokio::test]
async fn a_mail_goes_out_over_starttls_and_over_implicit_tls() {
    for (tls, scheme, query) in [(Tls::Starttls, "smtp", "?tls=required"), (Tls::Implicit, "smtps", "")] {
        for host in ["127.0.0.1", "localhost"] {
            let sink = Sink::start(Script { tls, ..Script::default() }).await;
            let directory = TempDir::new().unwrap();
            let options = trusting(&sink, &format!("{scheme}://{host}:{}{query}", sink.port), &directory);
            assert_eq!(
                mailer(options).deliver(&outgoing(1, TOKEN)).await,
                Delivery::Accepted,
                "{scheme} {host}"
            );
            assert_eq!(sink.heard().texts.len(), 1);
        }
    }
}

#[tokio::test]
async fn asvs_12_3_1_a_server_without_starttls_is_told_nothing() {
    let sink = Sink::start(Script { account: Some(("user", "password")), ..Script::default() }).await;
    let outcome = mailer(patient(&starttls_url(&sink, "user:password@"))).deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(outcome, retry("STARTTLS: not offered by the mail server"));
    assert_nothing_was_told(&sink);
}

#[tokio::test]
async fn a_refused_starttls_is_no_reason_to_go_on_in_the_clear() {
    for act in [Act::Say("454 4.7.0 not now\r\n"), Act::HangUp] {
        let acts = HashMap::from([(Stage::Starttls, act)]);
        let sink = Sink::start(Script { tls: Tls::Starttls, acts, ..Script::default() }).await;
        let outcome =
            mailer(patient(&starttls_url(&sink, "user:password@"))).deliver(&outgoing(1, TOKEN)).await;
        assert!(matches!(outcome, Delivery::Failed { may_have_reached_data: false, .. }), "{outcome:?}");
        assert_nothing_was_told(&sink);
    }
}

#[tokio::test]
async fn cve_2026_46428_a_certificate_for_another_name_is_told_nothing() {
    let certified = vec!["mail.example.com".to_owned()];
    for (tls, stage) in [(Tls::Starttls, "STARTTLS"), (Tls::Implicit, "connect")] {
        let sink = Sink::start(Script { tls, certified: certified.clone(), ..Script::default() }).await;
        let directory = TempDir::new().unwrap();
        let url = match tls {
            Tls::Implicit => format!("smtps://u:p@127.0.0.1:{}", sink.port),
            Tls::Starttls | Tls::None => starttls_url(&sink, "u:p@"),
        };
        let outcome = mailer(trusting(&sink, &url, &directory)).deliver(&outgoing(1, TOKEN)).await;
        assert_eq!(outcome, retry(&format!("{stage}: the certificate is for another host name")));
        assert_nothing_was_told(&sink);
    }
}

#[tokio::test]
async fn asvs_12_3_2_a_certificate_of_no_known_authority_is_told_nothing() {
    let sink = Sink::start(Script { tls: Tls::Starttls, ..Script::default() }).await;
    let outcome = mailer(patient(&starttls_url(&sink, "u:p@"))).deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(outcome, retry("STARTTLS: the certificate is signed by no known authority"));
    assert_nothing_was_told(&sink);
}

#[tokio::test]
async fn replies_put_in_front_of_the_handshake_are_never_taken_for_the_servers() {
    // Somebody on the wire adds answers to plain text, in the hope that they are read as if from inside TLS:
    // behind the answer to STARTTLS, and behind that to EHLO.
    const BEHIND_STARTTLS: Act = Act::Say("220 go ahead\r\n250 forged\r\n250 forged\r\n");
    const BEHIND_EHLO: Act = Act::Say("250-sink.example\r\n250 STARTTLS\r\n220 go ahead\r\n250 forged\r\n");
    for (stage, act) in [(Stage::Starttls, BEHIND_STARTTLS), (Stage::Ehlo, BEHIND_EHLO)] {
        let acts = HashMap::from([(stage, act)]);
        let sink = Sink::start(Script { tls: Tls::Starttls, acts, ..Script::default() }).await;
        let directory = TempDir::new().unwrap();
        let options = trusting(&sink, &starttls_url(&sink, ""), &directory);
        let outcome = mailer(options).deliver(&outgoing(1, TOKEN)).await;
        assert_eq!(outcome, retry("STARTTLS: the TLS handshake failed"), "{stage:?}");
        assert_nothing_was_told(&sink);
    }
}

#[tokio::test]
async fn the_account_is_used_inside_tls_and_on_this_machine() {
    let account = Some(("user@x.no", "p/a%ss"));
    let sink = Sink::start(Script { tls: Tls::Starttls, account, ..Script::default() }).await;
    let directory = TempDir::new().unwrap();
    let options = trusting(&sink, &starttls_url(&sink, "user%40x.no:p%2Fa%25ss@"), &directory);
    assert_eq!(mailer(options).deliver(&outgoing(1, TOKEN)).await, Delivery::Accepted);
    let verbs: Vec<_> = sink.heard().commands.iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(verbs, ["EHLO", "STAR", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]);

    let sink = Sink::start(Script { account, ..Script::default() }).await;
    let options = patient(&format!("smtp://user%40x.no:p%2Fa%25ss@127.0.0.1:{}", sink.port));
    assert_eq!(mailer(options).deliver(&outgoing(1, TOKEN)).await, Delivery::Accepted);
}

#[tokio::test]
async fn bad_credentials_hold_the_mail_back_and_do_not_end_it() {
    let sink = Sink::start(Script { account: Some(("user", "right")), ..Script::default() }).await;
    let options = patient(&format!("smtp://user:wrong@127.0.0.1:{}", sink.port));
    assert_eq!(mailer(options).deliver(&outgoing(1, TOKEN)).await, retry("AUTH refused: 535 5.7.8"));
    assert!(!sink.heard().commands.iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn credentials_for_a_server_that_does_not_ask_for_any_are_not_sent() {
    let sink = Sink::start(Script::default()).await;
    let options = patient(&format!("smtp://user:password@127.0.0.1:{}", sink.port));
    let outcome = mailer(options).deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(outcome, retry("AUTH: neither PLAIN nor LOGIN is offered"));
    assert_nothing_was_told(&sink);
}

#[test]
fn a_file_without_certificates_stops_the_start_and_is_named() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ca.pem");
    let set_up = || {
        let options = patient("smtps://mail.example.com").with_ca_file(Some(path.clone()));
        SmtpMailer::new(options, Arc::new(crate::StoppedClock)).err().unwrap()
    };
    assert!(matches!(set_up(), SmtpSetupError::UnreadableCaFile { path: named, .. } if named == path));
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(set_up(), SmtpSetupError::InvalidCaFile(named) if named == path), "{text:?}");
    }
}
