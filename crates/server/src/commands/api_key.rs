//! `api-key create|list|rotate|revoke`

use super::user::in_namespace;
use crate::cli::{ApiKey as Command, OneApiKey};
use crate::output::{api_key_json, api_key_line, line};
use anyhow::Context as _;
use app::audit::AuditContext;
use app::operate_api_key::{IssuedApiKey, create, rotate};
use app::ports::store::ApiKeyChange;
use app::service::{Namespace, Service};
use domain::api_key::{ApiKey, ApiKeyName};
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs the command. `overlap` is how long a secret goes on after a rotation when nobody says otherwise.
///
/// # Errors
/// When there is no such key (or one of that name already), or the store fails.
pub async fn run(service: &Service, command: &Command, overlap: Duration) -> anyhow::Result<()> {
    match command {
        Command::Create { namespace, name, expires_days, json } => {
            let namespace = in_namespace(service, namespace)?;
            let name = ApiKeyName::parse(name)?;
            let lifetime = expires_days.map(|days| DAY * days);
            let taken = format!("{} has a key called {name} already", namespace.name);
            let issued = create(service, namespace, name, lifetime).await?.context(taken)?;
            hand_out(&issued, *json);
        }
        Command::List { namespace, all, json } => {
            let keys = service.store.list_api_keys(&in_namespace(service, namespace)?.name).await?;
            for key in keys.iter().filter(|key| *all || key.revoked_at.is_none()) {
                show(key, *json);
            }
        }
        Command::Rotate { key: named, overlap_hours, expires_days } => {
            let namespace = in_namespace(service, &named.namespace)?;
            let key = find(service, namespace, named).await?;
            let overlap = overlap_hours.map_or(overlap, |hours| HOUR * hours);
            let lifetime = expires_days.map(|days| DAY * days);
            let issued = rotate(service, namespace, key.id, overlap, lifetime).await?;
            hand_out(&issued.with_context(|| gone(named))?, named.json);
        }
        Command::Revoke(named) => {
            let namespace = in_namespace(service, &named.namespace)?;
            let key = find(service, namespace, named).await?;
            let audit = AuditContext::operator();
            match service.store.revoke_api_key(&namespace.name, key.id, audit).await? {
                ApiKeyChange::Done(key) => show(&key, named.json),
                ApiKeyChange::Refused => anyhow::bail!(gone(named)),
            }
        }
    }
    Ok(())
}

/// The key that works, or worked until it expired, of this name or id.
async fn find(service: &Service, namespace: &Namespace, named: &OneApiKey) -> anyhow::Result<ApiKey> {
    let keys = service.store.list_api_keys(&namespace.name).await?;
    let is_meant = |key: &ApiKey| key.name.as_str() == named.key || key.id.to_string() == named.key;
    let found = keys.into_iter().find(|key| key.revoked_at.is_none() && is_meant(key));
    found.with_context(|| format!("{} has no key {} that is not revoked", namespace.name, named.key))
}

fn gone(named: &OneApiKey) -> String {
    format!("the key {} was revoked by somebody else just now", named.key)
}

fn show(key: &ApiKey, as_json: bool) {
    line(&if as_json { api_key_json(key).to_string() } else { api_key_line(key) });
}

/// The one time that a key's text is seen: alone on its line, for whoever copies it.
fn hand_out(issued: &IssuedApiKey, as_json: bool) {
    if as_json {
        let mut printed = api_key_json(&issued.key);
        printed["api_key"] = json!(issued.text.expose());
        line(&printed.to_string());
        return;
    }
    line(&api_key_line(&issued.key));
    line("This is the key. It is not kept here and cannot be shown again:");
    line(issued.text.expose());
}
