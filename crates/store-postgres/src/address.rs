//! The database address, `postgres://user:password@host1,host2:5433/name?…`.
//!
//! Everything but TLS is the driver's grammar. TLS is decided here, because the driver's `prefer` would fall back
//! to plain text when somebody in the middle says so.

use std::fmt;
use std::path::PathBuf;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// What an address starts with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A database address that can be understood. It holds a password and cannot be printed.
#[derive(Clone)]
pub struct DatabaseAddress {
    pub(crate) config: Config,
    pub(crate) tls: Option<TlsRoots>,
}

/// Which certificate authorities the database's certificate may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsRoots {
    /// The system's.
    System,
    /// Those of a PEM file, and no others.
    File(PathBuf),
}

/// Why an address cannot be understood. It never repeats the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress(String);

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAddress {}

impl DatabaseAddress {
    /// Whether `text` is meant to be such an address.
    pub fn is_meant(text: &str) -> bool {
        SCHEMES.iter().any(|scheme| text.starts_with(scheme))
    }

    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        if !Self::is_meant(text) {
            return Err(InvalidAddress("it starts with postgres://".to_owned()));
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let mut mode = None;
        let mut roots = TlsRoots::System;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(wants_tls(value)?),
                Some(("sslrootcert", value)) => roots = TlsRoots::File(PathBuf::from(decoded(value)?)),
                _ => rest.push(pair),
            }
        }
        // The driver's own words may repeat a piece of the address, and with it of the password.
        let unreadable = |_| {
            InvalidAddress(
                "postgres://user:password@host:5432/name; further hosts after a comma, special characters of the \
                 password as %XX, after ? the driver's options, sslmode and sslrootcert"
                    .to_owned(),
            )
        };
        let mut config: Config = format!("{place}?{}", rest.join("&")).parse().map_err(unreadable)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(InvalidAddress("it names no host".to_owned()));
        }
        let is_tls = mode.unwrap_or_else(|| !is_local(&config));
        config.ssl_mode(if is_tls { SslMode::Require } else { SslMode::Disable });
        // Every node writes, so a standby is never what is looked for.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config, tls: is_tls.then_some(roots) })
    }

    /// The same place, in a schema of its own.
    #[must_use]
    pub fn in_schema(&self, schema: &str) -> Self {
        let mut address = self.clone();
        let given = address.config.get_options().unwrap_or_default();
        let options = format!("{given} -c search_path={schema}");
        address.config.options(options.trim());
        address
    }

    /// Where it leads, without user and password.
    pub fn places(&self) -> String {
        let ports = self.config.get_ports();
        let place = |(index, host): (usize, &Host)| {
            let port = ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => format!("{}/.s.PGSQL.{port}", path.display()),
            }
        };
        let places: Vec<_> = self.config.get_hosts().iter().enumerate().map(place).collect();
        format!("{}/{}", places.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

/// An address for `config show`: without the password.
pub fn redacted(text: &str) -> String {
    let Some(scheme) = SCHEMES.iter().find(|scheme| text.starts_with(**scheme)) else {
        return text.to_owned();
    };
    let rest = &text[scheme.len()..];
    // The last `@`, wherever it is: one that somebody forgot to encode must not let a piece of the password out.
    let at = rest.rfind('@');
    let (user, place) = match at {
        Some(at) => (rest[..at].split([':', '/', '?']).next().unwrap_or_default(), &rest[at + 1..]),
        None => ("", rest),
    };
    let place = match place.split_once('?') {
        Some((place, query)) => {
            let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with("password")).collect();
            if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) }
        }
        None => place.to_owned(),
    };
    match at {
        Some(_) => format!("{scheme}{user}:***@{place}"),
        None => format!("{scheme}{place}"),
    }
}

fn wants_tls(value: &str) -> Result<bool, InvalidAddress> {
    match value {
        "disable" => Ok(false),
        "verify-full" => Ok(true),
        _ => Err(InvalidAddress(
            "sslmode is verify-full (encrypted, certificate and host name checked) or disable; what lies between \
             protects against nobody who can change packets"
                .to_owned(),
        )),
    }
}

/// Whether no packet leaves the machine.
fn is_local(config: &Config) -> bool {
    config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
        && config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
            Host::Unix(_) => true,
        })
}

fn decoded(value: &str) -> Result<String, InvalidAddress> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| InvalidAddress("sslrootcert is no path".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_means_tls_and_loopback_does_not() {
        let tls = |text: &str| DatabaseAddress::parse(text).unwrap().tls;
        assert_eq!(tls("postgres://u:p@db.example.com/auth"), Some(TlsRoots::System));
        assert_eq!(tls("postgres://u:p@127.0.0.1,db.example.com/auth"), Some(TlsRoots::System));
        assert_eq!(tls("postgres://u:p@db.example.com/auth?sslmode=disable"), None);
        assert_eq!(tls("postgres://u:p@localhost:5433/auth"), None);
        assert_eq!(tls("postgres://u:p@[::1]:5433/auth"), None);
        assert_eq!(
            tls("postgres://u:p@localhost/auth?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b.pem"),
            Some(TlsRoots::File(PathBuf::from("/etc/a b.pem")))
        );
    }

    #[test]
    fn tls_that_does_not_verify_is_refused() {
        for mode in ["prefer", "allow", "require", "verify-ca"] {
            let text = format!("postgres://u:p@db.example.com/auth?sslmode={mode}");
            let refusal = DatabaseAddress::parse(&text).err().map(|error| error.to_string());
            assert!(refusal.is_some_and(|text| text.contains("verify-full")), "{mode}");
        }
    }

    #[test]
    fn several_hosts_and_a_writable_one_of_them() {
        let address = DatabaseAddress::parse("postgresql://u@a:1,b:2/auth?connect_timeout=3").unwrap();
        assert_eq!(address.places(), "a:1,b:2/auth");
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in [
            "postgres://u:topsecret@host:port/auth",
            "postgres://u:topsecret@/auth",
            "postgres://u:topsecret@host/auth?connect_timeout=soon",
            "postgres://u:topsecret@host/auth?nonsense=topsecret",
        ] {
            let error = DatabaseAddress::parse(text).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| !error.contains("topsecret")), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_shown_address_has_no_password() {
        for (text, shown) in [
            ("sqlite:", "sqlite:"),
            ("postgres://u:p@h:1,i/auth?sslmode=disable", "postgres://u:***@h:1,i/auth?sslmode=disable"),
            ("postgres://u:p/q@r@h/auth", "postgres://u:***@h/auth"),
            ("postgres://u@h/auth?password=p", "postgres://u:***@h/auth"),
            ("postgres://h/auth?user=u&password=p&x=1", "postgres://h/auth?user=u&x=1"),
            ("postgres://h/auth?password=p&x=@y", "postgres://h:***@y"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
