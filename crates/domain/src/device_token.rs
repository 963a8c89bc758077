//! The device token: proof that somebody signed in to an account from here before. It opens nothing; it only keeps
//! strangers who guess from shutting the owner out.

use crate::namespace::NamespaceName;
use crate::refresh_token::{MacKeyId, Tag};
use crate::time::UnixMillis;
use crate::token_text::{self, Fields};
use std::time::Duration;

/// What every device token starts with; the digit is the format's version.
pub const DEVICE_PREFIX: &str = "mbd1_";
/// The exact length of a device token, in characters.
pub const DEVICE_TOKEN_LEN: usize = DEVICE_PREFIX.len() + 80;

const PAYLOAD_LEN: usize = 28;
const DOMAIN_TAG: &str = "minbil-auth device token v1";

/// What stands for an account in a limiter: a keyed hash of its canonical address.
pub type AccountDigest = [u8; 32];

/// A device token's content. The account is not in it, only in what its MAC covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceToken {
    /// The key that its MAC was made under.
    pub key: MacKeyId,
    /// 128 random bits that stay the same for as long as the device is remembered.
    pub device: [u8; 16],
    /// When it was made.
    pub issued_at: UnixMillis,
}

impl DeviceToken {
    /// The bytes that the MAC covers: beside the token's own fields the account, so that a token of one account
    /// is worth nothing for another.
    pub fn signed_bytes(&self, namespace: &NamespaceName, account: &AccountDigest) -> Vec<u8> {
        token_text::signed_bytes(DOMAIN_TAG, namespace.as_str(), &[&self.payload(), account])
    }

    /// Whether it still counts at `now`.
    pub fn is_fresh(&self, now: UnixMillis, remembered_for: Duration) -> bool {
        now.since(self.issued_at) < remembered_for
    }

    /// What stands for this device of this account in a limiter.
    pub fn limiter_key(&self, account: &AccountDigest) -> [u8; 32] {
        let mut key = [0; 32];
        key[..16].copy_from_slice(&account[..16]);
        key[16..].copy_from_slice(&self.device);
        key
    }

    /// The token's text.
    pub fn encode(&self, tag: &Tag) -> String {
        token_text::encode(DEVICE_PREFIX, &self.payload(), tag)
    }

    /// Reads a token's text, strictly. `None` for anything but one spelling.
    pub fn decode(text: &str) -> Option<(Self, Tag)> {
        let (payload, tag) = token_text::decode::<PAYLOAD_LEN>(DEVICE_PREFIX, text)?;
        let mut fields = Fields::new(&payload);
        let key = MacKeyId(u32::from_be_bytes(fields.take()?));
        let device = fields.take()?;
        let issued_at = UnixMillis::from_millis(i64::from_be_bytes(fields.take()?));
        Some((Self { key, device, issued_at }, tag))
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        payload[..4].copy_from_slice(&self.key.0.to_be_bytes());
        payload[4..20].copy_from_slice(&self.device);
        payload[20..].copy_from_slice(&self.issued_at.as_millis().to_be_bytes());
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key: u32, device: [u8; 16], at: i64, tag: [u8; 32]) {
            let issued_at = UnixMillis::from_millis(at);
            let token = DeviceToken { key: MacKeyId(key), device, issued_at };
            let text = token.encode(&tag);
            prop_assert_eq!(text.len(), DEVICE_TOKEN_LEN);
            prop_assert_eq!(DeviceToken::decode(&text), Some((token, tag)));
        }

        #[test]
        fn any_text_is_read_without_panic_and_has_one_spelling(text in "\\PC{0,120}|mbd1_[A-Za-z0-9_-]{76,84}") {
            if let Some((token, tag)) = DeviceToken::decode(&text) {
                prop_assert_eq!(token.encode(&tag), text);
            }
        }
    }

    #[test]
    fn a_token_is_bound_to_its_account_and_namespace() {
        let token = DeviceToken { key: MacKeyId(1), device: [7; 16], issued_at: UnixMillis::from_secs(9) };
        let [co, ws] = ["co", "ws"].map(|name| NamespaceName::parse(name).unwrap());
        assert_ne!(token.signed_bytes(&co, &[1; 32]), token.signed_bytes(&co, &[2; 32]));
        assert_ne!(token.signed_bytes(&co, &[1; 32]), token.signed_bytes(&ws, &[1; 32]));
        assert_ne!(token.limiter_key(&[1; 32]), token.limiter_key(&[2; 32]));
    }

    #[test]
    fn a_device_is_forgotten_in_the_end() {
        let token = DeviceToken { key: MacKeyId(1), device: [7; 16], issued_at: UnixMillis::from_secs(0) };
        let day = Duration::from_secs(24 * 3600);
        assert!(token.is_fresh(UnixMillis::from_secs(24 * 3600 - 1), day));
        assert!(!token.is_fresh(UnixMillis::from_secs(24 * 3600), day));
    }
}
