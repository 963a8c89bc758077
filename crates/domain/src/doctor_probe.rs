//! The proof by which `doctor` asks a running server how a request looks from where the server stands. Only who has the
//! root key can make one, so nobody else learns which proxies there are.

use crate::namespace::NamespaceName;
use crate::refresh_token::{MacKeyId, Tag};
use crate::time::{UnixMillis, millis};
use crate::token_text::{self, Fields};
use std::time::Duration;

/// What every probe starts with; the digit is the format's version.
pub const PROBE_PREFIX: &str = "mbx1_";
/// How far a probe's moment may be from the server's: long enough for one request, too short to be kept for later.
pub const PROBE_VALID_FOR: Duration = Duration::from_secs(60);

const PAYLOAD_LEN: usize = 28;
const DOMAIN_TAG: &str = "minbil-auth doctor probe v1";

/// A probe's content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DoctorProbe {
    /// The key that its MAC was made under.
    pub key: MacKeyId,
    /// When it was made.
    pub made_at: UnixMillis,
    /// So that no two are alike.
    pub nonce: [u8; 16],
}

impl DoctorProbe {
    /// The bytes that the MAC covers.
    pub fn signed_bytes(&self, namespace: &NamespaceName) -> Vec<u8> {
        token_text::signed_bytes(DOMAIN_TAG, namespace.as_str(), &[&self.payload()])
    }

    /// The probe's text.
    pub fn encode(&self, tag: &Tag) -> String {
        token_text::encode(PROBE_PREFIX, &self.payload(), tag)
    }

    /// Reads a probe's text, strictly. `None` for anything but one spelling.
    pub fn decode(text: &str) -> Option<(Self, Tag)> {
        let (payload, tag) = token_text::decode::<PAYLOAD_LEN>(PROBE_PREFIX, text)?;
        let mut fields = Fields::new(&payload);
        let key = MacKeyId(u32::from_be_bytes(fields.take()?));
        let made_at = UnixMillis::from_millis(i64::from_be_bytes(fields.take()?));
        Some((Self { key, made_at, nonce: fields.take()? }, tag))
    }

    /// Whether it was made about now. A clock that is a little behind must not refuse it, so it counts both ways.
    pub fn is_fresh(&self, now: UnixMillis) -> bool {
        let age = now.as_millis().saturating_sub(self.made_at.as_millis());
        age.saturating_abs() <= millis(PROBE_VALID_FOR)
    }

    fn payload(&self) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        payload[..4].copy_from_slice(&self.key.0.to_be_bytes());
        payload[4..12].copy_from_slice(&self.made_at.as_millis().to_be_bytes());
        payload[12..].copy_from_slice(&self.nonce);
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset_token::ResetToken;
    use proptest::prelude::*;

    fn probe(at: i64) -> DoctorProbe {
        DoctorProbe { key: MacKeyId(1), made_at: UnixMillis::from_millis(at), nonce: [7; 16] }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_has_one_spelling(key: u32, at: i64, nonce: [u8; 16], tag: [u8; 32]) {
            let probe = DoctorProbe { key: MacKeyId(key), made_at: UnixMillis::from_millis(at), nonce };
            let text = probe.encode(&tag);
            prop_assert_eq!(DoctorProbe::decode(&text), Some((probe, tag)));
            let padded = text.clone() + "=";
            prop_assert_eq!(DoctorProbe::decode(&padded), None);
        }
    }

    #[test]
    fn a_probe_is_good_for_a_minute_either_way() {
        let limit = millis(PROBE_VALID_FOR);
        for (at, now, is_fresh) in [
            (0, 0, true),
            (0, limit, true),
            (limit, 0, true),
            (0, limit + 1, false),
            (limit + 1, 0, false),
            (i64::MIN, i64::MAX, false),
            (i64::MAX, i64::MIN, false),
        ] {
            assert_eq!(probe(at).is_fresh(UnixMillis::from_millis(now)), is_fresh, "{at} {now}");
        }
    }

    #[test]
    fn no_other_token_is_a_probe_and_a_probe_is_of_its_namespace() {
        let text = probe(1).encode(&[0; 32]);
        assert!(ResetToken::decode(&text).is_none());
        assert!(DoctorProbe::decode(&text.replace(PROBE_PREFIX, "mbp1_")).is_none());
        let of = |name| probe(1).signed_bytes(&NamespaceName::parse(name).unwrap());
        assert_ne!(of("co"), of("ws"));
    }
}
