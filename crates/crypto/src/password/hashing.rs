//! What one piece of hashing work does, on whichever thread it runs.

use super::argon2_memory::{Argon2Failed, Argon2Memory};
use super::counts::Counters;
use super::parameters::{HashingParameters, OUTPUT_LEN, SALT_LEN};
use super::sealed_password::Owner;
use super::stored_hash::{StoredHash, UnusableHash};
use crate::sealing::{Sealer, SealingFailed};
use app::ports::clock::Entropy;
use app::ports::password_hasher::{SealedPassword, Verification};
use argon2::Params;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::password::Password;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The salt of work whose result is thrown away.
const WASTED_SALT: [u8; SALT_LEN] = [0; SALT_LEN];

/// Why a password could not be hashed. It says nothing about the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HashingFailed {
    #[error(transparent)]
    Argon2(#[from] Argon2Failed),
    #[error(transparent)]
    Sealing(#[from] SealingFailed),
}

/// Today's way to hash: parameters, pepper key and randomness.
pub(super) struct Hashing {
    parameters: HashingParameters,
    params: Params,
    pepper: Arc<Sealer>,
    entropy: Arc<dyn Entropy>,
    counters: Arc<Counters>,
}

impl Hashing {
    pub(super) fn new(
        parameters: HashingParameters,
        pepper: Arc<Sealer>,
        entropy: Arc<dyn Entropy>,
        counters: Arc<Counters>,
    ) -> Result<Self, Argon2Failed> {
        Ok(Self { parameters, params: parameters.to_argon2()?, pepper, entropy, counters })
    }

    pub(super) const fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn hash(
        &self,
        memory: &mut Argon2Memory,
        owner: &Owner,
        password: &Password,
    ) -> Result<SealedPassword, HashingFailed> {
        let mut salt = [0; SALT_LEN];
        self.entropy.fill(&mut salt);
        let mut output = Zeroizing::new([0; OUTPUT_LEN]);
        memory.argon2id(&self.params, password.expose(), &salt, output.as_mut())?;
        let hash = Zeroizing::new(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            self.parameters.memory_kib(),
            self.parameters.passes(),
            self.parameters.lanes(),
            STANDARD_NO_PAD.encode(salt),
            *Zeroizing::new(STANDARD_NO_PAD.encode(output.as_slice())),
        ));
        Ok(owner.seal(&self.pepper, &hash, self.entropy.as_ref())?)
    }

    /// A stored value that cannot be used is an operator's business, not the caller's: it is logged, and the
    /// answer takes as long as any other "no".
    pub(super) fn verify(
        &self,
        memory: &mut Argon2Memory,
        owner: &Owner,
        password: &Password,
        stored: &SealedPassword,
    ) -> Verification {
        let matches = match self.matches(memory, owner, password, stored) {
            Ok(matches) => matches,
            Err(reason) => {
                tracing::warn!(user = %owner.user, %reason, "a stored password hash cannot be verified");
                self.waste_a_hash(memory, password);
                false
            }
        };
        let is_outdated = matches && !self.is_current(owner, stored);
        let replacement = if is_outdated { self.rehash(memory, owner, password) } else { None };
        Verification { matches, replacement }
    }

    /// The password is right either way, so a failure here is logged and tried again at the next sign-in.
    fn rehash(
        &self,
        memory: &mut Argon2Memory,
        owner: &Owner,
        password: &Password,
    ) -> Option<SealedPassword> {
        self.hash(memory, owner, password)
            .inspect_err(|reason| tracing::warn!(user = %owner.user, %reason, "a password was not rehashed"))
            .ok()
    }

    pub(super) fn is_current(&self, owner: &Owner, stored: &SealedPassword) -> bool {
        owner.open(&self.pepper, stored).is_some_and(|opened| {
            self.pepper.current() == Some(opened.key)
                && StoredHash::parse(&opened.hash).is_ok_and(|hash| hash.is_of(&self.parameters))
        })
    }

    pub(super) fn import(&self, owner: &Owner, foreign: &str) -> Result<SealedPassword, String> {
        let foreign = foreign.trim();
        StoredHash::parse(foreign).map_err(|reason| reason.to_string())?;
        owner
            .seal(&self.pepper, foreign, self.entropy.as_ref())
            .map_err(|_| "The hash could not be sealed.".to_owned())
    }

    fn matches(
        &self,
        memory: &mut Argon2Memory,
        owner: &Owner,
        password: &Password,
        stored: &SealedPassword,
    ) -> Result<bool, CannotVerify> {
        let opened = owner.open(&self.pepper, stored).ok_or(CannotVerify::NotOurSeal)?;
        match StoredHash::parse(&opened.hash)? {
            StoredHash::Argon2id(hash) => Ok(hash.matches(memory, password.expose())?),
            StoredHash::Bcrypt(hash) => {
                Counters::add(&self.counters.bcrypt, 1);
                Ok(hash.matches(password.expose()))
            }
        }
    }

    fn waste_a_hash(&self, memory: &mut Argon2Memory, password: &Password) {
        let mut output = Zeroizing::new([0; OUTPUT_LEN]);
        if let Err(error) = memory.argon2id(&self.params, password.expose(), &WASTED_SALT, output.as_mut()) {
            tracing::warn!(%error, "a refusal could not be given the work of a match");
        }
    }
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
enum CannotVerify {
    #[error("it is not sealed for this user under any of our root keys")]
    NotOurSeal,
    #[error(transparent)]
    Unusable(#[from] UnusableHash),
    #[error(transparent)]
    Argon2(#[from] Argon2Failed),
}
