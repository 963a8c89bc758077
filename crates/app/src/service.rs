//! The service: the ports joined, and the namespaces it serves.

use crate::allowances::{DeviceProof, Limits};
use crate::api_key_cache::ApiKeyCache;
use crate::audit::{Actor, AuditContext};
use crate::gates::Gates;
use crate::ports::clock::{Clock, Entropy, new_uuid};
use crate::ports::keys::{AccessTokens, ChainMac, SigningKeys, TokenMac};
use crate::ports::limiter::{LimitKey, Limiter};
use crate::ports::mailer::{MailWriter, Mailer};
use crate::ports::password_blocklist::PasswordBlocklist;
use crate::ports::password_hasher::PasswordHasher;
use crate::ports::store::Store;
use crate::ports::telemetry::Telemetry;
use crate::refused_calls::RefusedCalls;
use crate::running_calls::RunningCalls;
use domain::account::EmailVerification;
use domain::client_address;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::{RedirectAllowlist, RedirectTarget};
use domain::session::{ClientInfo, SessionPolicy};
use domain::throttle::Budget;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Everything a use case can reach. It comes first in every parameter list.
pub struct Service {
    /// Accounts, sessions, resets, outbox, keys.
    pub store: Arc<dyn Store>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Breached passwords.
    pub blocklist: Arc<dyn PasswordBlocklist>,
    /// MACs of opaque tokens.
    pub macs: Arc<dyn TokenMac>,
    /// Seals of the audit log.
    pub chain_mac: Arc<dyn ChainMac>,
    /// Access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Signing keys.
    pub signing_keys: Arc<dyn SigningKeys>,
    /// Counts what is counted by account, for all nodes where they share a store.
    pub limiter: Arc<dyn Limiter>,
    /// Counts what is counted by network address, for this process.
    pub address_limiter: Arc<dyn Limiter>,
    /// How much of each there may be.
    pub limits: Limits,
    /// Calls that were refused since they were last written down.
    pub refused_calls: Arc<RefusedCalls>,
    /// Who waits for room in a limit.
    pub gates: Arc<Gates>,
    /// API keys that were seen working.
    pub api_keys: ApiKeyCache,
    /// Calls that happen once, while they run.
    pub running_calls: RunningCalls,
    /// Mail templates.
    pub mail_writer: Arc<dyn MailWriter>,
    /// Mail delivery.
    pub mailer: Arc<dyn Mailer>,
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Counters.
    pub telemetry: Arc<dyn Telemetry>,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<NamespaceName, Arc<Namespace>>,
}

impl Service {
    /// A fresh UUIDv7 by the node's clock.
    pub fn new_uuid(&self) -> Uuid {
        new_uuid(self.clock.now(), self.entropy.as_ref())
    }
}

/// One namespace and its rules.
pub struct Namespace {
    /// Its name.
    pub name: NamespaceName,
    /// How long sessions live and how forgiving refresh is.
    pub sessions: SessionPolicy,
    /// How long an access token lives (`expires_in`).
    pub access_token_ttl: Duration,
    /// Whether bodies carry refresh tokens at all. Off for a namespace of browsers alone.
    pub refresh_tokens_in_bodies: bool,
    /// Whether applications have to show an API key.
    pub api_key_required: bool,
    /// The fewest code points of a new password.
    pub password_min: usize,
    /// Words that say nothing in a password here: the product's name, the namespace's, the server's.
    pub context_words: Vec<String>,
    /// Where reset links may lead.
    pub redirects: RedirectAllowlist,
    /// Where a reset link leads when nobody says: the server's own page.
    pub reset_page: RedirectTarget,
    /// How long a reset link works.
    pub reset_valid_for: Duration,
    /// Whether an address must be proved before its account is used.
    pub email_verification: EmailVerification,
    /// Where verification links may lead.
    pub verify_redirects: RedirectAllowlist,
    /// Where a verification link leads when nobody says: the server's own page.
    pub verify_page: RedirectTarget,
    /// How long a verification link works.
    pub verification_valid_for: Duration,
    /// Whether owners hear of sign-ins from new devices.
    pub new_device_mails: bool,
    /// How many reset mails one address gets, and how many verification mails.
    pub forgot_password_budget: Budget,
    /// The language of mails when the client names none.
    pub locale: Locale,
}

impl Namespace {
    /// What limits count it under.
    pub fn limit_key(&self) -> LimitKey {
        let mut key = [0; 32];
        // A name has at most as many bytes.
        for (to, from) in key.iter_mut().zip(self.name.as_str().bytes()) {
            *to = from;
        }
        key
    }
}

/// Where a call comes from.
#[derive(Clone, Default)]
pub struct Origin {
    /// The request's id.
    pub request_id: Option<String>,
    /// The client.
    pub client: ClientInfo,
    /// The client's language, if it names one of ours.
    pub locale: Option<Locale>,
    /// The network address that limits count by.
    pub source: Option<IpAddr>,
    /// What it brings along to show that it signed in before.
    pub device: Option<DeviceProof>,
}

impl Origin {
    /// The source of an event that this client causes.
    pub fn audit(&self) -> AuditContext {
        AuditContext {
            actor: Actor::Client,
            request_id: self.request_id.clone(),
            address: self.client.address.clone(),
        }
    }

    /// What limits count its network address under.
    pub fn source_key(&self) -> LimitKey {
        client_address::limiter_key(self.source)
    }

    /// The language to write to this client in.
    pub fn locale_or(&self, namespace: &Namespace) -> Locale {
        self.locale.unwrap_or(namespace.locale)
    }
}
