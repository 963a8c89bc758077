//! Sealing: authenticated encryption of what the database keeps but must not know.
//!
//! AES-256-GCM-SIV (RFC 8452) with a random nonce: should a nonce ever repeat, it tells at most that two
//! plaintexts are equal. Every seal is bound to its place by associated data, so that a value moved to
//! another row, namespace or purpose does not open.

use app::ports::clock::Entropy;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

/// How many bytes a seal is longer than what it holds.
pub(crate) const SEAL_OVERHEAD: usize = NONCE_LEN + MAX_TAG_LEN;

/// The library refused to seal. It says no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealing failed")]
pub(crate) struct SealingFailed;

/// Sealing keys by root key id; the first one seals, all of them open.
pub(crate) struct Sealer {
    keys: Vec<(u32, LessSafeKey)>,
}

/// Sealed bytes (nonce, ciphertext, tag) and the root key that sealed them.
pub(crate) struct Sealed {
    pub(crate) key: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Sealer {
    /// A sealer of these keys, the current one first. `None` when the library refuses a key.
    pub(crate) fn new<'k>(keys: impl Iterator<Item = (u32, &'k [u8; 32])>) -> Option<Self> {
        let prepare = |(id, bytes): (u32, &[u8; 32])| {
            Some((id, LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).ok()?)))
        };
        Some(Self { keys: keys.map(prepare).collect::<Option<_>>()? })
    }

    /// The root key id that seals today; `None` for a sealer without keys.
    pub(crate) fn current(&self) -> Option<u32> {
        self.keys.first().map(|(id, _)| *id)
    }

    /// Seals `plaintext` to its `place` under the current key.
    pub(crate) fn seal(
        &self,
        place: &[&[u8]],
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Sealed, SealingFailed> {
        let (id, key) = self.keys.first().ok_or(SealingFailed)?;
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut bytes = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(plaintext);
        let aad = Aad::from(associated_data(place, *id));
        let tag = key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes[NONCE_LEN..])
            .map_err(|_| SealingFailed)?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(Sealed { key: *id, bytes })
    }

    /// Opens what was sealed to `place` under the root key `id`; `None` for anything else.
    pub(crate) fn open(&self, place: &[&[u8]], id: u32, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == id)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let aad = Aad::from(associated_data(place, id));
        let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

/// The place and key that a seal is bound to, each part with its length in front, so that no two places give
/// the same bytes.
fn associated_data(place: &[&[u8]], id: u32) -> Vec<u8> {
    let mut data = Vec::with_capacity(128);
    for part in place.iter().copied().chain([id.to_be_bytes().as_slice()]) {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn sealer(keys: &[(u32, [u8; 32])]) -> Sealer {
        Sealer::new(keys.iter().map(|(id, key)| (*id, key))).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let sealer = sealer(&[(7, [1; 32])]);
        let sealed = sealer.seal(&[b"tag", b"co", b"user"], b"plain", &SystemEntropy).unwrap();
        assert_eq!(sealed.key, 7);
        assert_eq!(sealed.bytes.len(), b"plain".len() + SEAL_OVERHEAD);
        let opened = sealer.open(&[b"tag", b"co", b"user"], 7, &sealed.bytes);
        assert_eq!(opened.as_deref().map(Vec::as_slice), Some(b"plain".as_slice()));
        for place in [[b"tag".as_slice(), b"ws", b"user"], [b"tag", b"cou", b"ser"], [b"gat", b"co", b"user"]]
        {
            assert!(sealer.open(&place, 7, &sealed.bytes).is_none());
        }
    }

    #[test]
    fn a_changed_cut_or_foreign_seal_does_not_open() {
        let ours = sealer(&[(1, [1; 32]), (2, [2; 32])]);
        let sealed = ours.seal(&[b"place"], b"plain", &SystemEntropy).unwrap();
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.bytes.clone();
            changed[at] ^= 1;
            assert!(ours.open(&[b"place"], 1, &changed).is_none(), "byte {at}");
            assert!(ours.open(&[b"place"], 1, &sealed.bytes[..at]).is_none(), "cut at {at}");
        }
        assert!(ours.open(&[b"place"], 2, &sealed.bytes).is_none(), "another of our keys");
        assert!(ours.open(&[b"place"], 3, &sealed.bytes).is_none(), "a key that we do not have");
        let theirs = sealer(&[(1, [9; 32])]);
        assert!(theirs.open(&[b"place"], 1, &sealed.bytes).is_none(), "the same id, another key");
    }

    #[test]
    fn the_same_plaintext_is_sealed_differently_each_time() {
        let sealer = sealer(&[(1, [1; 32])]);
        let seal = || sealer.seal(&[b"place"], b"plain", &SystemEntropy).unwrap().bytes;
        assert_ne!(seal(), seal());
    }
}
