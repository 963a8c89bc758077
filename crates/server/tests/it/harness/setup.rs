//! What a server under test is configured with: production, as the world sees it, with two namespaces.

use app::service::Service;
use crypto::{RootKeys, SystemEntropy};
use std::collections::HashMap;

/// The configured address of the server.
pub const BASE: &str = "https://api.example.com";

/// What is limited by network address.
const BY_ADDRESS: [&str; 5] = [
    "LIMITS__SIGN_IN_ADDRESS_BURST",
    "LIMITS__SIGN_UP_ADDRESS_BURST",
    "LIMITS__FORGOT_PASSWORD_ADDRESS_BURST",
    "LIMITS__RESET_ADDRESS_BURST",
    "LIMITS__REFRESH_ADDRESS_BURST",
];

/// A change to the joined parts before the server starts.
pub type Change = Box<dyn FnOnce(&mut Service)>;

/// The configuration, as the environment gives it, and what is exchanged behind it.
pub struct Setup {
    pub(super) environment: HashMap<String, String>,
    pub(super) change: Option<Change>,
    pub(super) real_hashing: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let root_key = RootKeys::new_text(&SystemEntropy);
        let empty = Self { environment: HashMap::new(), change: None, real_hashing: false };
        // Most tests do everything from one network address; those about limits start with the defaults.
        let wide = BY_ADDRESS.iter().fold(empty, |setup, key| setup.with(key, 100_000));
        wide.with("MODE", "production")
            .with("BASE_URL", BASE)
            .with("ROOT_KEY", root_key.as_str())
            // Never spoken to: the harness puts its own mailer in this one's place.
            .with("MAIL__SMTP_URL", "smtp://127.0.0.1:1?tls=none")
            .with("PASSWORDS__THREADS", "2")
            .with("NAMESPACES__CO__ALLOWED_ORIGINS", super::APP)
            .with("NAMESPACES__WS__TITLE", "Workshop")
            .with("NAMESPACES__WS__ALLOWED_ORIGINS", super::WS_APP)
            .with("NAMESPACES__WS__REDIRECT_TO", "https://workshop.example.com/reset")
    }
}

impl Setup {
    /// The mode without configuration: loopback, no TLS.
    pub fn development() -> Self {
        let mut setup = Self::default();
        for key in ["BASE_URL", "ROOT_KEY", "MAIL__SMTP_URL"] {
            setup.environment.remove(&variable(key));
        }
        setup.with("MODE", "development")
    }

    /// Every limit as the defaults have it.
    pub fn limited(mut self) -> Self {
        for key in BY_ADDRESS {
            self.environment.remove(&variable(key));
        }
        self
    }

    /// Sets one key, as `SECTION__KEY`.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.environment.insert(variable(key), value.to_string());
        self
    }

    /// Exchanges parts behind the ports before the server starts.
    pub fn change(mut self, change: impl FnOnce(&mut Service) + 'static) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// Hashes as the configuration says instead of as cheaply as possible.
    pub fn real_hashing(mut self) -> Self {
        self.real_hashing = true;
        self
    }
}

fn variable(key: &str) -> String {
    format!("MINBIL_AUTH_{key}")
}
