//! What every handler can reach.

use crate::metrics::Metrics;
use crate::options::HttpOptions;
use app::fault::Fault;
use app::service::Service;
use async_trait::async_trait;
use domain::email_address::EmailAddress;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use std::sync::Arc;

/// What every handler can reach.
pub struct HttpState {
    /// The use cases' ports.
    pub service: Arc<Service>,
    /// The options.
    pub options: HttpOptions,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Caught mail, in development.
    pub inbox: Option<Arc<dyn InboxView>>,
    /// Whether traffic should come here.
    pub readiness: Arc<dyn Readiness>,
}

/// Mail that was caught instead of sent.
pub trait InboxView: Send + Sync {
    /// All of it, newest first.
    fn list(&self) -> Vec<InboxMessage>;
    /// One.
    fn get(&self, id: &str) -> Option<InboxMessage>;
}

/// A mail that was caught.
#[derive(Clone)]
pub struct InboxMessage {
    /// Its id.
    pub id: String,
    /// When it was caught.
    pub at: UnixMillis,
    /// The recipient.
    pub to: EmailAddress,
    /// The subject line.
    pub subject: String,
    /// The plain text part.
    pub text: SecretText,
    /// The HTML part.
    pub html: SecretText,
    /// The Message-ID.
    pub message_id: String,
}

/// Whether traffic should come here.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether what the server depends on works.
    async fn check(&self) -> Result<(), Fault>;
    /// Whether the server is on its way out.
    fn is_shutting_down(&self) -> bool;
}
