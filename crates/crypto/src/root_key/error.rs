//! Why root keys cannot be used.

use super::{KEY_LEN, ROOT_KEY_TEXT_MAX, ROOT_KEYS_MAX};
use std::io;
use std::path::PathBuf;

/// Why root keys cannot be used. No message holds any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file cannot be read or written.
    #[error("root key file {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The path names a directory, a device or the like.
    #[error("root key file {}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Others than its owner can reach the file.
    #[error("root key file {}: mode {mode:04o} lets others read it; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is no key in the text.
    #[error("no root key: expected a line `<id> <base64url of {KEY_LEN} bytes>`")]
    Missing,
    /// The text is longer than any set of root keys.
    #[error("the root key text is longer than {ROOT_KEY_TEXT_MAX} bytes")]
    TooLong,
    /// There are too many keys.
    #[error("more than {ROOT_KEYS_MAX} root keys; remove retired ones that nothing was made under any more")]
    TooMany,
    /// A line is not a key.
    #[error("root key line {line}: {problem}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// The cryptographic library failed.
    #[error("a key could not be derived from the root key")]
    Derivation,
}

/// What is wrong with one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// Not one or two words.
    #[error("expected `<id> <base64url of {KEY_LEN} bytes>`")]
    Shape,
    /// The id is not a number of the right size.
    #[error("the id must be a whole number from 1 to {}", u32::MAX)]
    Id,
    /// Only a line that stands alone may leave out its id.
    #[error("the id is missing; only a single key may go without one")]
    IdMissing,
    /// An id stands twice.
    #[error("this id stands twice")]
    IdTwice,
    /// A key stands twice.
    #[error("this key stands twice, under different ids")]
    KeyTwice,
    /// The key is not base64 of 32 bytes.
    #[error("the key must be base64url of exactly {KEY_LEN} bytes")]
    Key,
    /// All bytes are the same: a placeholder, not a key.
    #[error("the key is a placeholder: all its bytes are the same; use random ones")]
    Placeholder,
}
