//! What several fuzz targets need: a world with fixed keys and a clock that stands.

use app::ports::clock::{Clock, Entropy};
use app::ports::keys::{SigningAlgorithm, SigningKeys as _};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{Issuer, RootKeys, SigningKeyring, TokenMacs};
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `iss` and `aud` of namespace `co`.
pub const ISSUER: &str = "https://api.minbil.no/api/co";
/// The root key of this world: no secret, the bytes from 0 to 31.
const ROOT_KEY: &str = "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// Every byte that this world's generator gives.
const RANDOM_BYTE: u8 = 7;
const NOW: UnixMillis = UnixMillis::from_secs(1_770_000_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(RANDOM_BYTE);
    }
}

/// A namespace's name.
pub fn namespace(name: &str) -> NamespaceName {
    NamespaceName::parse(name).expect("a name of ours")
}

fn root_keys() -> RootKeys {
    RootKeys::parse(ROOT_KEY).expect("a root key")
}

/// The MACs of this world.
pub fn macs() -> TokenMacs {
    TokenMacs::new(&root_keys())
}

/// Access tokens of this world: a keyring of `co` and `ws`, and what it takes to sign anything for `co`.
pub struct Signing {
    /// The keyring under test.
    pub keyring: SigningKeyring,
    /// The id of the key of `co`.
    pub kid: String,
    pair: Ed25519KeyPair,
}

impl Signing {
    /// EdDSA, because its keys and signatures are the same in every run.
    pub fn new() -> Self {
        let issuer = |url: &str| Issuer { url: url.to_owned(), algorithm: SigningAlgorithm::EdDsa };
        let issuers = BTreeMap::from([
            (namespace("co"), issuer(ISSUER)),
            (namespace("ws"), issuer("https://api.minbil.no/api/ws")),
        ]);
        let keyring = SigningKeyring::new(&root_keys(), issuers, Arc::new(Stopped), Arc::new(Fixed));
        let record = |name| keyring.generate(&namespace(name), NOW, NOW).expect("a key");
        let records = [record("co"), record("ws")];
        keyring.install(&records).expect("keys that were just made");
        let kid = records[0].kid.clone();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[RANDOM_BYTE; 32]).expect("a seed");
        Self { keyring, kid, pair }
    }

    /// A token of any header and payload with a genuine signature.
    pub fn sign(&self, header: &[u8], payload: &[u8]) -> String {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Default for Signing {
    fn default() -> Self {
        Self::new()
    }
}
