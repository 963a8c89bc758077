//! The seals of the audit log.

use crate::root_key::RootKeys;
use app::ports::keys::ChainMac;
use aws_lc_rs::hmac;
use domain::refresh_token::{MacKeyId, Tag};

/// HMAC-SHA256 (RFC 2104) under keys of their own, derived from the root keys: who has the database alone cannot make
/// the chain again.
pub struct AuditMacs {
    keys: Vec<(u32, hmac::Key)>,
    current: MacKeyId,
}

impl AuditMacs {
    /// The seals under these root keys: new ones under the current one, those of retired ones still verify.
    pub fn new(root: &RootKeys) -> Self {
        Self { keys: root.audit_keys().to_vec(), current: MacKeyId(root.current_id()) }
    }
}

impl ChainMac for AuditMacs {
    fn current_key(&self) -> MacKeyId {
        self.current
    }

    fn tag(&self, key: MacKeyId, message: &[u8]) -> Option<Tag> {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == key.0)?;
        hmac::sign(key, message).as_ref().try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_key::testing::{key_line, root_keys};
    use crate::token_mac::TokenMacs;
    use app::ports::keys::TokenMac as _;

    #[test]
    fn a_retired_key_still_seals_and_no_token_is_a_seal() {
        let root = root_keys(&(key_line(2, 20) + &key_line(1, 10)));
        let (seals, tokens) = (AuditMacs::new(&root), TokenMacs::new(&root));
        assert_eq!(seals.current_key(), MacKeyId(2));
        let before = AuditMacs::new(&root_keys(&key_line(1, 10)));
        assert_eq!(seals.tag(MacKeyId(1), b"row"), before.tag(MacKeyId(1), b"row"));
        assert_ne!(seals.tag(MacKeyId(1), b"row"), seals.tag(MacKeyId(2), b"row"));
        assert_ne!(seals.tag(MacKeyId(2), b"row"), tokens.tag(MacKeyId(2), b"row"));
        assert_eq!(seals.tag(MacKeyId(3), b"row"), None);
    }
}
