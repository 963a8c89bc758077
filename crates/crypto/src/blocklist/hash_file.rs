//! A sorted file of hashes, and the search in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// What a file begins with; the digit is the format's version.
pub(super) const MAGIC: [u8; 8] = *b"mbpwsha1";
/// The beginning, and the number of hashes.
pub(super) const HEADER_LEN: usize = 16;
pub(super) const HASH_LEN: usize = 8;
/// How many hashes one read takes: a page of the system's cache.
const BLOCK: u64 = 512;

/// A sorted list of hashes.
pub(super) struct HashFile {
    place: Place,
    len: u64,
}

enum Place {
    Embedded(&'static [u8]),
    File(File),
}

impl HashFile {
    /// A list that is part of the program.
    pub(super) fn embedded(bytes: &'static [u8]) -> io::Result<Self> {
        Self::of(Place::Embedded(bytes), bytes.len() as u64)
    }

    /// A list in a file, which stays open: one that is put in its place counts from the next start on.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Self::of(Place::File(file), size)
    }

    fn of(place: Place, size: u64) -> io::Result<Self> {
        let wrong = |text| io::Error::new(io::ErrorKind::InvalidData, text);
        let mut header = [0; HEADER_LEN];
        place.read(&mut header, 0).map_err(|_| wrong("too short for a compiled list"))?;
        let (magic, count) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(wrong("not a list that `minbil-auth passwords compile` has made"));
        }
        let len = count.first_chunk().map_or(0, |count| u64::from_be_bytes(*count));
        if len.checked_mul(HASH_LEN as u64).and_then(|hashes| hashes.checked_add(HEADER_LEN as u64))
            != Some(size)
        {
            return Err(wrong("its length is not what its beginning says: it was cut off"));
        }
        Ok(Self { place, len })
    }

    /// How many there are.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Whether one is among them. Hashes are evenly spread, so the place of one can be guessed closely; every other guess
    /// is the middle, so that no file takes more than a few dozen reads.
    pub(super) fn holds(&self, hash: u64) -> io::Result<bool> {
        let (mut low, mut high) = (0, self.len);
        let mut guesses_closely = true;
        while low < high {
            let middle = low + (high - low) / 2;
            let guess = if guesses_closely { scaled(hash, self.len).clamp(low, high - 1) } else { middle };
            guesses_closely = !guesses_closely;
            let start = guess.saturating_sub(BLOCK / 2).max(low);
            let block = self.block(start, (high - start).min(BLOCK))?;
            match (block.first(), block.last()) {
                (Some(first), Some(last)) if hash < *first => {
                    debug_assert!(first <= last, "sorted");
                    high = start;
                }
                (Some(_), Some(last)) if hash > *last => low = start + block.len() as u64,
                _ => return Ok(block.binary_search(&hash).is_ok()),
            }
        }
        Ok(false)
    }

    fn block(&self, start: u64, count: u64) -> io::Result<Vec<u64>> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0) * HASH_LEN];
        self.place.read(&mut bytes, HEADER_LEN as u64 + start * HASH_LEN as u64)?;
        let (hashes, _) = bytes.as_chunks::<HASH_LEN>();
        Ok(hashes.iter().map(|hash| u64::from_be_bytes(*hash)).collect())
    }
}

/// Where a hash is likely to stand among `len` of them.
fn scaled(hash: u64, len: u64) -> u64 {
    u64::try_from((u128::from(hash) * u128::from(len)) >> 64).unwrap_or(0)
}

impl Place {
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(buffer, offset),
            Self::Embedded(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let found = start.checked_add(buffer.len()).and_then(|end| bytes.get(start..end));
                buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}
