//! Passwords that were found in breaches.

use crate::fault::Fault;
use async_trait::async_trait;
use domain::password::Password;

/// A list that is looked up here, never at somebody else's.
#[async_trait]
pub trait PasswordBlocklist: Send + Sync {
    /// Whether a password is on it, as it stands or in lower case.
    ///
    /// # Errors
    /// When the list cannot be read; a caller then refuses.
    async fn holds(&self, password: &Password) -> Result<bool, Fault>;
}
