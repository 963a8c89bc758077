//! Mail that goes nowhere: kept in memory for the development inbox page, gone with the process.

use crate::message::message_id;
use app::ports::clock::Clock;
use app::ports::mailer::{Delivery, Mailer, OutgoingMail};
use async_trait::async_trait;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many mails are kept; the oldest goes first.
pub const CAUGHT_MAILS_MAX: usize = 200;

/// The domain of the Message-IDs of mails that never leave the machine (RFC 6761 section 6.3).
const DOMAIN: &str = "localhost";

/// A mail that was caught.
#[derive(Clone)]
pub struct CaughtMessage {
    /// The order it comes from.
    pub id: OutboxId,
    /// When it was caught.
    pub at: UnixMillis,
    /// The recipient.
    pub to: EmailAddress,
    /// The subject line.
    pub subject: String,
    /// The plain text part.
    pub text: SecretText,
    /// The HTML part.
    pub html: SecretText,
    /// The Message-ID, without angle brackets.
    pub message_id: String,
}

/// Takes every mail and keeps the last [`CAUGHT_MAILS_MAX`].
pub struct CaughtMail {
    clock: Arc<dyn Clock>,
    messages: Mutex<VecDeque<CaughtMessage>>,
}

impl CaughtMail {
    /// An empty inbox.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, messages: Mutex::new(VecDeque::new()) }
    }

    /// The mails, the newest first.
    pub fn list(&self) -> Vec<CaughtMessage> {
        self.messages().iter().rev().cloned().collect()
    }

    /// The mail of an order, if it is still there.
    pub fn get(&self, id: OutboxId) -> Option<CaughtMessage> {
        self.messages().iter().find(|message| message.id == id).cloned()
    }

    fn messages(&self) -> MutexGuard<'_, VecDeque<CaughtMessage>> {
        // Nothing panics while holding the lock, and a list of mails cannot be left half changed.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for CaughtMail {
    async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let message = CaughtMessage {
            id: mail.id,
            at: self.clock.now(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            message_id: message_id(mail.id, DOMAIN),
        };
        let mut messages = self.messages();
        // A resend of the same order takes the place of the first, as a mailbox does it by Message-ID.
        messages.retain(|known| known.id != message.id);
        messages.push_back(message);
        while messages.len() > CAUGHT_MAILS_MAX {
            messages.pop_front();
        }
        Delivery::Accepted
    }
}
