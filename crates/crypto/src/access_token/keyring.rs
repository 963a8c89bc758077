//! The keys in use, by namespace, and the tokens they make and read.

use super::claims::{self, ClaimSet};
use super::compact;
use super::signing_key::{FreshKey, SigningKey};
use crate::root_key::RootKeys;
use crate::sealing::Sealer;
use app::fault::Fault;
use app::ports::clock::{Clock, Entropy};
use app::ports::keys::{AccessTokens, SigningAlgorithm, SigningKeyRecord, SigningKeys};
use domain::access_token::AccessClaims;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use domain::time::UnixMillis;
use jsonwebtoken::jwk::JwkSet;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

const DOMAIN_TAG: &[u8] = b"minbil-auth signing key v1";
/// The first byte of a sealed signing key.
const SEALED_VERSION: u8 = 1;
const EMPTY_JWKS: &str = r#"{"keys":[]}"#;

/// Who issues a namespace's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// `iss` and `aud` of its tokens: `<base_url>/api/<namespace>`.
    pub url: String,
    /// The algorithm of keys made from now on. Keys that are there keep theirs: they verify, and the newest
    /// active one signs, until the next rotation.
    pub algorithm: SigningAlgorithm,
}

/// Makes, keeps and uses the signing keys of every namespace.
pub struct SigningKeyring {
    wrapping: Arc<Sealer>,
    issuers: BTreeMap<NamespaceName, Issuer>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    in_use: RwLock<Arc<HashMap<NamespaceName, Keys>>>,
}

/// One namespace's keys.
struct Keys {
    issuer: String,
    /// By the moment from which they sign, the earliest first.
    by_activation: Vec<(UnixMillis, Arc<SigningKey>)>,
    by_kid: HashMap<String, Arc<SigningKey>>,
    jwks: String,
}

impl SigningKeyring {
    /// A keyring without keys: [`SigningKeys::install`] brings them.
    pub fn new(
        root: &RootKeys,
        issuers: BTreeMap<NamespaceName, Issuer>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { wrapping: root.wrapping(), issuers, clock, entropy, in_use: RwLock::default() }
    }

    fn in_use(&self) -> Arc<HashMap<NamespaceName, Keys>> {
        Arc::clone(&self.in_use.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn unseal(&self, record: &SigningKeyRecord) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = record.sealed.split_first()?;
        let (id, sealed) = rest.split_first_chunk::<4>()?;
        let place = place(&record.namespace, &record.kid, record.algorithm);
        (*version == SEALED_VERSION).then(|| self.wrapping.open(&place, u32::from_be_bytes(*id), sealed))?
    }

    fn parse(&self, record: &SigningKeyRecord, issuer: &str) -> Result<SigningKey, Fault> {
        let kid = &record.kid;
        let secret = self.unseal(record).ok_or_else(|| {
            Fault::internal(format!(
                "signing key {kid} is not sealed under any of our root keys, or was altered"
            ))
        })?;
        SigningKey::parse(kid, record.algorithm, &secret, issuer)
            .map_err(|error| Fault::internal(format!("signing key {kid}: {error}")))
    }
}

/// What a sealed key is bound to.
fn place<'p>(namespace: &'p NamespaceName, kid: &'p str, algorithm: SigningAlgorithm) -> [&'p [u8]; 4] {
    [DOMAIN_TAG, namespace.as_str().as_bytes(), kid.as_bytes(), algorithm.name().as_bytes()]
}

impl Keys {
    fn new(issuer: &str, mut by_activation: Vec<(UnixMillis, Arc<SigningKey>)>) -> Result<Self, Fault> {
        by_activation
            .sort_by(|(left_at, left), (right_at, right)| (left_at, &left.kid).cmp(&(right_at, &right.kid)));
        let jwks = JwkSet { keys: by_activation.iter().filter_map(|(_, key)| key.jwk.clone()).collect() };
        Ok(Self {
            issuer: issuer.to_owned(),
            by_kid: by_activation.iter().map(|(_, key)| (key.kid.clone(), Arc::clone(key))).collect(),
            by_activation,
            jwks: serde_json::to_string(&jwks).map_err(Fault::internal)?,
        })
    }

