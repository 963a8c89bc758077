//! What `minbil-auth doctor` and a running server know of each other: how it asks, and what it is told.

use crate::extract::cookie;
use crate::options::Mode;
use domain::namespace::NamespaceName;
use serde::{Deserialize, Serialize};

/// The header with the proof that the question comes from who has the root key.
pub const PROBE_HEADER: &str = "x-minbil-doctor";

/// Where it is asked: among the calls of a namespace, so that the proxies treat it as they treat those. For anybody else there
/// is nothing at this address.
pub fn probe_path(namespace: &NamespaceName) -> String {
    format!("/api/{namespace}/auth/doctor")
}

/// The pair that the question carries as its cookie, to see whether it arrives.
pub fn cookie_pair(mode: Mode, namespace: &NamespaceName) -> String {
    format!("{}={}", cookie::doctor_name(mode, namespace), cookie::DOCTOR_VALUE)
}

/// The `Set-Cookie` that the server sends, with the attributes of the refresh cookie.
pub fn set_cookie(mode: Mode, namespace: &NamespaceName) -> Option<String> {
    Some(cookie::set_doctor(mode, namespace)?.to_str().ok()?.to_owned())
}

/// How the question looked when it reached the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What counts as the client's address.
    pub client: String,
    /// Who opened the connection.
    pub peer: String,
    /// Whether `http.trusted_proxies` names that one.
    pub peer_is_trusted: bool,
    /// The lines of `X-Forwarded-For`.
    pub forwarded_for: Vec<String>,
    /// `X-Forwarded-Proto`, if there was one.
    pub forwarded_proto: Option<String>,
    /// The host that was asked for.
    pub host: Option<String>,
    /// Whether the question's cookie was there.
    pub has_cookie: bool,
    /// Whether its `Authorization` was.
    pub has_authorization: bool,
    /// Whether the server runs in production mode.
    pub is_production: bool,
    /// The address that it gives clients.
    pub base_url: String,
    /// The version of the program.
    pub version: String,
    /// Its clock, in milliseconds since 1970.
    pub now: i64,
}
