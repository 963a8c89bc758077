//! Devices that signed in before. Strangers who guess can use up what strangers may, and never what these may.

use crate::allowances::DeviceProof;
use crate::ports::limiter::LimitKey;
use crate::service::{Namespace, Service};
use crate::tokens::CookieGrant;
use domain::device_token::{AccountDigest, DeviceToken};
use domain::email_address::EmailAddress;
use domain::secret::SecretText;

/// What stands for an account, whether or not it exists.
pub(crate) fn account_digest(
    service: &Service,
    namespace: &Namespace,
    email: &EmailAddress,
) -> AccountDigest {
    service.macs.limiter_key(&namespace.name, email)
}

/// A device that is known to an account.
#[derive(Clone, Copy)]
pub(crate) struct KnownDevice {
    token: DeviceToken,
    /// What it is counted under.
    pub(crate) key: LimitKey,
}

/// The device, if its proof is genuine, of this account, and not too old. Nothing is looked up for it.
pub(crate) fn known(
    service: &Service,
    namespace: &Namespace,
    account: &AccountDigest,
    proof: Option<DeviceProof>,
) -> Option<KnownDevice> {
    let DeviceProof { token, tag } = proof?;
    let is_genuine = service.macs.is_genuine(token.key, &token.signed_bytes(&namespace.name, account), &tag);
    let is_fresh = token.is_fresh(service.clock.now(), service.limits.device_known_for);
    (is_genuine && is_fresh).then(|| KnownDevice { token, key: token.limiter_key(account) })
}

/// A fresh token for a device that has just proved itself: of the same device if it was known already, so that its
/// row of failures stays one row.
pub(crate) fn remember(
    service: &Service,
    namespace: &Namespace,
    account: &AccountDigest,
    known: Option<KnownDevice>,
) -> Option<CookieGrant> {
    let mut device = [0; 16];
    match known {
        Some(known) => device = known.token.device,
        None => service.entropy.fill(&mut device),
    }
    let token = DeviceToken { key: service.macs.current_key(), device, issued_at: service.clock.now() };
    let tag = service.macs.tag(token.key, &token.signed_bytes(&namespace.name, account))?;
    let value = SecretText::new(token.encode(&tag));
    Some(CookieGrant { value, max_age: service.limits.device_known_for })
}
