//! What becomes of a delivery when the mail server refuses, stalls or goes away.

use crate::sink::{Act, Script, Sink, Stage};
use crate::{TOKEN, mailer, outgoing, patient};
use app::ports::mailer::{Delivery, Mailer};
use minbil_auth_mail::{SmtpMailer, SmtpTimeLimits};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;

fn mailer_for(sink: &Sink) -> SmtpMailer {
    mailer(patient(&format!("smtp://127.0.0.1:{}", sink.port)))
}

async fn outcome_of(script: Script) -> (Delivery, Sink) {
    let sink = Sink::start(script).await;
    let outcome = mailer_for(&sink).deliver(&outgoing(1, TOKEN)).await;
    (outcome, sink)
}

fn failed(is_permanent: bool, may_have_reached_data: bool, reason: &str) -> Delivery {
    Delivery::Failed { is_permanent, may_have_reached_data, reason: reason.to_owned() }
}

fn verbs(sink: &Sink) -> Vec<String> {
    sink.heard().commands.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_accepted_mail_has_one_sender_one_recipient_and_one_text() {
    let (outcome, sink) = outcome_of(Script::default()).await;
    assert_eq!(outcome, Delivery::Accepted);
    let heard = sink.heard();
    assert_eq!(
        heard.commands[1..],
        ["MAIL FROM:<no-reply@minbil.example>", "RCPT TO:<owner@example.com>", "DATA"]
    );
    assert_eq!(heard.texts.len(), 1);
}

#[tokio::test]
async fn a_refusal_tells_its_stage_and_whether_to_try_again() {
    // The server repeats the address and the token; neither may get into a reason.
    const SOFT: Act = Act::Say("450-4.2.1 <owner@example.com>\r\n450 4.2.1 seeded-secret-token\r\n");
    const HARD: Act = Act::Say("550 5.1.1 <owner@example.com> seeded-secret-token\r\n");
    for (stage, act, expected) in [
        (Stage::Greeting, SOFT, failed(false, false, "greeting refused: 450 4.2.1")),
        (Stage::Greeting, HARD, failed(false, false, "greeting refused: 550 5.1.1")),
        (Stage::Ehlo, HARD, failed(false, false, "greeting refused: 550 5.1.1")),
        (Stage::Mail, SOFT, failed(false, false, "MAIL refused: 450 4.2.1")),
        (Stage::Mail, HARD, failed(true, false, "MAIL refused: 550 5.1.1")),
        (Stage::Rcpt, SOFT, failed(false, false, "RCPT refused: 450 4.2.1")),
        (Stage::Rcpt, HARD, failed(true, false, "RCPT refused: 550 5.1.1")),
        (Stage::Data, SOFT, failed(false, false, "DATA refused: 450 4.2.1")),
        (Stage::Data, HARD, failed(true, false, "DATA refused: 550 5.1.1")),
        (Stage::Text, SOFT, failed(false, true, "text refused: 450 4.2.1")),
        (Stage::Text, HARD, failed(true, true, "text refused: 550 5.1.1")),
        (Stage::Mail, Act::Say("530 Authentication required\r\n"), failed(false, false, "MAIL refused: 530")),
    ] {
        let (outcome, sink) = outcome_of(Script::at(stage, act)).await;
        assert_eq!(outcome, expected, "{stage:?} {act:?}");
        assert_eq!(sink.heard().texts.len(), usize::from(stage == Stage::Text), "{stage:?} {act:?}");
    }
}

#[tokio::test]
async fn an_answer_out_of_turn_is_never_taken_for_a_yes() {
    for (stage, act, expected) in [
        (Stage::Data, Act::Say("250 ok\r\n"), failed(false, false, "DATA: unexpected answer 250")),
        (Stage::Rcpt, Act::Say("354 go\r\n"), failed(false, false, "RCPT: unexpected answer 354")),
        (Stage::Text, Act::Say("354 go\r\n"), failed(false, true, "text: unexpected answer 354")),
    ] {
        let (outcome, _) = outcome_of(Script::at(stage, act)).await;
        assert_eq!(outcome, expected, "{stage:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_may_have_the_text_only_after_the_354() {
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Text] {
        let (outcome, _) = outcome_of(Script::at(stage, Act::HangUp)).await;
        let Delivery::Failed { is_permanent, may_have_reached_data, reason } = outcome else {
            panic!("accepted at {stage:?}");
        };
        assert!(!is_permanent, "{stage:?}: {reason}");
        assert_eq!(may_have_reached_data, stage == Stage::Text, "{stage:?}: {reason}");
    }
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up_in_time_with_the_right_flag() {
    let mut talks = JoinSet::new();
    for (stage, reason) in [
        (Stage::Greeting, "greeting: timed out"),
        (Stage::Ehlo, "greeting: timed out"),
        (Stage::Mail, "MAIL: timed out"),
        (Stage::Rcpt, "RCPT: timed out"),
        (Stage::Data, "DATA: timed out"),
        (Stage::Text, "text: timed out"),
    ] {
        talks.spawn(async move {
            let sink = Sink::start(Script::at(stage, Act::Stall)).await;
            let limits = SmtpTimeLimits {
                connect: Duration::from_secs(60),
                command: if stage == Stage::Text { Duration::from_secs(60) } else { Duration::from_secs(2) },
                delivery: if stage == Stage::Text { Duration::from_secs(3) } else { Duration::from_secs(60) },
            };
            let options = patient(&format!("smtp://127.0.0.1:{}", sink.port)).with_time_limits(limits);
            let outcome = mailer(options).deliver(&outgoing(1, TOKEN)).await;
            assert_eq!(outcome, failed(false, stage == Stage::Text, reason), "{stage:?}");
        });
    }
    talks.join_all().await;
}

#[tokio::test]
async fn the_whole_delivery_has_an_end_of_its_own() {
    let sink = Sink::start(Script::at(Stage::Mail, Act::Stall)).await;
    let limits = SmtpTimeLimits {
        connect: Duration::from_secs(600),
        command: Duration::from_secs(600),
        delivery: Duration::from_secs(2),
    };
    let options = patient(&format!("smtp://127.0.0.1:{}", sink.port)).with_time_limits(limits);
    let outcome = mailer(options).deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(outcome, failed(false, false, "MAIL: timed out"));
}

#[tokio::test]
async fn nobody_at_the_port_is_a_reason_to_try_again() {
    let sink = Sink::start(Script::default()).await;
    let port = sink.port;
    drop(sink);
    // The listener is gone when the port refuses; aborting its task may take a moment.
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let outcome = mailer(patient(&format!("smtp://127.0.0.1:{port}"))).deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(outcome, failed(false, false, "connect: connection refused"));
}

#[tokio::test]
async fn two_mails_share_a_connection_and_a_refused_one_does_not_end_it() {
    let sink = Sink::start(Script::at(Stage::Rcpt, Act::Say("550 5.1.1 no\r\n"))).await;
    let mailer = mailer_for(&sink);
    for number in [1, 2] {
        let outcome = mailer.deliver(&outgoing(number, TOKEN)).await;
        assert_eq!(outcome, failed(true, false, "RCPT refused: 550 5.1.1"));
    }
    assert_eq!(verbs(&sink), ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT"]);
    assert_eq!(sink.heard().connections, 1);
}

#[tokio::test]
async fn a_kept_connection_that_broke_is_replaced_once() {
    for (stage, act) in [
        (Stage::Rset, Act::HangUp),
        (Stage::Rset, Act::Say("421 4.4.2 too long\r\n")),
        (Stage::Rset, Act::Say("500 what?\r\n")),
    ] {
        let script = Script { later: Some(HashMap::new()), ..Script::at(stage, act) };
        let sink = Sink::start(script).await;
        let mailer = mailer_for(&sink);
        for number in [1, 2] {
            assert_eq!(mailer.deliver(&outgoing(number, TOKEN)).await, Delivery::Accepted, "{act:?}");
        }
        let heard = sink.heard();
        assert_eq!((heard.connections, heard.texts.len()), (2, 2), "{act:?}");
    }
}

#[tokio::test]
async fn a_failure_on_a_fresh_connection_is_not_repeated() {
    let (outcome, sink) = outcome_of(Script::at(Stage::Mail, Act::HangUp)).await;
    assert!(matches!(outcome, Delivery::Failed { may_have_reached_data: false, .. }));
    assert_eq!(sink.heard().connections, 1);
}

#[tokio::test]
async fn a_connection_that_is_out_of_step_is_not_kept() {
    let script = Script { later: Some(HashMap::new()), ..Script::at(Stage::Text, Act::Say("421 bye\r\n")) };
    let sink = Sink::start(script).await;
    let mailer = mailer_for(&sink);
    let first = mailer.deliver(&outgoing(1, TOKEN)).await;
    assert_eq!(first, failed(false, true, "text refused: 421"));
    assert_eq!(mailer.deliver(&outgoing(1, TOKEN)).await, Delivery::Accepted);
    assert_eq!(sink.heard().connections, 2);
    assert!(!verbs(&sink).contains(&"RSET".to_owned()));
}

#[tokio::test]
async fn a_mailer_that_keeps_nothing_opens_a_connection_for_each_mail() {
    let sink = Sink::start(Script::default()).await;
    let url = format!("smtp://127.0.0.1:{}", sink.port);
    let mailer = mailer(patient(&url).with_reuse_for(Duration::ZERO));
    for number in [1, 2] {
        assert_eq!(mailer.deliver(&outgoing(number, TOKEN)).await, Delivery::Accepted);
    }
    assert_eq!(sink.heard().connections, 2);
}

#[tokio::test]
async fn closing_says_goodbye_on_the_kept_connection() {
    let sink = Sink::start(Script::default()).await;
    let mailer = mailer_for(&sink);
    assert_eq!(mailer.deliver(&outgoing(1, TOKEN)).await, Delivery::Accepted);
    mailer.close().await;
    assert_eq!(verbs(&sink).last().map(String::as_str), Some("QUIT"));
}
