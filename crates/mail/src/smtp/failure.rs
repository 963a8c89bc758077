//! How far a delivery came and why it ended there.

use lettre::transport::smtp::Error as SmtpError;
use std::error::Error;
use std::fmt;
use std::io;

/// "Service not available, closing transmission channel" (RFC 5321 section 4.2.3).
const SERVICE_CLOSING: u16 = 421;
/// Answers that ask for better credentials (RFC 4954 section 6). They are the operator's matter and say
/// nothing about the mail, so they never end it.
const AUTHENTICATION_CODES: [u16; 4] = [530, 534, 535, 538];

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Looking the host up, opening the connection; with implicit TLS also the handshake and the greeting.
    Connect,
    /// Waiting for the greeting and saying EHLO.
    Greeting,
    /// Switching to TLS.
    Starttls,
    /// Signing in to the server.
    Auth,
    /// Waking a kept connection.
    Reset,
    /// Naming the sender.
    Mail,
    /// Naming the recipient.
    Rcpt,
    /// Asking to send the text.
    Data,
    /// Sending the text and waiting for the last answer.
    Text,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Starttls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Reset => "RSET",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Text => "text",
        }
    }

    /// Whether an answer at this stage is about the mail and not about the connection.
    const fn is_about_the_mail(self) -> bool {
        matches!(self, Self::Mail | Self::Rcpt | Self::Data | Self::Text)
    }
}

/// Why a step did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server said no.
    Refused {
        /// The reply code.
        code: u16,
        /// The enhanced status code (RFC 3463), if there was one.
        enhanced: Option<String>,
    },
    /// An answer that does not belong here.
    OutOfTurn(u16),
    /// No answer in time.
    TimedOut,
    /// The connection failed.
    Network(io::ErrorKind),
    /// The TLS handshake failed.
    Tls(&'static str),
    /// The server does not offer what is required.
    Missing(&'static str),
    /// Neither a reply nor a clean failure; most often the connection ended in mid-reply.
    Unreadable,
}

impl Cause {
    /// Reads the library's error. Its text is never repeated: servers put addresses into their answers.
    pub(super) fn of(error: &SmtpError) -> Self {
        if let Some(code) = error.status() {
            let enhanced = error.source().and_then(|text| enhanced_status(&text.to_string()));
            return Self::Refused { code: code.into(), enhanced };
        }
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                let tls = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                return tls.map_or(Self::Network(io.kind()), |tls| Self::Tls(tls_trouble(tls)));
            }
            source = inner.source();
        }
        Self::Unreadable
    }
}

/// A failed delivery. Its text holds the stage and codes, never an address and never a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    stage: Stage,
    cause: Cause,
}

impl Failure {
    pub(super) const fn new(stage: Stage, cause: Cause) -> Self {
        Self { stage, cause }
    }

    /// A 5xx about this mail. A 5xx before MAIL is about the server or our account there: every mail would
    /// meet it, and the operator mends it.
    pub(super) fn is_permanent(&self) -> bool {
        match self.cause {
            Cause::Refused { code, .. } => {
                self.stage.is_about_the_mail() && code >= 500 && !AUTHENTICATION_CODES.contains(&code)
            }
            Cause::OutOfTurn(_)
            | Cause::TimedOut
            | Cause::Network(_)
            | Cause::Tls(_)
            | Cause::Missing(_)
            | Cause::Unreadable => false,
        }
    }

    /// The text is sent only after the 354, and then nobody knows how much of it arrived. Even a refusal
    /// after the final dot comes from a server that has read it.
    pub(super) fn may_have_reached_data(&self) -> bool {
        self.stage == Stage::Text
    }

    /// After a plain refusal the next command may follow on the same connection.
    pub(super) fn leaves_the_connection_in_step(&self) -> bool {
        matches!(self.cause, Cause::Refused { code, .. } if code != SERVICE_CLOSING)
            && self.stage.is_about_the_mail()
    }

    /// A kept connection that broke before the server took the sender has cost nothing; the failure says
    /// nothing about the mail.
    pub(super) fn is_worth_a_fresh_connection(&self) -> bool {
        match self.stage {
            Stage::Reset => true,
            Stage::Mail => !self.leaves_the_connection_in_step(),
            Stage::Connect
            | Stage::Greeting
            | Stage::Starttls
            | Stage::Auth
            | Stage::Rcpt
            | Stage::Data
            | Stage::Text => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.stage.name();
        match &self.cause {
            Cause::Refused { code, enhanced: Some(enhanced) } => {
                write!(f, "{stage} refused: {code} {enhanced}")
            }
            Cause::Refused { code, enhanced: None } => write!(f, "{stage} refused: {code}"),
            Cause::OutOfTurn(code) => write!(f, "{stage}: unexpected answer {code}"),
            Cause::TimedOut => write!(f, "{stage}: timed out"),
            Cause::Network(kind) => write!(f, "{stage}: {kind}"),
            Cause::Tls(trouble) => write!(f, "{stage}: {trouble}"),
            Cause::Missing(what) => write!(f, "{stage}: {what}"),
            Cause::Unreadable => write!(f, "{stage}: the connection ended or the answer is not SMTP"),
        }
    }
}

/// The first word of a reply, if it is an enhanced status code such as `5.1.1`.
fn enhanced_status(reply: &str) -> Option<String> {
    let word = reply.split_whitespace().next()?;
    let parts: Vec<_> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(is_number))
        .then(|| word.to_owned())
}

/// What is wrong with the certificate, in words an operator can act on.
fn tls_trouble(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(Certificate::UnknownIssuer | Certificate::BadSignature) => {
            "the certificate is signed by no known authority"
        }
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "the certificate is for another host name",
        rustls::Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            "the certificate has expired"
        }
        rustls::Error::InvalidCertificate(_) => "the certificate is not valid",
        _ => "the TLS handshake failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_status_code_is_repeated() {
        assert_eq!(enhanced_status("5.1.1 <owner@example.com> unknown").as_deref(), Some("5.1.1"));
        for text in ["", "owner@example.com", "5.1", "2.0.0 ok", "5.1.1234 x", "5.x.1", "5.1.1.1"] {
            assert_eq!(enhanced_status(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_refused_sign_in_never_ends_a_mail() {
        for (stage, code, permanent) in [
            (Stage::Greeting, 554, false),
            (Stage::Starttls, 554, false),
            (Stage::Auth, 535, false),
            (Stage::Mail, 530, false),
            (Stage::Mail, 550, true),
            (Stage::Rcpt, 450, false),
            (Stage::Text, 554, true),
        ] {
            let failure = Failure::new(stage, Cause::Refused { code, enhanced: None });
            assert_eq!(failure.is_permanent(), permanent, "{failure}");
        }
    }
}
