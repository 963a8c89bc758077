//! MACs of refresh and reset tokens, and what stands for an address in a limiter.

use crate::digest::sha256;
use crate::root_key::RootKeys;
use app::ports::keys::TokenMac;
use aws_lc_rs::hmac;
use domain::api_key::{ApiKeySecret, SecretDigest};
use domain::email_address::EmailAddress;
use domain::namespace::NamespaceName;
use domain::refresh_token::{MacKeyId, Tag};

/// HMAC-SHA256 (RFC 2104) under keys derived from the root keys. The key schedules are computed once.
pub struct TokenMacs {
    keys: Vec<(u32, hmac::Key)>,
    current: MacKeyId,
    limiter: hmac::Key,
}

impl TokenMacs {
    /// The MACs under these root keys: new tokens under the current one, retired ones still verify.
    pub fn new(root: &RootKeys) -> Self {
        Self {
            keys: root.mac_keys().to_vec(),
            current: MacKeyId(root.current_id()),
            limiter: root.limiter_key().clone(),
        }
    }

    fn key(&self, id: MacKeyId) -> Option<&hmac::Key> {
        self.keys.iter().find(|(known, _)| *known == id.0).map(|(_, key)| key)
    }
}

impl TokenMac for TokenMacs {
    fn current_key(&self) -> MacKeyId {
        self.current
    }

    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<Tag> {
        hmac::sign(self.key(key)?, message).as_ref().try_into().ok()
    }

    fn is_genuine(&self, key: MacKeyId, message: &[u8], tag: &Tag) -> bool {
        // The id is public, so an unknown one may be answered sooner; the tag is compared in constant time.
        self.key(key).is_some_and(|key| hmac::verify(key, message, tag).is_ok())
    }

    fn limiter_key(&self, namespace: &NamespaceName, email: &EmailAddress) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&self.limiter);
        for part in [namespace.as_str(), email.as_str()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(mac.sign().as_ref());
        key
    }

    fn secret_digest(&self, secret: &ApiKeySecret) -> SecretDigest {
        sha256(secret.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_key::testing::{key_line, root_keys};

    fn macs(text: &str) -> TokenMacs {
        TokenMacs::new(&root_keys(text))
    }

    #[test]
    fn a_tag_is_genuine_for_its_key_and_message_only() {
        let macs = macs(&(key_line(2, 20) + &key_line(1, 10)));
        assert_eq!(macs.current_key(), MacKeyId(2));
        let tag = macs.tag(MacKeyId(2), b"message").unwrap();
        assert!(macs.is_genuine(MacKeyId(2), b"message", &tag));
        assert!(!macs.is_genuine(MacKeyId(2), b"massage", &tag));
        assert!(!macs.is_genuine(MacKeyId(1), b"message", &tag));
        assert!(!macs.is_genuine(MacKeyId(3), b"message", &tag));
        assert_eq!(macs.tag(MacKeyId(3), b"message"), None);
        for at in 0..tag.len() {
            let mut changed = tag;
            changed[at] ^= 0x80;
            assert!(!macs.is_genuine(MacKeyId(2), b"message", &changed), "byte {at}");
        }
    }

    #[test]
    fn a_retired_key_still_verifies_what_it_signed_and_an_unknown_one_does_not() {
        let before = macs(&key_line(1, 10));
        let tag = before.tag(MacKeyId(1), b"message").unwrap();
        let rotated = macs(&(key_line(2, 20) + &key_line(1, 10)));
        assert!(rotated.is_genuine(MacKeyId(1), b"message", &tag));
        let removed = macs(&key_line(2, 20));
        assert!(!removed.is_genuine(MacKeyId(1), b"message", &tag));
    }

    #[test]
    fn a_limiter_key_is_the_namespaces_and_the_canonical_addresss() {
        let macs = macs(&key_line(1, 10));
        let [co, ws] = ["co", "ws"].map(|name| NamespaceName::parse(name).unwrap());
        let [owner, other] =
            ["owner@minbil.io", "other@minbil.io"].map(|text| EmailAddress::parse(text).unwrap());
        assert_eq!(macs.limiter_key(&co, &owner), macs.limiter_key(&co, &owner));
        assert_ne!(macs.limiter_key(&co, &owner), macs.limiter_key(&ws, &owner));
        assert_ne!(macs.limiter_key(&co, &owner), macs.limiter_key(&co, &other));
    }
}
