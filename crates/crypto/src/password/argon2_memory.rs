//! One thread's hashing memory: reused from hash to hash, wiped when the thread has nothing to do.
//!
//! A fresh block of this size page-faults all the way on every hash, which costs up to half of the work. So it is kept, and
//! the system hands its pages out at a thread's first hash: until then they are address space that nobody occupies.

use super::counts::Counters;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::sync::Arc;
use zeroize::Zeroize;

/// Hashing failed: no memory, or parameters that the library refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("argon2: {0}")]
pub(super) struct Argon2Failed(argon2::Error);

impl From<argon2::Error> for Argon2Failed {
    fn from(error: argon2::Error) -> Self {
        Self(error)
    }
}

/// The memory of one hashing thread.
pub(super) struct Argon2Memory {
    blocks: Vec<Block>,
    counters: Arc<Counters>,
    is_dirty: bool,
}

impl Argon2Memory {
    pub(super) const fn new(counters: Arc<Counters>) -> Self {
        Self { blocks: Vec::new(), counters, is_dirty: false }
    }

    /// Makes room for a hash of these parameters without touching it, so that a size that cannot be had is found out
    /// now. A hash fills the room; whether the address has an account makes no difference to who pays for that.
    pub(super) fn reserve(&mut self, params: &Params) -> Result<(), Argon2Failed> {
        let (needed, had) = (params.block_count(), self.blocks.capacity());
        if needed <= had {
            return Ok(());
        }
        // A fresh vector: growing in place could copy what the old one holds and leave it unwiped.
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(needed).map_err(|_| argon2::Error::OutOfMemory)?;
        self.wipe();
        self.blocks = blocks;
        Counters::add(&self.counters.allocations, 1);
        Counters::add(&self.counters.memory_kib, (needed - had) as u64);
        Ok(())
    }

    /// Argon2id, version 19.
    pub(super) fn argon2id(
        &mut self,
        params: &Params,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), Argon2Failed> {
        self.reserve(params)?;
        if self.blocks.len() < params.block_count() {
            self.blocks.resize(params.block_count(), Block::new());
        }
        self.is_dirty = true;
        Counters::add(&self.counters.argon2, 1);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        Ok(argon2.hash_password_into_with_memory(password, salt, output, self.blocks.as_mut_slice())?)
    }

    /// Overwrites what the last hash left: from it a password could be guessed without the memory's cost.
    pub(super) fn wipe(&mut self) {
        if self.is_dirty {
            self.blocks.iter_mut().for_each(Zeroize::zeroize);
            self.is_dirty = false;
        }
    }
}

impl Drop for Argon2Memory {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Argon2Memory {
        Argon2Memory::new(Arc::new(Counters::default()))
    }

    #[test]
    fn the_reference_implementations_vectors_come_out_of_reused_memory() {
        let mut memory = memory();
        let vectors: [(u32, u32, u32, &str); 3] = [
            (65_536, 2, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
            (256, 2, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
            (256, 2, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        ];
        for (kib, passes, lanes, expected) in vectors {
            let params = Params::new(kib, passes, lanes, Some(32)).unwrap();
            let mut output = [0; 32];
            memory.argon2id(&params, b"password", b"somesalt", &mut output).unwrap();
            let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "m={kib} t={passes} p={lanes}");
        }
        let counts = memory.counters.read();
        assert_eq!((counts.argon2, counts.allocations, counts.memory_kib), (3, 1, 65_536));
    }

    #[test]
    fn reserved_memory_is_not_touched_before_the_first_hash_and_not_allocated_again_for_it() {
        let mut memory = memory();
        let params = Params::new(64, 1, 1, Some(32)).unwrap();
        memory.reserve(&params).unwrap();
        memory.wipe();
        let reserved = memory.blocks.as_ptr();
        assert_eq!((memory.blocks.len(), memory.blocks.capacity()), (0, 64));
        memory.argon2id(&params, b"password", b"somesalt", &mut [0; 32]).unwrap();
        assert_eq!((memory.blocks.len(), memory.blocks.as_ptr()), (64, reserved));
        assert_eq!(memory.counters.read().allocations, 1);
    }

    #[test]
    fn more_than_the_address_space_holds_is_an_error_when_it_is_reserved() {
        let mut memory = memory();
        let params = Params::new(u32::MAX, 1, 1, Some(32)).unwrap();
        // Four TiB: a machine that promises even that many shall not be made to keep the promise.
        let failed = memory.reserve(&params).err();
        assert!(matches!(failed, None | Some(Argon2Failed(argon2::Error::OutOfMemory))));
        assert_eq!(memory.blocks.len(), 0);
    }

    #[test]
    fn memory_grows_only_for_a_hash_that_needs_more_and_is_wiped() {
        let mut memory = memory();
        let params = |kib| Params::new(kib, 1, 1, Some(32)).unwrap();
        let mut output = [0; 32];
        for kib in [8, 64, 16, 64, 8] {
            memory.argon2id(&params(kib), b"password", b"somesalt", &mut output).unwrap();
        }
        let counts = memory.counters.read();
        assert_eq!((counts.allocations, counts.memory_kib), (2, 64));
        let is_wiped = |memory: &Argon2Memory| {
            memory.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
        };
        assert!(!is_wiped(&memory));
        memory.wipe();
        assert!(is_wiped(&memory));
    }
}
