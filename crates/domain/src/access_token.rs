//! What an access token says (RFC 9068). Its text form, a JWT, is an adapter's business.

use crate::ids::{SessionId, UserId};
use crate::slot::Slot;
use crate::time::UnixMillis;
use std::time::Duration;
use uuid::Uuid;

/// How far a verifier's clock may differ from ours (RFC 8725bis: small, and stated).
pub const ACCESS_TOKEN_LEEWAY: Duration = Duration::from_secs(60);
/// How long after its expiry an authentic access token may still end its own session.
pub const EXPIRED_SIGN_OUT_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The claims of an access token whose issuer and audience are its namespace's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The user (`sub`).
    pub user: UserId,
    /// The session (`sid`).
    pub session: SessionId,
    /// The chain that minted it (`slot`).
    pub slot: Slot,
    /// That chain's generation then (`gen`).
    pub generation: u32,
    /// The token's own id (`jti`).
    pub token_id: Uuid,
    /// When the password was last given (`auth_time`), whole seconds.
    pub authenticated_at: UnixMillis,
    /// `iat`, whole seconds.
    pub issued_at: UnixMillis,
    /// `exp`, whole seconds.
    pub expires_at: UnixMillis,
}

impl AccessClaims {
    /// Whether the token still opens anything at `now`, within the leeway.
    pub fn is_unexpired(&self, now: UnixMillis) -> bool {
        now < self.expires_at.plus(ACCESS_TOKEN_LEEWAY)
    }

    /// Whether the token may at least end its own session at `now`.
    pub fn may_end_its_session(&self, now: UnixMillis) -> bool {
        now < self.expires_at.plus(EXPIRED_SIGN_OUT_WINDOW)
    }
}
