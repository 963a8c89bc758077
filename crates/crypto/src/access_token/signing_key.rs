//! One signing key, parsed once: signs with the cryptographic library, verifies with exactly its own
//! algorithm.

use super::compact::Header;
use app::ports::clock::Entropy;
use app::ports::keys::SigningAlgorithm;
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters, EllipticCurveKeyType,
    Jwk, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use zeroize::Zeroizing;

/// Bytes of an Ed25519 seed, an HMAC key, and a coordinate of P-256.
const SECRET_LEN: usize = 32;
/// Bytes of a random `kid`.
const RANDOM_KID_LEN: usize = 16;
/// What an uncompressed point begins with (SEC 1 section 2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;

/// Why a key cannot be made or used. It says nothing about the key.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("the cryptographic library could not make or use a signing key")]
    Library,
    #[error("a signing key has the wrong length or form")]
    Form,
    #[error("a signing key's id is not the thumbprint of its public key")]
    Thumbprint,
    #[error("jwt library: {0}")]
    Jwt(#[from] jsonwebtoken::errors::Error),
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self::Library
    }
}

impl From<KeyRejected> for KeyError {
    fn from(_: KeyRejected) -> Self {
        Self::Form
    }
}

/// A signing key at work.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) algorithm: SigningAlgorithm,
    /// The header's part of every token of this key, the dot included.
    pub(super) header: String,
    /// The public key; none for a shared secret.
    pub(super) jwk: Option<Jwk>,
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
    signer: Signer,
}

pub(super) enum Signer {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
    Hs256(Box<hmac::Key>),
}

/// The private part of a fresh key (PKCS #8 for ES256, a seed for EdDSA, the key itself for HS256) and its
/// id.
pub(super) struct FreshKey {
    pub(super) kid: String,
    pub(super) secret: Zeroizing<Vec<u8>>,
}

impl FreshKey {
    pub(super) fn generate(algorithm: SigningAlgorithm, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let secret = match algorithm {
            SigningAlgorithm::Es256 => {
                // The library makes this key from its own generator: P-256 keys are not just any bytes.
                let document =
                    EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
                Zeroizing::new(document.as_ref().to_vec())
            }
            SigningAlgorithm::EdDsa | SigningAlgorithm::Hs256 => {
                let mut secret = Zeroizing::new(vec![0; SECRET_LEN]);
                entropy.fill(&mut secret);
                secret
            }
        };
        let kid = match Signer::parse(algorithm, &secret)?.jwk()? {
            Some(jwk) => jwk.thumbprint(ThumbprintHash::SHA256)?,
            // A thumbprint of a shared secret would let anybody test guesses of it.
            None => {
                let mut random = [0; RANDOM_KID_LEN];
                entropy.fill(&mut random);
                URL_SAFE_NO_PAD.encode(random)
            }
        };
        Ok(Self { kid, secret })
    }
}

impl SigningKey {
    /// The key of an unsealed record, for tokens whose issuer and audience are `issuer`.
    pub(super) fn parse(
        kid: &str,
        algorithm: SigningAlgorithm,
        secret: &[u8],
        issuer: &str,
    ) -> Result<Self, KeyError> {
        let signer = Signer::parse(algorithm, secret)?;
        let mut jwk = signer.jwk()?;
        if let Some(jwk) = &mut jwk {
            if jwk.thumbprint(ThumbprintHash::SHA256)? != kid {
                return Err(KeyError::Thumbprint);
            }
            jwk.common.key_id = Some(kid.to_owned());
        }
        let decoding = match &jwk {
            Some(jwk) => DecodingKey::from_jwk(jwk)?,
            None => DecodingKey::from_secret(secret),
        };
        Ok(Self {
            kid: kid.to_owned(),
            algorithm,
            header: Header::new(algorithm.name(), kid).encode()?,
            jwk,
            decoding,
            validation: validation(algorithm, issuer),
            signer,
        })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.sign(message)
    }
}

/// What the library checks: this one algorithm, and that these claims are there and are the issuer's. Expiry
/// is the caller's business.
fn validation(algorithm: SigningAlgorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(match algorithm {
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
        SigningAlgorithm::Hs256 => Algorithm::HS256,
    });
    validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.validate_exp = false;
    validation
}

impl Signer {
    pub(super) fn parse(algorithm: SigningAlgorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Ok(match algorithm {
            SigningAlgorithm::Es256 => {
                Self::Es256(Box::new(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret)?))
            }
            SigningAlgorithm::EdDsa => Self::EdDsa(Box::new(Ed25519KeyPair::from_seed_unchecked(secret)?)),
            SigningAlgorithm::Hs256 if secret.len() >= SECRET_LEN => {
                Self::Hs256(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
            }
            SigningAlgorithm::Hs256 => return Err(KeyError::Form),
        })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match self {
            Self::Es256(pair) => pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Self::EdDsa(pair) => pair.try_sign(message)?.as_ref().to_vec(),
            Self::Hs256(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }

    /// The public key as a JWK (RFC 7517, RFC 8037), still without an id.
    pub(super) fn jwk(&self) -> Result<Option<Jwk>, KeyError> {
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (algorithm, key_algorithm) = match self {
            Self::Es256(pair) => {
                let (x, y) = match pair.public_key().as_ref().split_first() {
                    Some((&UNCOMPRESSED_POINT, xy)) if xy.len() == 2 * SECRET_LEN => xy.split_at(SECRET_LEN),
                    _ => return Err(KeyError::Form),
                };
                let parameters = EllipticCurveKeyParameters {
                    key_type: EllipticCurveKeyType::EC,
                    curve: EllipticCurve::P256,
                    x: coordinate(x),
                    y: coordinate(y),
                };
                (AlgorithmParameters::EllipticCurve(parameters), KeyAlgorithm::ES256)
            }
            Self::EdDsa(pair) => {
                let parameters = OctetKeyPairParameters {
                    key_type: OctetKeyPairType::OctetKeyPair,
                    curve: EllipticCurve::Ed25519,
                    x: coordinate(pair.public_key().as_ref()),
                };
                (AlgorithmParameters::OctetKeyPair(parameters), KeyAlgorithm::EdDSA)
            }
            Self::Hs256(_) => return Ok(None),
        };
        let common = CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(key_algorithm),
            ..CommonParameters::default()
        };
        Ok(Some(Jwk { common, algorithm }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn rfc_8037_the_ed25519_example_has_its_published_signature_and_thumbprint() {
        let signer =
            Signer::parse(SigningAlgorithm::EdDsa, &decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
                .unwrap();
        let jwk = signer.jwk().unwrap().unwrap();
        let thumbprint = jwk.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signature = signer.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn rfc_7515_the_hs256_example_has_its_published_signature() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let signer = Signer::parse(SigningAlgorithm::Hs256, &decode(key)).unwrap();
        let input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = signer.sign(input.as_bytes()).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(signature), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(signer.jwk().unwrap().is_none());
    }

    #[test]
    fn a_private_key_of_the_wrong_form_is_refused() {
        for algorithm in SigningAlgorithm::ALL {
            for secret in [&[][..], &[1; 31], &[0x30; 47]] {
                let too_short = algorithm != SigningAlgorithm::Hs256 || secret.len() < SECRET_LEN;
                assert_eq!(
                    Signer::parse(algorithm, secret).is_err(),
                    too_short,
                    "{algorithm:?} {}",
                    secret.len()
                );
            }
        }
    }
}
