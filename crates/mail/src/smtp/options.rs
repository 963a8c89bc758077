//! Which mail server, as whom, and with how much patience.

use domain::secret::SecretText;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// How long opening a connection may take.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long the answer to one command may take.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// How long a delivery may take in all.
pub const DELIVERY_LIMIT: Duration = Duration::from_secs(120);
/// How long a connection is kept for the next mail.
pub const REUSE_FOR: Duration = Duration::from_secs(15);

/// Where mail is handed in by applications: with STARTTLS (RFC 6409), with TLS from the first byte
/// (RFC 8314), and to a mail server on the same machine.
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
const LOCAL_PORT: u16 = 25;

/// How long a delivery waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpTimeLimits {
    /// For opening a connection.
    pub connect: Duration,
    /// For the answer to one command.
    pub command: Duration,
    /// For all of it; a delivery never takes longer.
    pub delivery: Duration,
}

impl Default for SmtpTimeLimits {
    fn default() -> Self {
        Self { connect: CONNECT_LIMIT, command: COMMAND_LIMIT, delivery: DELIVERY_LIMIT }
    }
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Plain text; on this machine only.
    None,
    /// Plain text until STARTTLS, which is required.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// Our account at the mail server.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) user: SecretText,
    pub(super) password: SecretText,
}

/// What the URL says.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) account: Option<Account>,
}

/// Everything a delivery needs to know. Shown as text it leaves the user name and the password out.
#[derive(Clone)]
pub struct SmtpOptions {
    pub(super) server: Server,
    pub(super) sender: Mailbox,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) limits: SmtpTimeLimits,
    pub(super) hello: ClientId,
    pub(super) reuse_for: Duration,
}

/// Why the options cannot be used, and what would be right. The URL itself is not repeated: it may hold a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpOptions {
    /// Not a URL.
    #[error(
        "not a URL; it looks like smtp://mail.example.com:587 or smtps://user:password@mail.example.com, with \
         special characters of the user name and the password percent-encoded"
    )]
    Malformed,
    /// Another protocol.
    #[error("the scheme is smtp (STARTTLS is required) or smtps (TLS from the first byte)")]
    Scheme,
    /// No host, or not one.
    #[error("the host is a name in ASCII, an IPv4 address, or an IPv6 address in brackets")]
    Host,
    /// A path or a fragment.
    #[error("nothing but ?tls=required or ?tls=none may follow the host and the port")]
    Rest,
    /// Half of the credentials, or a character that SMTP cannot carry.
    #[error(
        "a user name needs a password and the other way round, both percent-encoded UTF-8 without control \
         characters"
    )]
    Credentials,
    /// An unknown value of `tls`.
    #[error("tls is `required` or `none`, and goes with smtp:// only")]
    Tls,
    /// Plain text to another machine.
    #[error("tls=none is for a mail server on this machine only: 127.0.0.0/8, [::1] or localhost")]
    PlainTextLeavesTheMachine,
    /// Not a sender.
    #[error(
        "the sender looks like \"Minbil <no-reply@minbil.no>\" or no-reply@minbil.no, one address in ASCII"
    )]
    Sender,
    /// Not a host name.
    #[error("the EHLO name is a host name in ASCII or an IP address")]
    HelloName,
}

/// Why deliveries cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// The file of extra certificates cannot be read.
    #[error("{path}: {source}")]
    UnreadableCaFile {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of extra certificates is not one.
    #[error("{0}: holds something else than certificates in PEM form (-----BEGIN CERTIFICATE-----)")]
    InvalidCaFile(PathBuf),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl SmtpOptions {
    /// Reads the mail server's URL and the sender.
    ///
    /// - `smtp://[user:password@]host[:port]`: STARTTLS is required, port 587 if none is given.
    /// - `smtps://[user:password@]host[:port]`: TLS from the first byte, port 465.
    /// - For a host on this machine (127.0.0.0/8, `[::1]`, `localhost`) `smtp://` means plain text, port 25,
    ///   unless `?tls=required` follows. `?tls=none` says the same in so many words.
    ///
    /// # Errors
    /// With what would be right.
    pub fn parse(url: &str, sender: &str) -> Result<Self, InvalidSmtpOptions> {
        Ok(Self {
            server: parse_server(url)?,
            sender: parse_sender(sender)?,
            ca_file: None,
            limits: SmtpTimeLimits::default(),
            hello: default_hello(),
            reuse_for: REUSE_FOR,
        })
    }

    /// Trusts the authorities of this PEM file besides the system's.
    #[must_use]
    pub fn with_ca_file(mut self, ca_file: Option<PathBuf>) -> Self {
        self.ca_file = ca_file;
        self
    }

    /// Waits for other times than the defaults.
    #[must_use]
    pub fn with_time_limits(mut self, limits: SmtpTimeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps a connection for the next mail for another time; zero never keeps one.
    #[must_use]
    pub fn with_reuse_for(mut self, reuse_for: Duration) -> Self {
        self.reuse_for = reuse_for;
        self
    }

    /// Says EHLO with this name instead of the machine's.
    ///
    /// # Errors
    /// When the text is neither a host name nor an IP address.
    pub fn with_hello_name(mut self, name: &str) -> Result<Self, InvalidSmtpOptions> {
        self.hello = parse_hello(name).ok_or(InvalidSmtpOptions::HelloName)?;
        Ok(self)
    }
}

impl fmt::Display for SmtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { host, port, security, account } = &self.server;
        let (scheme, tls) = match security {
            Security::None => ("smtp", "no TLS"),
            Security::StartTls => ("smtp", "STARTTLS required"),
            Security::Implicit => ("smtps", "TLS"),
        };
        let account = if account.is_some() { ", with credentials" } else { "" };
        match host.parse() {
            Ok(IpAddr::V6(address)) => write!(f, "{scheme}://[{address}]:{port} ({tls}{account})"),
            Ok(IpAddr::V4(_)) | Err(_) => write!(f, "{scheme}://{host}:{port} ({tls}{account})"),
        }
    }
}

