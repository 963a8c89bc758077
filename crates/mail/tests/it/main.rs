//! The mail crate from outside: what the mails say, and how deliveries go against a real socket.
#![expect(clippy::unwrap_used, reason = "a failed expectation fails the test")]

mod decode;
mod delivery;
mod encryption;
mod inbox;
mod messages;
#[path = "../sink/mod.rs"]
mod sink;
mod templates;

use app::ports::clock::Clock;
use app::ports::mailer::OutgoingMail;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use minbil_auth_mail::{SmtpMailer, SmtpOptions, SmtpTimeLimits};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// 2026-02-03T15:31:45Z, always.
pub(crate) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_secs(1_770_132_705)
    }
}

pub(crate) const SENDER: &str = "Minbil <no-reply@minbil.example>";
pub(crate) const TOKEN: &str = "seeded-secret-token";

/// Long enough for a busy machine; a test that waits for one of these uses a short one instead.
const PATIENT: SmtpTimeLimits = SmtpTimeLimits {
    connect: Duration::from_secs(60),
    command: Duration::from_secs(60),
    delivery: Duration::from_secs(120),
};

pub(crate) fn patient(url: &str) -> SmtpOptions {
    SmtpOptions::parse(url, SENDER).unwrap().with_time_limits(PATIENT)
}

pub(crate) fn mailer(options: SmtpOptions) -> SmtpMailer {
    SmtpMailer::new(options, Arc::new(StoppedClock)).unwrap()
}

pub(crate) fn order(number: u128) -> OutboxId {
    OutboxId::new(Uuid::from_u128(number))
}

pub(crate) fn owner() -> EmailAddress {
    EmailAddress::parse("owner@example.com").unwrap()
}

pub(crate) fn outgoing(number: u128, text: &str) -> OutgoingMail {
    OutgoingMail {
        id: order(number),
        to: owner(),
        subject: "Velg nytt passord på blåbær.no".to_owned(),
        text: SecretText::new(text.to_owned()),
        html: SecretText::new(format!("<p>{text}</p>")),
    }
}
