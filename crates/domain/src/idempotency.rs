//! Idempotency keys (draft-ietf-httpapi-idempotency-key-header): a call that its client repeats under one key happens
//! once.
//!
//! Neither a key nor a body is ever stored. What stands for a key is a MAC of where it counts and of itself; what stands
//! for a body is a MAC of both, so that a dump of the database together with the root key still says nothing about a
//! password: whoever would try passwords would have to know the client's key, which is nowhere.

use crate::ids::UserId;
use crate::namespace::NamespaceName;
use crate::secret::SecretText;
use crate::token_text;
use zeroize::Zeroizing;

/// The fewest characters of a key. Keys of all clients of a call share one room, so a key has to be one that nobody
/// else thinks of; a UUID has 36.
pub const IDEMPOTENCY_KEY_MIN: usize = 16;
/// The most.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

const PLACE_TAG: &str = "minbil-auth idempotency place v1";
const BODY_TAG: &str = "minbil-auth idempotency body v1";

/// A key.
#[derive(Clone)]
pub struct IdempotencyKey(SecretText);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Idempotency-Key is one random text of 16 to 255 visible ASCII characters, such as a UUID, with or without double quotes."
)]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Reads a key: a string of RFC 8941, or the same without its quotes, which is what most clients send.
    ///
    /// # Errors
    /// When it is too short, too long, or holds what no key does.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let bare = match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or(InvalidIdempotencyKey)?,
            None => text,
        };
        let is_good = (IDEMPOTENCY_KEY_MIN..=IDEMPOTENCY_KEY_MAX).contains(&bare.len())
            && bare.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        if is_good { Ok(Self(SecretText::new(bare.to_owned()))) } else { Err(InvalidIdempotencyKey) }
    }
}

/// A call that can be asked to happen once, and for whom: where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceCall {
    /// Sign up.
    SignUp,
    /// Forgot password.
    ForgotPassword,
    /// Change password, of one user.
    ChangePassword(UserId),
}

impl OnceCall {
    /// The bytes whose MAC stands for a key of this call.
    pub fn place_bytes(self, namespace: &NamespaceName, key: &IdempotencyKey) -> Zeroizing<Vec<u8>> {
        self.bytes(PLACE_TAG, namespace, key, &[])
    }

    /// The bytes whose MAC stands for a body of this call under a key.
    pub fn body_bytes(
        self,
        namespace: &NamespaceName,
        key: &IdempotencyKey,
        body: &[&[u8]],
    ) -> Zeroizing<Vec<u8>> {
        self.bytes(BODY_TAG, namespace, key, body)
    }

    fn bytes(
        self,
        tag: &str,
        namespace: &NamespaceName,
        key: &IdempotencyKey,
        body: &[&[u8]],
    ) -> Zeroizing<Vec<u8>> {
        let (name, account) = match self {
            Self::SignUp => ("sign-up", [0; 16]),
            Self::ForgotPassword => ("forgot-password", [0; 16]),
            Self::ChangePassword(user) => ("change-password", *user.uuid().as_bytes()),
        };
        let mut parts = vec![name.as_bytes(), &account, key.0.expose().as_bytes()];
        parts.extend(body);
        Zeroizing::new(token_text::signed_bytes(tag, namespace.as_str(), &parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::parse(text).unwrap()
    }

    const UUID: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

    #[test]
    fn a_key_is_the_same_with_and_without_its_quotes() {
        let quoted = format!("\"{UUID}\"");
        assert_eq!(key(UUID).0.expose(), key(&quoted).0.expose());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (long, longest) = ("a".repeat(IDEMPOTENCY_KEY_MAX + 1), "a".repeat(IDEMPOTENCY_KEY_MAX));
        assert!(IdempotencyKey::parse(&longest).is_ok() && IdempotencyKey::parse(&longest[..16]).is_ok());
        for bad in [
            "",
            "\"",
            "\"\"",
            "fifteen-letters",
            "with a blank in it",
            "\"8e03978e-40d5-43dd-bc93",
            "8e03978e-40d5-43dd-bc93\"",
            "8e03978e-40d5-43dd\\bc93",
            "8e03978e-40d5-43dd-bc93-å",
            &long,
        ] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_counts_for_its_call_its_account_and_its_namespace_alone() {
        let [co, ws] = ["co", "ws"].map(|name| NamespaceName::parse(name).unwrap());
        let user = |id| OnceCall::ChangePassword(UserId::new(Uuid::from_u128(id)));
        let mut places = BTreeSet::new();
        for namespace in [&co, &ws] {
            for call in [OnceCall::SignUp, OnceCall::ForgotPassword, user(1), user(2)] {
                for text in [UUID, "another-key-of-some-length"] {
                    places.insert(call.place_bytes(namespace, &key(text)).to_vec());
                    places.insert(call.body_bytes(namespace, &key(text), &[b"a", b"bc"]).to_vec());
                    places.insert(call.body_bytes(namespace, &key(text), &[b"ab", b"c"]).to_vec());
                }
            }
        }
        assert_eq!(places.len(), 2 * 4 * 2 * 3);
    }
}
