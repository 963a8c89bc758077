//! The stored form of a password hash: `v1.<root key id>.<base64url of nonce, ciphertext and tag>`.

use crate::sealing::{Sealer, SealingFailed};
use app::ports::clock::Entropy;
use app::ports::password_hasher::SealedPassword;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use zeroize::Zeroizing;

const VERSION: &str = "v1";
/// The longest stored form that is looked at, in bytes.
const SEALED_TEXT_MAX: usize = 1024;
const DOMAIN_TAG: &[u8] = b"minbil-auth password v1";

/// Whose password it is: what a seal is bound to, so that a row moved to another user opens nothing.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) namespace: NamespaceName,
    pub(super) user: UserId,
}

/// An opened seal.
pub(super) struct Opened {
    pub(super) hash: Zeroizing<String>,
    pub(super) key: u32,
}

impl Owner {
    pub(super) fn seal(
        &self,
        pepper: &Sealer,
        hash: &str,
        entropy: &dyn Entropy,
    ) -> Result<SealedPassword, SealingFailed> {
        let sealed = pepper.seal(&self.place(self.user.uuid().as_bytes()), hash.as_bytes(), entropy)?;
        Ok(SealedPassword(format!("{VERSION}.{}.{}", sealed.key, URL_SAFE_NO_PAD.encode(&sealed.bytes))))
    }

    /// The hash in `stored`; `None` when it is not a seal of ours for this owner.
    pub(super) fn open(&self, pepper: &Sealer, stored: &SealedPassword) -> Option<Opened> {
        if stored.0.len() > SEALED_TEXT_MAX {
            return None;
        }
        let (id, sealed) = stored.0.strip_prefix(VERSION)?.strip_prefix('.')?.split_once('.')?;
        let key: u32 = id.parse().ok()?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let opened = pepper.open(&self.place(self.user.uuid().as_bytes()), key, &sealed)?;
        let hash = Zeroizing::new(std::str::from_utf8(&opened).ok()?.to_owned());
        Some(Opened { hash, key })
    }

    fn place<'p>(&'p self, user: &'p [u8]) -> [&'p [u8]; 3] {
        [DOMAIN_TAG, self.namespace.as_str().as_bytes(), user]
    }
}
