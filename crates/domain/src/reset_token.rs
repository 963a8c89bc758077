//! The token of a mailed password reset: derived from the row and the account, never stored.

use crate::account::CredentialEpoch;
use crate::ids::{ResetId, UserId};
use crate::namespace::NamespaceName;
use crate::refresh_token::{MacKeyId, Tag};
use crate::time::UnixMillis;
use crate::token_text::{self, Fields};
use uuid::Uuid;

/// What every reset token starts with; the digit is the format's version.
pub const RESET_PREFIX: &str = "mbp1_";
/// The exact length of a reset token, in characters.
pub const RESET_TOKEN_LEN: usize = RESET_PREFIX.len() + 80;
/// How many resets of one account may be live at once. A further request sends nothing: a stranger who
/// keeps asking must not break the link that the owner is about to open.
pub const LIVE_RESETS_MAX: usize = 3;

const PAYLOAD_LEN: usize = 28;
const DOMAIN_TAG: &str = "minbil-auth reset token v1";

/// A reset token's content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResetToken {
    /// The key that its MAC was made under.
    pub key: MacKeyId,
    /// The row it belongs to.
    pub reset: ResetId,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

impl ResetToken {
    /// The bytes that the MAC covers: beside the token's own fields the user and the credential's epoch, so
    /// that any change of the credential voids every token mailed before it.
    pub fn signed_bytes(&self, namespace: &NamespaceName, user: UserId, epoch: CredentialEpoch) -> Vec<u8> {
        let user = user.uuid();
        let parts: [&[u8]; 3] = [&self.payload(), user.as_bytes(), &epoch.0.to_be_bytes()];
        token_text::signed_bytes(DOMAIN_TAG, namespace.as_str(), &parts)
    }

    /// The token's text.
    pub fn encode(&self, tag: &Tag) -> String {
        token_text::encode(RESET_PREFIX, &self.payload(), tag)
    }

    /// Reads a token's text, strictly. `None` for anything but one spelling.
    pub fn decode(text: &str) -> Option<(Self, Tag)> {
        let (payload, tag) = token_text::decode::<PAYLOAD_LEN>(RESET_PREFIX, text)?;
        let mut fields = Fields::new(&payload);
        let key = MacKeyId(u32::from_be_bytes(fields.take()?));
        let reset = ResetId::new(Uuid::from_bytes(fields.take()?));
        let expires_at = UnixMillis::from_millis(i64::from_be_bytes(fields.take()?));
        Some((Self { key, reset, expires_at }, tag))
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        payload[..4].copy_from_slice(&self.key.0.to_be_bytes());
        payload[4..20].copy_from_slice(self.reset.uuid().as_bytes());
        payload[20..].copy_from_slice(&self.expires_at.as_millis().to_be_bytes());
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key: u32, id: u128, at: i64, tag: [u8; 32]) {
            let token = ResetToken {
                key: MacKeyId(key),
                reset: ResetId::new(Uuid::from_u128(id)),
                expires_at: UnixMillis::from_millis(at),
            };
            let text = token.encode(&tag);
            prop_assert_eq!(text.len(), RESET_TOKEN_LEN);
            prop_assert_eq!(ResetToken::decode(&text), Some((token, tag)));
        }

        #[test]
        fn any_text_is_read_without_panic_and_has_one_spelling(text in "\\PC{0,120}|mbp1_[A-Za-z0-9_-]{76,84}") {
            if let Some((token, tag)) = ResetToken::decode(&text) {
                prop_assert_eq!(token.encode(&tag), text);
            }
        }
    }

    #[test]
    fn cve_2023_26481_a_token_is_bound_to_its_user_and_epoch() {
        let token = ResetToken {
            key: MacKeyId(1),
            reset: ResetId::new(Uuid::from_u128(7)),
            expires_at: UnixMillis::from_secs(9),
        };
        let co = NamespaceName::parse("co").unwrap();
        let bytes = |user: u128, epoch| {
            token.signed_bytes(&co, UserId::new(Uuid::from_u128(user)), CredentialEpoch(epoch))
        };
        assert_ne!(bytes(1, 0), bytes(2, 0));
        assert_ne!(bytes(1, 0), bytes(1, 1));
    }
}
