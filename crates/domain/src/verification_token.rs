//! The mailed verification token: proof that whoever brings it reads the mailbox of an account.

use crate::account::CredentialEpoch;
use crate::email_address::EmailAddress;
use crate::ids::{UserId, VerificationId};
use crate::namespace::NamespaceName;
use crate::refresh_token::{MacKeyId, Tag};
use crate::time::UnixMillis;
use crate::token_text::{self, Fields};
use uuid::Uuid;

/// What every verification token starts with; the digit is the format's version.
pub const VERIFICATION_PREFIX: &str = "mbv1_";
/// The exact length of a verification token, in characters.
pub const VERIFICATION_TOKEN_LEN: usize = VERIFICATION_PREFIX.len() + 102;

const PAYLOAD_LEN: usize = 44;
const DOMAIN_TAG: &str = "minbil-auth verification token v1";

/// A verification token's content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerificationToken {
    /// The key that its MAC was made under.
    pub key: MacKeyId,
    /// Whose address it proves.
    pub user: UserId,
    /// Which proof it is: only the account's newest counts.
    pub verification: VerificationId,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

impl VerificationToken {
    /// The bytes that the MAC covers: beside the token's own fields the address that it was mailed to and the
    /// credential's epoch, so that it proves nothing of another address, and nothing after a change of the password.
    pub fn signed_bytes(
        &self,
        namespace: &NamespaceName,
        email: &EmailAddress,
        epoch: CredentialEpoch,
    ) -> Vec<u8> {
        let parts: [&[u8]; 3] = [&self.payload(), email.as_str().as_bytes(), &epoch.0.to_be_bytes()];
        token_text::signed_bytes(DOMAIN_TAG, namespace.as_str(), &parts)
    }

    /// The token's text.
    pub fn encode(&self, tag: &Tag) -> String {
        token_text::encode(VERIFICATION_PREFIX, &self.payload(), tag)
    }

    /// Reads a token's text, strictly. `None` for anything but one spelling.
    pub fn decode(text: &str) -> Option<(Self, Tag)> {
        let (payload, tag) = token_text::decode::<PAYLOAD_LEN>(VERIFICATION_PREFIX, text)?;
        let mut fields = Fields::new(&payload);
        let key = MacKeyId(u32::from_be_bytes(fields.take()?));
        let user = UserId::new(Uuid::from_bytes(fields.take()?));
        let verification = VerificationId::new(Uuid::from_bytes(fields.take()?));
        let expires_at = UnixMillis::from_millis(i64::from_be_bytes(fields.take()?));
        Some((Self { key, user, verification, expires_at }, tag))
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        payload[..4].copy_from_slice(&self.key.0.to_be_bytes());
        payload[4..20].copy_from_slice(self.user.uuid().as_bytes());
        payload[20..36].copy_from_slice(self.verification.uuid().as_bytes());
        payload[36..].copy_from_slice(&self.expires_at.as_millis().to_be_bytes());
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(user: u128, verification: u128, at: i64) -> VerificationToken {
        VerificationToken {
            key: MacKeyId(1),
            user: UserId::new(Uuid::from_u128(user)),
            verification: VerificationId::new(Uuid::from_u128(verification)),
            expires_at: UnixMillis::from_millis(at),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key: u32, user: u128, id: u128, at: i64, tag: [u8; 32]) {
            let token = VerificationToken { key: MacKeyId(key), ..token(user, id, at) };
            let text = token.encode(&tag);
            prop_assert_eq!(text.len(), VERIFICATION_TOKEN_LEN);
            prop_assert_eq!(VerificationToken::decode(&text), Some((token, tag)));
        }

        #[test]
        fn any_text_is_read_without_panic_and_has_one_spelling(text in "\\PC{0,140}|mbv1_[A-Za-z0-9_-]{98,106}") {
            if let Some((token, tag)) = VerificationToken::decode(&text) {
                prop_assert_eq!(token.encode(&tag), text);
            }
        }
    }

    #[test]
    fn a_token_is_bound_to_namespace_address_epoch_and_every_field() {
        let [co, ws] = ["co", "ws"].map(|name| NamespaceName::parse(name).unwrap());
        let [kari, ola] = ["kari@example.com", "ola@example.com"].map(|at| EmailAddress::parse(at).unwrap());
        let epoch = CredentialEpoch;
        let bytes = token(1, 2, 3).signed_bytes(&co, &kari, epoch(0));
        for (what, other) in [
            ("namespace", token(1, 2, 3).signed_bytes(&ws, &kari, epoch(0))),
            ("address", token(1, 2, 3).signed_bytes(&co, &ola, epoch(0))),
            ("epoch", token(1, 2, 3).signed_bytes(&co, &kari, epoch(1))),
            ("user", token(9, 2, 3).signed_bytes(&co, &kari, epoch(0))),
            ("verification", token(1, 9, 3).signed_bytes(&co, &kari, epoch(0))),
            ("expiry", token(1, 2, 9).signed_bytes(&co, &kari, epoch(0))),
        ] {
            assert_ne!(bytes, other, "{what}");
        }
    }
}