    /// The newest active key. Where none is active, the clock was put back since the first was made: the
    /// earliest signs then, which every verifier knows, because refusing everybody protects nobody.
    fn signing_at(&self, now: UnixMillis) -> Option<&SigningKey> {
        let active = self.by_activation.iter().rev().find(|(activates_at, _)| *activates_at <= now);
        active.or_else(|| self.by_activation.first()).map(|(_, key)| &**key)
    }

    fn read(&self, text: &str) -> Option<AccessClaims> {
        let json = compact::header_json(text)?;
        let header = compact::read_header(&json)?;
        let key = self.by_kid.get(header.kid.as_ref())?;
        // The key says which algorithm it is for; the header may only agree. (RFC 8725 section 3.1)
        if header.alg != key.algorithm.name() {
            return None;
        }
        let token = jsonwebtoken::decode::<ClaimSet<String>>(text, &key.decoding, &key.validation).ok()?;
        token.claims.read(&self.issuer)
    }
}

impl AccessTokens for SigningKeyring {
    fn issue(&self, namespace: &NamespaceName, claims: &AccessClaims) -> Result<SecretText, Fault> {
        let in_use = self.in_use();
        let keys = in_use.get(namespace);
        let (keys, key) = keys
            .and_then(|keys| Some((keys, keys.signing_at(self.clock.now())?)))
            .ok_or_else(|| Fault::internal(format!("namespace {namespace} has no active signing key")))?;
        let payload = claims::write(&keys.issuer, claims).map_err(Fault::internal)?;
        let mut text = compact::signing_input(&key.header, &payload);
        let signature = key.sign(text.as_bytes()).map_err(Fault::internal)?;
        compact::append_signature(&mut text, &signature);
        Ok(SecretText::new(text))
    }

    fn read(&self, namespace: &NamespaceName, text: &str) -> Option<AccessClaims> {
        self.in_use().get(namespace)?.read(text)
    }

    fn jwks(&self, namespace: &NamespaceName) -> String {
        self.in_use().get(namespace).map_or_else(|| EMPTY_JWKS.to_owned(), |keys| keys.jwks.clone())
    }
}

impl SigningKeys for SigningKeyring {
    fn generate(
        &self,
        namespace: &NamespaceName,
        created_at: UnixMillis,
        activates_at: UnixMillis,
    ) -> Result<SigningKeyRecord, Fault> {
        let issuer = self
            .issuers
            .get(namespace)
            .ok_or_else(|| Fault::internal(format!("namespace {namespace} is not configured")))?;
        let algorithm = issuer.algorithm;
        let fresh = FreshKey::generate(algorithm, self.entropy.as_ref()).map_err(Fault::internal)?;
        let sealed = self
            .wrapping
            .seal(&place(namespace, &fresh.kid, algorithm), &fresh.secret, self.entropy.as_ref())
            .map_err(Fault::internal)?;
        let mut bytes = vec![SEALED_VERSION];
        bytes.extend_from_slice(&sealed.key.to_be_bytes());
        bytes.extend_from_slice(&sealed.bytes);
        Ok(SigningKeyRecord {
            kid: fresh.kid,
            namespace: namespace.clone(),
            algorithm,
            sealed: bytes,
            created_at,
            activates_at,
        })
    }

    /// Records of namespaces that are not configured are passed over: taking one out of the configuration
    /// must not stop the others.
    fn install(&self, records: &[SigningKeyRecord]) -> Result<(), Fault> {
        let mut in_use = HashMap::new();
        for (namespace, issuer) in &self.issuers {
            let keys = records
                .iter()
                .filter(|record| record.namespace == *namespace)
                .map(|record| Ok((record.activates_at, Arc::new(self.parse(record, &issuer.url)?))))
                .collect::<Result<Vec<_>, Fault>>()?;
            in_use.insert(namespace.clone(), Keys::new(&issuer.url, keys)?);
        }
        *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(in_use);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
