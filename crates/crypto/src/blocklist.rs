//! Breached passwords, looked up in a sorted file of hashes.
//!
//! The file holds the first eight bytes of each SHA-1 in ascending order. A look-up reads a few blocks of it, so a list of
//! any size takes no memory but the system's page cache, and a wrong hit has a probability of the list's length in 2^64.
//! SHA-1 is the name under which breached passwords are published; nothing is kept secret by it.

mod compile;
mod hash_file;

pub use compile::{CompileError, Compiled, compile_blocklist};

use self::hash_file::HashFile;
use app::fault::Fault;
use app::ports::password_blocklist::PasswordBlocklist;
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use domain::password::Password;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The most common ones of at least eight characters, from the ranked list of zxcvbn (see `blocklist/README.md`).
const COMMON: &[u8] = include_bytes!("blocklist/common.hashes");

/// The list that comes with the program, and perhaps a bigger one.
pub struct BreachedPasswords {
    common: HashFile,
    bigger: Option<Arc<HashFile>>,
}

impl BreachedPasswords {
    /// The list that comes with the program, and the compiled one of a file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a compiled list.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        let bigger = file.map(HashFile::open).transpose()?.map(Arc::new);
        Ok(Self { common: HashFile::embedded(COMMON)?, bigger })
    }

    /// How many hashes there are.
    pub fn len(&self) -> u64 {
        self.common.len() + self.bigger.as_ref().map_or(0, |file| file.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl PasswordBlocklist for BreachedPasswords {
    async fn holds(&self, password: &Password) -> Result<bool, Fault> {
        let hashes = hashes_of(password);
        if any(&self.common, &hashes).map_err(Fault::unavailable)? {
            return Ok(true);
        }
        let Some(file) = self.bigger.clone() else { return Ok(false) };
        // A disk may be slow, and this must not hold anybody else up.
        let looked = tokio::task::spawn_blocking(move || any(&file, &hashes)).await;
        looked.map_err(Fault::internal)?.map_err(Fault::unavailable)
    }
}

fn any(file: &HashFile, hashes: &[u64]) -> io::Result<bool> {
    for hash in hashes {
        if file.holds(*hash)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Of the password as it stands, and in lower case: a capital at the front is what everybody adds first.
fn hashes_of(password: &Password) -> Vec<u64> {
    let exact = password.expose();
    let mut hashes = vec![hash(exact)];
    if let Ok(text) = std::str::from_utf8(exact) {
        hashes.push(hash(zeroize::Zeroizing::new(text.to_lowercase()).as_bytes()));
    }
    hashes
}

/// The first eight bytes of the SHA-1.
fn hash(bytes: &[u8]) -> u64 {
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
    sha1.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests;
