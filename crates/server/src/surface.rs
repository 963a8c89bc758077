//! What the HTTP surface is told, and the small ports of its own that the server stands behind.

use crate::config::settings::{Mode, Settings};
use crate::wire::Wired;
use app::fault::Fault;
use app::ports::store::Store;
use async_trait::async_trait;
use domain::ids::OutboxId;
use http_api::{DocsOptions, HttpNamespace, HttpOptions, HttpState, InboxMessage, InboxView, Readiness};
use mail::{CaughtMail, CaughtMessage};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The options of the surface.
pub fn options(settings: &Settings) -> HttpOptions {
    let namespace = |of: &crate::config::settings::NamespaceSettings| HttpNamespace {
        title: of.title.clone(),
        allowed_origins: of.allowed_origins.clone(),
        same_site_is_allowed: of.same_site_is_allowed,
        refresh_tokens_in_bodies: of.refresh_tokens_in_bodies,
        api_key_required: of.api_key_required,
        password_min: of.password_min,
    };
    HttpOptions {
        base_url: settings.base_url.clone(),
        mode: mode(settings.mode),
        own_origins: settings.own_origins.clone(),
        namespaces: settings.namespaces.iter().map(|(name, of)| (name.clone(), namespace(of))).collect(),
        trusted_proxies: settings.trusted_proxies.clone(),
        body_max_bytes: settings.written.http.body_max_bytes,
        uri_max_bytes: settings.written.http.uri_max_bytes,
        head_max_bytes: settings.written.http.head_max_bytes,
        request_deadline: Duration::from_secs(settings.written.http.request_deadline_seconds),
        docs: DocsOptions { enabled: settings.written.docs.enabled, console: settings.written.docs.console },
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The mode, as the surface has it.
pub const fn mode(mode: Mode) -> http_api::Mode {
    match mode {
        Mode::Development => http_api::Mode::Development,
        Mode::Production => http_api::Mode::Production,
    }
}

/// The state of the surface.
pub fn state(settings: &Settings, wired: &Wired, stop: &CancellationToken) -> Arc<HttpState> {
    let inbox = wired.inbox.clone().map(|caught| Arc::new(DevelopmentInbox(caught)) as Arc<dyn InboxView>);
    Arc::new(HttpState {
        service: Arc::clone(&wired.service),
        options: options(settings),
        metrics: Arc::clone(&wired.metrics),
        inbox,
        readiness: Arc::new(StoreReadiness { store: wired.database.store(), stop: stop.clone() }),
    })
}

/// Ready means: the store can write, and the server is not on its way out.
struct StoreReadiness {
    store: Arc<dyn Store>,
    stop: CancellationToken,
}

#[async_trait]
impl Readiness for StoreReadiness {
    async fn check(&self) -> Result<(), Fault> {
        self.store.check().await
    }

    fn is_shutting_down(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// Caught mail, as the inbox page shows it.
struct DevelopmentInbox(Arc<CaughtMail>);

impl InboxView for DevelopmentInbox {
    fn list(&self) -> Vec<InboxMessage> {
        self.0.list().into_iter().map(shown).collect()
    }

    fn get(&self, id: &str) -> Option<InboxMessage> {
        id.parse().ok().and_then(|id| self.0.get(OutboxId::new(id))).map(shown)
    }
}

fn shown(message: CaughtMessage) -> InboxMessage {
    InboxMessage {
        id: message.id.to_string(),
        at: message.at,
        to: message.to,
        subject: message.subject,
        text: message.text,
        html: message.html,
        message_id: message.message_id,
    }
}
