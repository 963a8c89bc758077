//! What the surface is told by the configuration.

use domain::client_address::AddressRange;
use domain::namespace::NamespaceName;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The two ways to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only, mail caught.
    Development,
    /// For the world.
    Production,
}

/// The options of the surface.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The address that clients and mails use, without a trailing slash.
    pub base_url: String,
    /// The mode.
    pub mode: Mode,
    /// Origins of the server's own pages.
    pub own_origins: Vec<String>,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<NamespaceName, HttpNamespace>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// The largest request body, in bytes.
    pub body_max_bytes: usize,
    /// The longest address of a request, in bytes.
    pub uri_max_bytes: usize,
    /// The largest header section of a request, in bytes.
    pub head_max_bytes: usize,
    /// How long a request may take.
    pub request_deadline: Duration,
    /// The documentation pages.
    pub docs: DocsOptions,
    /// The version of the program.
    pub version: &'static str,
}

impl HttpOptions {
    /// Whether the word of this one on the client's address is believed.
    pub(crate) fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|range| range.contains(peer))
    }
}

/// What the surface knows of a namespace.
#[derive(Clone, Debug)]
pub struct HttpNamespace {
    /// What the documentation calls it, such as `CarOwner`.
    pub title: String,
    /// Origins whose pages may call it and hold its cookie.
    pub allowed_origins: Vec<String>,
    /// Whether any page of the same site may use the cookie.
    pub same_site_is_allowed: bool,
    /// Whether bodies carry refresh tokens.
    pub refresh_tokens_in_bodies: bool,
    /// Whether applications have to show an API key.
    pub api_key_required: bool,
    /// The fewest code points of a new password.
    pub password_min: usize,
}

/// Which documentation pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocsOptions {
    /// Whether `/docs` is served.
    pub enabled: bool,
    /// Whether the interactive console is.
    pub console: bool,
}
