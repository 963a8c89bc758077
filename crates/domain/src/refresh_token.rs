//! The refresh token: a self-contained, MACed reference to one generation of one slot of one session.
//!
//! No token is stored. The MAC proves that we made it, the salt ties it to the row, and the successor can be
//! made again at will, which is what lets a retry get the same answer. (RFC 9700 section 4.14)

use crate::ids::SessionId;
use crate::namespace::NamespaceName;
use crate::slot::{Salt, Slot};
use crate::time::UnixMillis;
use crate::token_text::{self, Fields, TAG_LEN};
use uuid::Uuid;

/// What every refresh token starts with; the digit is the format's version.
pub const REFRESH_PREFIX: &str = "mbr1_";
/// The exact length of a refresh token, in characters.
pub const REFRESH_TOKEN_LEN: usize = REFRESH_PREFIX.len() + 108;

const PAYLOAD_LEN: usize = 49;
const DOMAIN_TAG: &str = "minbil-auth refresh token v1";
const SLOT_COOKIE: u8 = 0b01;
const CLASS_BEARER: u8 = 0b10;

/// Which MAC key a token was made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacKeyId(pub u32);

/// An HMAC-SHA256 tag, full length.
pub type Tag = [u8; TAG_LEN];

/// What a refresh token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenClass {
    /// From sign-in or from a full token of the same slot: proves the owner and rotates.
    Full,
    /// Minted from an access token, or put into the body by a cookie-borne call: extends access until a
    /// deadline that is copied on and never moves.
    Bearer {
        /// When the chain ends.
        deadline: UnixMillis,
    },
}

/// A refresh token's content. Whether it is genuine is the MAC's business.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefreshToken {
    /// The key that its MAC was made under.
    pub key: MacKeyId,
    /// The session's salt, which a stolen key alone does not give.
    pub salt: Salt,
    /// The session it belongs to.
    pub session: SessionId,
    /// The chain it belongs to.
    pub slot: Slot,
    /// The generation of that chain.
    pub generation: u32,
    /// What it may do.
    pub class: TokenClass,
}

impl RefreshToken {
    /// The bytes that the MAC covers.
    pub fn signed_bytes(&self, namespace: &NamespaceName) -> Vec<u8> {
        token_text::signed_bytes(DOMAIN_TAG, namespace.as_str(), &[&self.payload()])
    }

    /// The token's text.
    pub fn encode(&self, tag: &Tag) -> String {
        token_text::encode(REFRESH_PREFIX, &self.payload(), tag)
    }

    /// Reads a token's text, strictly: one spelling for one token. `None` for anything else.
    pub fn decode(text: &str) -> Option<(Self, Tag)> {
        let (payload, tag) = token_text::decode::<PAYLOAD_LEN>(REFRESH_PREFIX, text)?;
        let mut fields = Fields::new(&payload);
        let key = MacKeyId(u32::from_be_bytes(fields.take()?));
        let salt = Salt(fields.take()?);
        let session = SessionId::new(Uuid::from_bytes(fields.take()?));
        let [flags] = fields.take::<1>()?;
        let generation = u32::from_be_bytes(fields.take()?);
        let deadline = i64::from_be_bytes(fields.take()?);
        let class = match (flags & CLASS_BEARER != 0, deadline) {
            (true, millis) => TokenClass::Bearer { deadline: UnixMillis::from_millis(millis) },
            (false, 0) => TokenClass::Full,
            (false, _) => return None,
        };
        if flags & !(SLOT_COOKIE | CLASS_BEARER) != 0 {
            return None;
        }
        let slot = if flags & SLOT_COOKIE != 0 { Slot::Cookie } else { Slot::Body };
        Some((Self { key, salt, session, slot, generation, class }, tag))
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let (class_flag, deadline) = match self.class {
            TokenClass::Full => (0, 0),
            TokenClass::Bearer { deadline } => (CLASS_BEARER, deadline.as_millis()),
        };
        let slot_flag = if self.slot == Slot::Cookie { SLOT_COOKIE } else { 0 };
        let session = self.session.uuid();
        let mut payload = [0; PAYLOAD_LEN];
        let fields: [&[u8]; 6] = [
            &self.key.0.to_be_bytes(),
            &self.salt.0,
            session.as_bytes(),
            &[class_flag | slot_flag],
            &self.generation.to_be_bytes(),
            &deadline.to_be_bytes(),
        ];
        let mut rest: &mut [u8] = &mut payload;
        for field in fields {
            let (head, tail) = rest.split_at_mut(field.len());
            head.copy_from_slice(field);
            rest = tail;
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_token() -> impl Strategy<Value = RefreshToken> {
        let class = prop_oneof![
            Just(TokenClass::Full),
            any::<i64>().prop_map(|at| TokenClass::Bearer { deadline: UnixMillis::from_millis(at) })
        ];
        (any::<u32>(), any::<[u8; 16]>(), any::<u128>(), any::<bool>(), any::<u32>(), class).prop_map(
            |(key, salt, id, cookie, generation, class)| RefreshToken {
                key: MacKeyId(key),
                salt: Salt(salt),
                session: SessionId::new(Uuid::from_u128(id)),
                slot: if cookie { Slot::Cookie } else { Slot::Body },
                generation,
                class,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(token in any_token(), tag: [u8; 32]) {
            let text = token.encode(&tag);
            prop_assert_eq!(text.len(), REFRESH_TOKEN_LEN);
            prop_assert_eq!(RefreshToken::decode(&text), Some((token, tag)));
        }

        #[test]
        fn any_text_is_read_without_panic_and_has_one_spelling(text in "\\PC{0,200}|mbr1_[A-Za-z0-9_-]{100,112}") {
            if let Some((token, tag)) = RefreshToken::decode(&text) {
                prop_assert_eq!(token.encode(&tag), text);
            }
        }

        #[test]
        fn cve_2026_27840_a_shortened_or_lengthened_token_is_not_read(token in any_token(), cut in 1usize..113) {
            let text = token.encode(&[7; 32]);
            prop_assert_eq!(RefreshToken::decode(&text[..text.len() - cut]), None);
            prop_assert_eq!(RefreshToken::decode(&text[cut..]), None);
            let longer = [text.clone() + "=", text.clone() + "A", text.clone() + "\n", " ".to_owned() + &text];
            prop_assert!(longer.iter().all(|text| RefreshToken::decode(text).is_none()));
        }

        #[test]
        fn every_field_is_under_the_mac(left in any_token(), right in any_token()) {
            let co = NamespaceName::parse("co").unwrap();
            let ws = NamespaceName::parse("ws").unwrap();
            prop_assert_eq!(left == right, left.signed_bytes(&co) == right.signed_bytes(&co));
            prop_assert_ne!(left.signed_bytes(&co), left.signed_bytes(&ws));
        }
    }
}
