//! The bytes that go over the wire: one MIME message for one recipient (RFC 5322, RFC 2045, RFC 2046).

use app::ports::mailer::OutgoingMail;
use domain::ids::OutboxId;
use domain::time::UnixMillis;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use std::time::{Duration, SystemTime};

/// A message, ready to be handed over.
pub(crate) struct Letter {
    /// The envelope's sender.
    pub(crate) from: Address,
    /// The envelope's one recipient.
    pub(crate) to: Address,
    /// The message in CRLF lines, not yet dot-stuffed. It carries the reset link.
    pub(crate) bytes: Vec<u8>,
}

/// Why a mail cannot be put into a message. No text of the mail is repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnfitMail {
    /// A line break in a header value would start another header.
    #[error("the subject holds a control character")]
    Subject,
    /// The mail library reads the address differently from the domain's own parser.
    #[error("the recipient is not an address that the mail library accepts")]
    Recipient,
    /// The library refuses to build the message.
    #[error("the message cannot be encoded")]
    Encoding,
}

/// The Message-ID of the mail of an order, without angle brackets: the same at every attempt, so that a
/// resend after a crash is recognisable (RFC 5322 section 3.6.4).
pub fn message_id(id: OutboxId, domain: &str) -> String {
    format!("{id}@{domain}")
}

/// Builds the message.
pub(crate) fn compose(mail: &OutgoingMail, from: &Mailbox, now: UnixMillis) -> Result<Letter, UnfitMail> {
    if mail.subject.chars().any(char::is_control) {
        return Err(UnfitMail::Subject);
    }
    let to: Address = mail.to.as_str().parse().map_err(|_| UnfitMail::Recipient)?;
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        // `=_` never occurs in quoted-printable text, so no body can end a part early (RFC 2045 section 6.7).
        .boundary(format!("=_{}", mail.id))
        .singlepart(part(ContentType::TEXT_PLAIN, mail.text.expose())?)
        .singlepart(part(ContentType::TEXT_HTML, mail.html.expose())?);
    let message = Message::builder()
        .date(system_time(now))
        .message_id(Some(format!("<{}>", message_id(mail.id, from.email.domain()))))
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(mail.subject.as_str())
        // RFC 3834 section 5: holiday answers and ticket systems leave such mail alone.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(body)
        .map_err(|_| UnfitMail::Encoding)?;
    Ok(Letter { from: from.email.clone(), to, bytes: message.formatted() })
}

/// Always quoted-printable: short lines whatever the length of a link, ASCII whatever the language, and no
/// relay has a reason to touch it.
fn part(content_type: ContentType, text: &str) -> Result<SinglePart, UnfitMail> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = Body::new_with_encoding(lines, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| UnfitMail::Encoding)?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

/// A moment before 1970 is a broken clock; the mail is dated at the epoch rather than not sent.
fn system_time(now: UnixMillis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::email_address::EmailAddress;
    use domain::secret::SecretText;

    fn mail(subject: &str, text: &str) -> OutgoingMail {
        OutgoingMail {
            id: OutboxId::new(uuid::Uuid::from_u128(7)),
            to: EmailAddress::parse("owner@example.com").unwrap(),
            subject: subject.to_owned(),
            text: SecretText::new(text.to_owned()),
            html: SecretText::new(format!("<p>{text}</p>")),
        }
    }

    fn sender() -> Mailbox {
        "Minbil <no-reply@minbil.example>".parse().unwrap()
    }

    #[test]
    fn a_subject_with_a_line_break_never_becomes_a_message() {
        for subject in ["a\r\nBcc: x@y.no", "a\nb", "a\rb", "a\0b"] {
            let refused = compose(&mail(subject, "text"), &sender(), UnixMillis::from_secs(0)).err();
            assert_eq!(refused, Some(UnfitMail::Subject), "{subject:?}");
        }
    }

    #[test]
    fn every_line_ends_in_crlf_and_fits_whatever_the_text_holds() {
        let text = format!("one\ntwo\rthree\r\nfour\r\r\nfive {}\n", "x".repeat(3000));
        let letter = compose(&mail("Blåbær", &text), &sender(), UnixMillis::from_secs(0)).unwrap();
        let message = String::from_utf8(letter.bytes).unwrap();
        assert!(message.is_ascii());
        for line in message.split("\r\n") {
            assert!(!line.contains(['\r', '\n']), "{line:?}");
            assert!(line.len() <= 78, "{line:?}");
        }
    }

    #[test]
    fn the_same_order_at_the_same_moment_gives_the_same_bytes() {
        let compose = || compose(&mail("Hei", "a"), &sender(), UnixMillis::from_secs(1_770_132_705)).unwrap();
        assert_eq!(compose().bytes, compose().bytes);
    }
}
