//! From a published list of SHA-1 hashes to a file that can be searched.

use super::hash_file::{HASH_LEN, HEADER_LEN, MAGIC};
use std::io::{self, BufRead, Seek, SeekFrom, Write};

/// The longest line of a list: a hash, a colon, and a count.
const LINE_MAX: u64 = 128;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// How many hashes the file holds.
    pub hashes: u64,
    /// How many lines were twice what another said.
    pub repeated: u64,
}

/// Why a list cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A line is not a hash.
    #[error("line {line}: 40 hexadecimal digits, then perhaps a colon and a count")]
    NotAHash {
        /// Its number.
        line: u64,
    },
    /// A line comes before one that stands above it.
    #[error("line {line}: the list is not in order of the hashes; `LC_ALL=C sort` brings it in order")]
    NotSorted {
        /// Its number.
        line: u64,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Compiles a list in order of the hashes, one `SHA1` or `SHA1:COUNT` a line, as breached passwords are published. It
/// takes no memory, however long the list is.
///
/// # Errors
/// When the list is not what it should be, or reading or writing fails.
pub fn compile_blocklist(
    mut list: impl BufRead,
    target: &mut (impl Write + Seek),
) -> Result<Compiled, CompileError> {
    let mut done = Compiled { hashes: 0, repeated: 0 };
    target.write_all(&[0; HEADER_LEN])?;
    let (mut last, mut text, mut line) = (None, Vec::new(), 0);
    loop {
        text.clear();
        line += 1;
        if io::Read::take(&mut list, LINE_MAX).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let hash = first_bytes(text.trim_ascii()).ok_or(CompileError::NotAHash { line })?;
        match last {
            Some(before) if hash < before => return Err(CompileError::NotSorted { line }),
            Some(before) if hash == before => done.repeated += 1,
            _ => {
                target.write_all(&hash.to_be_bytes())?;
                done.hashes += 1;
            }
        }
        last = Some(hash);
    }
    target.seek(SeekFrom::Start(0))?;
    target.write_all(&MAGIC)?;
    target.write_all(&done.hashes.to_be_bytes())?;
    target.flush()?;
    Ok(done)
}

fn first_bytes(line: &[u8]) -> Option<u64> {
    let (digits, rest) = line.split_at_checked(40)?;
    let is_a_hash = digits.iter().all(u8::is_ascii_hexdigit);
    let has_a_count = rest.split_first().is_none_or(|(colon, count)| {
        *colon == b':' && !count.is_empty() && count.iter().all(u8::is_ascii_digit)
    });
    if !is_a_hash || !has_a_count {
        return None;
    }
    let first = std::str::from_utf8(&digits[..2 * HASH_LEN]).ok()?;
    u64::from_str_radix(first, 16).ok()
}
