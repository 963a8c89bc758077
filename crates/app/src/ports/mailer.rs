//! Writing and delivering mail.

use crate::fault::Fault;
use crate::outbox::{Notice, SignInNotice};
use async_trait::async_trait;
use domain::device_name::DeviceName;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::RedirectTarget;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use std::time::Duration;

/// What a mail says.
#[derive(Clone)]
pub enum MailContent {
    /// A reset link.
    PasswordReset {
        /// The link, with the token in its fragment.
        link: SecretText,
        /// How long it works.
        valid_for: Duration,
    },
    /// A verification link.
    VerifyEmail {
        /// The link, with the token in its fragment.
        link: SecretText,
        /// How long it works.
        valid_for: Duration,
    },
    /// Somebody tried to sign up with an address that has an account.
    SignUpTaken {
        /// The page that sends a reset link. It opens nothing by itself.
        page: RedirectTarget,
    },
    /// Something an owner should know.
    Notice(Notice),
    /// A sign-in that an owner should know of.
    SignIn {
        /// What is remarkable about it.
        notice: SignInNotice,
        /// When it was.
        at: UnixMillis,
        /// What device it was.
        device: DeviceName,
        /// The network address that it came from.
        address: Option<String>,
        /// The page that sends a reset link.
        page: RedirectTarget,
    },
}

/// A mail, written out.
#[derive(Clone)]
pub struct OutgoingMail {
    /// The order it comes from. The Message-ID is made of it, so a resend is recognisable.
    pub id: OutboxId,
    /// The one recipient.
    pub to: EmailAddress,
    /// The subject line, without line breaks.
    pub subject: String,
    /// The plain text part.
    pub text: SecretText,
    /// The HTML part.
    pub html: SecretText,
}

/// Writes mails from templates.
pub trait MailWriter: Send + Sync {
    /// Writes a mail.
    ///
    /// # Errors
    /// When a template is missing or broken.
    fn write(
        &self,
        namespace: &NamespaceName,
        locale: Locale,
        id: OutboxId,
        to: &EmailAddress,
        content: &MailContent,
    ) -> Result<OutgoingMail, Fault>;
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The mail server took it.
    Accepted,
    /// It did not, or it is not known.
    Failed {
        /// A 5xx answer: trying the same again will not help.
        is_permanent: bool,
        /// Whether the mail's text may have reached the mail server. Then a resend must carry the same link.
        may_have_reached_data: bool,
        /// What went wrong, without addresses and tokens.
        reason: String,
    },
}

/// Delivers mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail over and waits for the answer, within the adapter's own time-outs.
    async fn deliver(&self, mail: &OutgoingMail) -> Delivery;
}
