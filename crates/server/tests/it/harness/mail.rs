//! Mail that the server sent, for the test to read.

use app::ports::mailer::{Delivery, Mailer, OutgoingMail};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Mutex;

/// A mail that arrived.
#[derive(Clone, Debug)]
pub struct Letter {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Letter {
    /// The one reset link in it, which both parts carry.
    pub fn link(&self) -> String {
        let is_end = |c: char| c.is_whitespace() || c == '"' || c == '<';
        let (before, _) =
            self.text.split_once("#token=").unwrap_or_else(|| panic!("no link in {}", self.text));
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let link = self.text[start..].split(is_end).next().unwrap().to_owned();
        assert_eq!(self.text.matches("#token=").count(), 1, "{}", self.text);
        assert!(self.html.contains(&link), "the parts differ: {link} is not in {}", self.html);
        link
    }

    /// The token of the link.
    pub fn token(&self) -> String {
        self.link().split_once("#token=").unwrap().1.to_owned()
    }
}

/// Takes every mail, unless told what to answer instead.
#[derive(Default)]
pub(super) struct CollectedMail {
    arrived: Mutex<Vec<Letter>>,
    answers: Mutex<VecDeque<Delivery>>,
}

impl CollectedMail {
    /// What arrived since the last call.
    pub(super) fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut self.arrived.lock().unwrap())
    }

    /// Answers the next delivery so, whatever it then does with the mail.
    pub(super) fn answer_next(&self, delivery: Delivery) {
        self.answers.lock().unwrap().push_back(delivery);
    }
}

#[async_trait]
impl Mailer for CollectedMail {
    async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Delivery::Accepted);
        let arrives = match &answer {
            Delivery::Accepted => true,
            Delivery::Failed { may_have_reached_data, .. } => *may_have_reached_data,
        };
        if arrives {
            self.arrived.lock().unwrap().push(Letter {
                id: mail.id.to_string(),
                to: mail.to.to_string(),
                subject: mail.subject.clone(),
                text: mail.text.expose().to_owned(),
                html: mail.html.expose().to_owned(),
            });
        }
        answer
    }
}
