//! Mail that a test reads: written as plainly as it can be, and collected instead of sent.

use app::fault::Fault;
use app::ports::mailer::{Delivery, MailContent, MailWriter, Mailer, OutgoingMail};
use async_trait::async_trait;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Writes a mail whose subject says what it is and whose text is the reset link, or nothing.
pub struct PlainWriter;

impl MailWriter for PlainWriter {
    fn write(
        &self,
        namespace: &NamespaceName,
        locale: Locale,
        id: OutboxId,
        to: &EmailAddress,
        content: &MailContent,
    ) -> Result<OutgoingMail, Fault> {
        let (about, text) = match content {
            MailContent::PasswordReset { link, .. } => ("password_reset", link.clone()),
            MailContent::VerifyEmail { link, .. } => ("verify_email", link.clone()),
            MailContent::SignUpTaken { page } => ("sign_up_taken", SecretText::new(page.to_string())),
            MailContent::Notice(notice) => (notice.name(), SecretText::new(String::new())),
            MailContent::SignIn { notice, .. } => (notice.name(), SecretText::new(String::new())),
        };
        let subject = format!("{about} {namespace} {}", locale.tag());
        Ok(OutgoingMail { id, to: to.clone(), subject, html: text.clone(), text })
    }
}

/// A mailer that keeps what it is given. It accepts everything until a test says otherwise.
#[derive(Default)]
pub struct CollectedMail {
    arrived: Mutex<Vec<OutgoingMail>>,
    answers: Mutex<VecDeque<Delivery>>,
}

impl CollectedMail {
    /// What arrived since the last call, oldest first.
    pub fn take(&self) -> Vec<OutgoingMail> {
        std::mem::take(&mut *held(&self.arrived))
    }

    /// Answers the next delivery that has no answer yet with this. The mail arrives if its text may have
    /// reached the mail server: that is the case a resend has to be good for.
    pub fn answer_next(&self, delivery: Delivery) {
        held(&self.answers).push_back(delivery);
    }

    /// Refuses the next delivery for good.
    pub fn refuse_next(&self) {
        self.fail_next(true, false);
    }

    /// Loses the connection in the middle of the next delivery; nobody knows whether the mail arrived.
    pub fn break_off_next(&self) {
        self.fail_next(false, true);
    }

    fn fail_next(&self, is_permanent: bool, may_have_reached_data: bool) {
        let reason = "a test says so".to_owned();
        self.answer_next(Delivery::Failed { is_permanent, may_have_reached_data, reason });
    }
}

#[async_trait]
impl Mailer for CollectedMail {
    async fn deliver(&self, mail: &OutgoingMail) -> Delivery {
        let answer = held(&self.answers).pop_front().unwrap_or(Delivery::Accepted);
        if !matches!(answer, Delivery::Failed { may_have_reached_data: false, .. }) {
            held(&self.arrived).push(mail.clone());
        }
        answer
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::{co, email, fresh_uuid};
    use app::outbox::Notice;

    fn mail() -> OutgoingMail {
        let (id, to) = (OutboxId::new(fresh_uuid()), email("kari"));
        let notice = MailContent::Notice(Notice::PasswordChanged);
        PlainWriter.write(&co(), Locale::Norwegian, id, &to, &notice).unwrap()
    }

    #[test]
    fn a_plain_mail_says_what_it_is_and_carries_the_link_alone() {
        assert_eq!(mail().subject, "password_changed co nb");
        let link = SecretText::new("https://example.com/#token=t".to_owned());
        let content = MailContent::PasswordReset { link, valid_for: crate::builders::HOUR };
        let id = OutboxId::new(fresh_uuid());
        let written = PlainWriter.write(&co(), Locale::English, id, &email("kari"), &content).unwrap();
        assert_eq!(
            (written.subject.as_str(), written.text.expose()),
            ("password_reset co en", "https://example.com/#token=t")
        );
    }

    #[tokio::test]
    async fn a_mail_arrives_unless_it_surely_did_not() {
        let collected = CollectedMail::default();
        assert_eq!(collected.deliver(&mail()).await, Delivery::Accepted);
        assert_eq!(collected.take().len(), 1);
        collected.refuse_next();
        collected.break_off_next();
        assert!(matches!(collected.deliver(&mail()).await, Delivery::Failed { is_permanent: true, .. }));
        assert_eq!(collected.take().len(), 0);
        assert!(matches!(collected.deliver(&mail()).await, Delivery::Failed { is_permanent: false, .. }));
        assert_eq!(collected.take().len(), 1);
        assert_eq!(collected.deliver(&mail()).await, Delivery::Accepted);
    }
}
