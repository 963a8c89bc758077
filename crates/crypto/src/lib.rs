//! Keys, tokens and password hashing: the cryptographic adapters.
//!
//! Everything that is secret here comes from one root key ([`RootKeys`]), which is never in the database.
//! From it come the MACs of refresh and reset tokens ([`TokenMacs`]), the seals of password hashes
//! ([`HashingPool`]) and of signing keys ([`SigningKeyring`]). Time and randomness enter through
//! [`SystemClock`] and [`SystemEntropy`]. Nothing here stores anything, and no error or log line holds a key,
//! a token, a password or a hash.
//!
//! ```
//! use minbil_auth_crypto::{HashingOptions, HashingPool, Issuer, TokenMacs, RootKeys, SigningKeyring};
//! use minbil_auth_crypto::{SystemClock, SystemEntropy};
//! use app::ports::clock::Clock as _;
//! use app::ports::keys::{AccessTokens as _, SigningAlgorithm, SigningKeys as _};
//! use domain::namespace::NamespaceName;
//! use std::{collections::BTreeMap, sync::Arc};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = RootKeys::new_text(&SystemEntropy);
//! // In a server: `RootKeys::load(path)`, or `RootKeys::create(path)` when there is no file yet.
//! let root = RootKeys::parse(&text)?;
//! // Compare `root.fingerprints()` with the database's before anything else.
//! let macs = TokenMacs::new(&root);
//! let hasher = HashingPool::start(HashingOptions::default(), &root, Arc::new(SystemEntropy))?;
//! let co = NamespaceName::parse("co")?;
//! let issuer = Issuer { url: "https://api.minbil.no/api/co".to_owned(), algorithm: SigningAlgorithm::Es256 };
//! let issuers = BTreeMap::from([(co.clone(), issuer)]);
//! let keyring = SigningKeyring::new(&root, issuers, Arc::new(SystemClock), Arc::new(SystemEntropy));
//! // Stored keys are installed at start and after every rotation; a namespace without one gets its first.
//! let now = SystemClock.now();
//! keyring.install(&[keyring.generate(&co, now, now)?])?;
//! assert!(keyring.jwks(&co).contains("ES256"));
//! # let _ = (macs, hasher.counts());
//! # Ok(())
//! # }
//! ```

mod access_token;
mod audit_mac;
mod blocklist;
mod clock;
mod digest;
mod entropy;
mod password;
mod root_key;
mod sealing;
mod token_mac;

pub use access_token::{ACCESS_TOKEN_MAX, Issuer, SigningKeyring};
pub use audit_mac::AuditMacs;
pub use blocklist::{BreachedPasswords, CompileError, Compiled, compile_blocklist};
pub use clock::SystemClock;
pub use digest::sha256;
pub use entropy::SystemEntropy;
pub use password::{
    BCRYPT_COST_MAX, HASH_LANES_MAX, HASH_MEMORY_KIB_MAX, HASH_MEMORY_KIB_MIN, HASH_PASSES_MAX,
    HASH_WORK_MIN, HashingCounts, HashingOptions, HashingParameters, HashingPool, ParametersRejected,
    QUEUE_MAX_DEFAULT, QUEUE_WAIT_MAX_DEFAULT,
};
pub use root_key::{LineProblem, ROOT_KEY_TEXT_MAX, ROOT_KEYS_MAX, RootKeyError, RootKeys};
pub use token_mac::TokenMacs;