impl fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpOptions({self})")
    }
}

fn parse_server(text: &str) -> Result<Server, InvalidSmtpOptions> {
    let url = Url::parse(text).map_err(|_| InvalidSmtpOptions::Malformed)?;
    if !matches!(url.scheme(), "smtp" | "smtps") {
        return Err(InvalidSmtpOptions::Scheme);
    }
    if url.cannot_be_a_base() {
        return Err(InvalidSmtpOptions::Malformed);
    }
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(InvalidSmtpOptions::Rest);
    }
    let host = parse_host(&url)?;
    let security = parse_security(&url, is_loopback(&host))?;
    let port = match (url.port(), security) {
        (Some(0), _) => return Err(InvalidSmtpOptions::Malformed),
        (Some(port), _) => port,
        (None, Security::None) => LOCAL_PORT,
        (None, Security::StartTls) => SUBMISSION_PORT,
        (None, Security::Implicit) => SUBMISSIONS_PORT,
    };
    Ok(Server { host, port, security, account: parse_account(&url)? })
}

/// The host without brackets. It is also the name that the certificate has to carry.
fn parse_host(url: &Url) -> Result<String, InvalidSmtpOptions> {
    let host = url.host_str().ok_or(InvalidSmtpOptions::Host)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    ServerName::try_from(host.as_str()).map_err(|_| InvalidSmtpOptions::Host)?;
    Ok(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn parse_security(url: &Url, is_loopback: bool) -> Result<Security, InvalidSmtpOptions> {
    match (url.scheme(), url.query()) {
        ("smtps", None) => Ok(Security::Implicit),
        ("smtps", Some(_)) => Err(InvalidSmtpOptions::Tls),
        // Nobody is on the wire between this machine and itself.
        (_, None) if is_loopback => Ok(Security::None),
        (_, None | Some("tls=required")) => Ok(Security::StartTls),
        (_, Some("tls=none")) if is_loopback => Ok(Security::None),
        (_, Some("tls=none")) => Err(InvalidSmtpOptions::PlainTextLeavesTheMachine),
        (_, Some(_)) => Err(InvalidSmtpOptions::Tls),
    }
}

fn parse_account(url: &Url) -> Result<Option<Account>, InvalidSmtpOptions> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None | Some("")) => Err(InvalidSmtpOptions::Credentials),
        (user, Some(password)) => {
            Ok(Some(Account { user: decode_credential(user)?, password: decode_credential(password)? }))
        }
    }
}

/// A NUL would end a field of AUTH PLAIN early (RFC 4616 section 2).
fn decode_credential(text: &str) -> Result<SecretText, InvalidSmtpOptions> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| InvalidSmtpOptions::Credentials)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidSmtpOptions::Credentials);
    }
    Ok(SecretText::new(text.into_owned()))
}

/// One mailbox, with or without a name; its domain is also that of the Message-IDs.
fn parse_sender(text: &str) -> Result<Mailbox, InvalidSmtpOptions> {
    if text.chars().any(char::is_control) {
        return Err(InvalidSmtpOptions::Sender);
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|_| InvalidSmtpOptions::Sender)?;
    let address: &str = mailbox.email.as_ref();
    if address.is_ascii() && !address.contains(['"', ' ', '[']) {
        Ok(mailbox)
    } else {
        Err(InvalidSmtpOptions::Sender)
    }
}

fn parse_hello(name: &str) -> Option<ClientId> {
    match name.parse() {
        Ok(IpAddr::V4(address)) => Some(ClientId::Ipv4(address)),
        Ok(IpAddr::V6(address)) => Some(ClientId::Ipv6(address)),
        Err(_) => ServerName::try_from(name).ok().map(|_| ClientId::Domain(name.to_owned())),
    }
}

