//! `key new-root|list|rotate`

use super::user::in_namespace;
use crate::cli::Key;
use crate::output::{line, moment};
use app::audit::AuditContext;
use app::rotate_signing_keys::{KeyRotation, rotate};
use app::service::Service;
use std::time::Duration;

/// Runs the command (but `new-root`, which needs no service).
///
/// # Errors
/// When the namespace is not configured or the store fails.
pub async fn run(service: &Service, command: &Key, rotation: KeyRotation) -> anyhow::Result<()> {
    match command {
        Key::NewRoot => {}
        Key::List => {
            let mut keys = service.store.list_signing_keys().await?;
            keys.sort_by_key(|key| (key.namespace.clone(), key.activates_at));
            for key in keys {
                let (made, signs) = (moment(key.created_at), moment(key.activates_at));
                let (namespace, algorithm) = (&key.namespace, key.algorithm.name());
                line(&format!("{}  {namespace}  {algorithm}  published {made}  signs from {signs}", key.kid));
            }
        }
        Key::Rotate { namespace, now } => {
            let namespace = in_namespace(service, namespace)?;
            let ahead = if *now { Duration::ZERO } else { rotation.publish_ahead };
            rotate(service, namespace, ahead, AuditContext::operator()).await?;
            line("A new signing key is published.");
        }
    }
    Ok(())
}
