//! Whether mail leaves: as far as a delivery goes before it names a recipient, and one mail on order.

use super::finding::Finding;
use crate::config::settings::{MailRoute, Settings};
use crate::outside::Outside;
use crate::wire;
use app::ports::clock::new_uuid;
use app::ports::mailer::{Delivery, Mailer as _, OutgoingMail};
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::secret::SecretText;

const CHECK: &str = "mail";

/// Talks to the mail server.
pub(super) async fn examine(
    settings: &Settings,
    outside: &Outside,
    to: Option<&EmailAddress>,
) -> Vec<Finding> {
    let url = match &settings.mail {
        MailRoute::Smtp(url) => url,
        MailRoute::Caught => return vec![Finding::ok(CHECK, "development: mail is caught at /dev/inbox")],
    };
    let mailer = match wire::smtp_mailer(settings, url, &outside.clock) {
        Ok(mailer) => mailer,
        Err(error) => return vec![Finding::wrong(CHECK, format!("{error:#}"), "see `config check`")],
    };
    if let Err(reason) = mailer.check().await {
        return vec![refused(&reason)];
    }
    let from = &settings.written.mail.from;
    let mut findings =
        vec![Finding::ok(CHECK, format!("the mail server lets us in and takes {from} as the sender"))];
    if let Some(to) = to {
        let id = OutboxId::new(new_uuid(outside.clock.now(), outside.entropy.as_ref()));
        findings.push(delivered(&mailer.deliver(&letter(settings, id, to)).await));
    }
    mailer.close().await;
    findings
}

/// The stage stands in front of the reason.
fn refused(reason: &str) -> Finding {
    let remedy = match reason.split(':').next().unwrap_or_default() {
        "connect" | "greeting" => {
            "check host and port of mail.smtp_url, and that a firewall lets this machine out"
        }
        "STARTTLS" => {
            "smtp:// needs a server that offers STARTTLS, smtps:// one that starts with TLS; a private authority goes into mail.ca_file"
        }
        "AUTH" => "check user and password in mail.smtp_url",
        "MAIL" => "the mail server does not take mail.from as a sender from this account",
        _ => "check mail.smtp_url",
    };
    Finding::wrong(CHECK, format!("no mail leaves: {reason}"), remedy)
}

fn letter(settings: &Settings, id: OutboxId, to: &EmailAddress) -> OutgoingMail {
    let base = &settings.base_url;
    let text = format!("This mail was ordered by the operator of {base}, to see whether mail arrives.\n");
    OutgoingMail {
        id,
        to: to.clone(),
        subject: format!("{}: mail arrives", settings.written.mail.product_name),
        html: SecretText::new(format!("<p>{}</p>", text.trim_end())),
        text: SecretText::new(text),
    }
}

fn delivered(delivery: &Delivery) -> Finding {
    match delivery {
        Delivery::Accepted => {
            Finding::ok(CHECK, "the mail server took the mail; look whether it arrived, and where")
        }
        Delivery::Failed { reason, .. } => {
            Finding::wrong(CHECK, format!("the mail was not taken: {reason}"), "ask who runs the mail server")
        }
    }
}