/// The machine's name, unless it is one that no server would take.
fn default_hello() -> ClientId {
    let fallback = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
    match ClientId::default() {
        ClientId::Domain(name) => parse_hello(&name).unwrap_or(fallback),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: &str = "Minbil <no-reply@minbil.example>";

    fn parsed(url: &str) -> Result<String, InvalidSmtpOptions> {
        SmtpOptions::parse(url, SENDER).map(|options| options.to_string())
    }

    #[test]
    fn a_url_says_host_port_and_protection() {
        for (url, shown) in [
            ("smtp://mail.example.com", "smtp://mail.example.com:587 (STARTTLS required)"),
            ("smtp://Mail.Example.com:25/", "smtp://mail.example.com:25 (STARTTLS required)"),
            (
                "smtp://u:p@mail.example.com",
                "smtp://mail.example.com:587 (STARTTLS required, with credentials)",
            ),
            ("smtps://mail.example.com", "smtps://mail.example.com:465 (TLS)"),
            ("smtp://192.0.2.1", "smtp://192.0.2.1:587 (STARTTLS required)"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525 (no TLS)"),
            ("smtp://127.9.9.9?tls=none", "smtp://127.9.9.9:25 (no TLS)"),
            ("smtp://[::1]:2525?tls=none", "smtp://[::1]:2525 (no TLS)"),
            ("smtp://localhost?tls=required", "smtp://localhost:587 (STARTTLS required)"),
            ("smtps://localhost:4650", "smtps://localhost:4650 (TLS)"),
        ] {
            assert_eq!(parsed(url).as_deref(), Ok(shown), "{url}");
        }
    }

    #[test]
    fn what_is_not_a_mail_server_is_refused_with_what_would_be_right() {
        use InvalidSmtpOptions as Invalid;
        for (url, error) in [
            ("", Invalid::Malformed),
            ("mail.example.com", Invalid::Malformed),
            ("mail.example.com:587", Invalid::Scheme),
            ("https://mail.example.com", Invalid::Scheme),
            ("smtp:mail.example.com", Invalid::Malformed),
            ("smtp://", Invalid::Host),
            ("smtp://mail example.com", Invalid::Malformed),
            ("smtp://blåbær.no", Invalid::Host),
            ("smtp://mail.example.com:0", Invalid::Malformed),
            ("smtp://mail.example.com/inbox", Invalid::Rest),
            ("smtp://mail.example.com#tls=none", Invalid::Rest),
            ("smtp://u@mail.example.com", Invalid::Credentials),
            ("smtp://:p@mail.example.com", Invalid::Credentials),
            ("smtp://u:p%00@mail.example.com", Invalid::Credentials),
            ("smtp://u:p%0d%0a@mail.example.com", Invalid::Credentials),
            ("smtp://u:%ff@mail.example.com", Invalid::Credentials),
            ("smtps://mail.example.com?tls=none", Invalid::Tls),
            ("smtp://mail.example.com?tls=maybe", Invalid::Tls),
            ("smtp://mail.example.com?tls=none", Invalid::PlainTextLeavesTheMachine),
            ("smtp://127.0.0.1.example.com?tls=none", Invalid::PlainTextLeavesTheMachine),
            ("smtp://localhost.example.com?tls=none", Invalid::PlainTextLeavesTheMachine),
            ("smtp://0.0.0.0?tls=none", Invalid::PlainTextLeavesTheMachine),
            ("smtp://[::ffff:127.0.0.1]?tls=none", Invalid::PlainTextLeavesTheMachine),
        ] {
            assert_eq!(parsed(url), Err(error), "{url}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded_once_and_never_shown() {
        let options = SmtpOptions::parse("smtp://u%40x.no:p%2525%2Fss@mail.example.com", SENDER).unwrap();
        let account = options.server.account.as_ref().unwrap();
        assert_eq!(account.user.expose(), "u@x.no");
        assert_eq!(account.password.expose(), "p%25/ss");
        for shown in [format!("{options}"), format!("{options:?}"), format!("{options:#?}")] {
            assert!(!shown.contains("ss@") && !shown.contains("p%") && !shown.contains("u@x"), "{shown}");
        }
    }

    #[test]
    fn the_sender_is_one_plain_mailbox() {
        for good in [
            "no-reply@minbil.no",
            "Minbil <no-reply@minbil.no>",
            "\"Min, bil\" <a@minbil.no>",
            "Blå <a@b.no>",
        ] {
            assert!(SmtpOptions::parse("smtp://localhost", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "minbil",
            "a@b.no, c@d.no",
            "a@b.no\r\nBcc: c@d.no",
            "A\n <a@b.no>",
            "\"a b\"@c.no",
            "å@b.no",
        ] {
            let refused = SmtpOptions::parse("smtp://localhost", bad).err();
            assert_eq!(refused, Some(InvalidSmtpOptions::Sender), "{bad:?}");
        }
    }

    #[test]
    fn the_hello_name_is_a_host_name_or_an_address() {
        let options = SmtpOptions::parse("smtp://localhost", SENDER).unwrap();
        for (name, said) in
            [("auth.minbil.no", "auth.minbil.no"), ("192.0.2.1", "[192.0.2.1]"), ("::1", "[IPv6:::1]")]
        {
            assert_eq!(options.clone().with_hello_name(name).unwrap().hello.to_string(), said);
        }
        for bad in ["", "a b", "a\r\nMAIL", "å.no"] {
            let refused = options.clone().with_hello_name(bad).err();
            assert_eq!(refused, Some(InvalidSmtpOptions::HelloName), "{bad:?}");
        }
    }
}
