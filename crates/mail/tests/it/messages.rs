//! What arrives at the mail server, read like a mail client reads it.

use crate::decode::{Decoded, words};
use crate::sink::{Script, Sink};
use crate::{mailer, outgoing, patient};
use app::ports::mailer::{Delivery, Mailer, OutgoingMail};
use minbil_auth_mail::message_id;

async fn received(mail: &OutgoingMail) -> String {
    let sink = Sink::start(Script::default()).await;
    let outcome = mailer(patient(&format!("smtp://127.0.0.1:{}", sink.port))).deliver(mail).await;
    assert_eq!(outcome, Delivery::Accepted);
    let heard = sink.heard();
    assert_eq!(heard.texts.len(), 1);
    heard.texts[0].clone()
}

#[tokio::test]
async fn the_headers_name_one_recipient_a_stable_id_and_an_automatic_sender() {
    let mail = outgoing(42, "Hei");
    let message = Decoded::of(&received(&mail).await);
    assert_eq!(message.header("message-id"), format!("<{}>", message_id(mail.id, "minbil.example")));
    assert_eq!(message.header("message-id"), "<00000000-0000-0000-0000-00000000002a@minbil.example>");
    assert_eq!(message.header("from"), "Minbil <no-reply@minbil.example>");
    assert_eq!(message.header("to"), "owner@example.com");
    assert_eq!(message.header("date"), "Tue, 03 Feb 2026 15:31:45 +0000");
    assert_eq!(message.header("auto-submitted"), "auto-generated");
    assert_eq!(message.header("mime-version"), "1.0");
    assert_eq!(words(&message.header("subject")), mail.subject);
    let mut names = message.header_names();
    names.sort_unstable();
    let expected =
        ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_long_link_arrives_whole_in_both_parts() {
    let link =
        format!("https://platform.minbil.no/reset-password#token={}=={}", "aB3_-".repeat(60), "=3D=\"".len());
    let message = received(&outgoing(1, &format!("Åpne lenken:\n\n{link}\n\nHilsen oss"))).await;
    assert!(message.is_ascii());
    assert!(message.split("\r\n").all(|line| line.len() <= 78));
    let message = Decoded::of(&message);
    assert_eq!(message.text.trim_end(), format!("Åpne lenken:\n\n{link}\n\nHilsen oss"));
    assert!(message.html.contains(&link));
}

#[tokio::test]
async fn cve_2021_38189_a_line_of_a_single_dot_does_not_end_the_text() {
    let text = ".\n..\n.a\nMAIL FROM:<x@example.com>\n.\n";
    let sink = Sink::start(Script::default()).await;
    let mailer = mailer(patient(&format!("smtp://127.0.0.1:{}", sink.port)));
    assert_eq!(mailer.deliver(&outgoing(1, text)).await, Delivery::Accepted);
    let heard = sink.heard();
    assert_eq!(Decoded::of(&heard.texts[0]).text.trim_end(), text.trim_end());
    let verbs: Vec<_> = heard.commands.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn asvs_1_3_11_a_line_break_in_the_subject_reaches_no_server() {
    let sink = Sink::start(Script::default()).await;
    let mut mail = outgoing(1, "text");
    mail.subject = "Hei\r\nBcc: other@example.com".to_owned();
    let outcome = mailer(patient(&format!("smtp://127.0.0.1:{}", sink.port))).deliver(&mail).await;
    let reason = "message: the subject holds a control character".to_owned();
    assert_eq!(outcome, Delivery::Failed { is_permanent: true, may_have_reached_data: false, reason });
    assert_eq!(sink.heard().connections, 0);
}
