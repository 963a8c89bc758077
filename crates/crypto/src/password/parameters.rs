//! What a hash costs: today's parameters, and the most that a stored hash may ask for.

use argon2::Params;

/// The least memory for new hashes, in KiB: the smallest that OWASP's password storage guidance lists.
pub const HASH_MEMORY_KIB_MIN: u32 = 7_168;
/// The most memory of any hash, in KiB (256 MiB). A stored hash that asks for more does not match.
pub const HASH_MEMORY_KIB_MAX: u32 = 262_144;
/// The most passes of any hash.
pub const HASH_PASSES_MAX: u32 = 16;
/// The most lanes of any hash. Lanes are computed one after the other, so they cost memory traffic only.
pub const HASH_LANES_MAX: u32 = 16;
/// The least of memory (KiB) times passes for new hashes: 7 MiB in five passes, the least work that OWASP
/// lists.
pub const HASH_WORK_MIN: u32 = 35_840;
/// The highest bcrypt cost that is verified (about two seconds of work).
pub const BCRYPT_COST_MAX: u32 = 15;

/// How many bytes a new salt has (RFC 9106 section 3.1).
pub(super) const SALT_LEN: usize = 16;
/// How many bytes a new hash has.
pub(super) const OUTPUT_LEN: usize = 32;

/// Argon2id's parameters for new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingParameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why parameters cannot be used for new hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersRejected {
    /// Memory out of range.
    #[error(
        "memory must be {HASH_MEMORY_KIB_MIN} to {HASH_MEMORY_KIB_MAX} KiB, and 8 KiB a lane at the least"
    )]
    Memory,
    /// Passes out of range.
    #[error("passes must be 1 to {HASH_PASSES_MAX}")]
    Passes,
    /// Lanes out of range.
    #[error("lanes must be 1 to {HASH_LANES_MAX}")]
    Lanes,
    /// Too little work altogether.
    #[error("memory (KiB) times passes must be at least {HASH_WORK_MIN}")]
    Work,
}

impl HashingParameters {
    /// Parameters: memory in KiB (`m`), passes (`t`), lanes (`p`).
    ///
    /// # Errors
    /// When one is out of range, or all together are too little work.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, ParametersRejected> {
        if memory_kib < HASH_MEMORY_KIB_MIN {
            return Err(ParametersRejected::Memory);
        }
        if passes > 0 && memory_kib.saturating_mul(passes) < HASH_WORK_MIN {
            return Err(ParametersRejected::Work);
        }
        Self::for_development(memory_kib, passes, lanes)
    }

    /// The same without the published floor: any work that Argon2id can do. Only a server that holds nobody's
    /// real password may use it.
    ///
    /// # Errors
    /// When one is out of range.
    pub const fn for_development(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> Result<Self, ParametersRejected> {
        if memory_kib < Params::MIN_M_COST || memory_kib > HASH_MEMORY_KIB_MAX {
            return Err(ParametersRejected::Memory);
        }
        if passes == 0 || passes > HASH_PASSES_MAX {
            return Err(ParametersRejected::Passes);
        }
        if lanes == 0 || lanes > HASH_LANES_MAX {
            return Err(ParametersRejected::Lanes);
        }
        if memory_kib < lanes.saturating_mul(8) {
            return Err(ParametersRejected::Memory);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    /// The least work that Argon2id can do. It protects no password: for tests alone, which hash often.
    pub const fn minimal_for_tests() -> Self {
        Self { memory_kib: Params::MIN_M_COST, passes: 1, lanes: 1 }
    }

    /// Memory, in KiB.
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }

    pub(super) fn to_argon2(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT_LEN))
    }
}

impl Default for HashingParameters {
    /// 19 MiB, two passes, one lane: OWASP's first choice, about 14 ms on one core.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_below_the_published_floor_or_above_the_maxima_are_refused() {
        for (memory, passes, lanes, expected) in [
            (7_167, 16, 1, ParametersRejected::Memory),
            (262_145, 1, 1, ParametersRejected::Memory),
            (19_456, 0, 1, ParametersRejected::Passes),
            (19_456, 17, 1, ParametersRejected::Passes),
            (19_456, 2, 0, ParametersRejected::Lanes),
            (19_456, 2, 17, ParametersRejected::Lanes),
            (7_168, 4, 1, ParametersRejected::Work),
            (19_456, 1, 1, ParametersRejected::Work),
        ] {
            assert_eq!(
                HashingParameters::new(memory, passes, lanes),
                Err(expected),
                "{memory} {passes} {lanes}"
            );
        }
        for (memory, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)] {
            let listed = HashingParameters::new(memory, passes, 1);
            assert!(listed.is_ok(), "{memory} {passes} is on the published list");
        }
        assert_eq!(HashingParameters::new(19_456, 2, 1), Ok(HashingParameters::default()));
    }

    #[test]
    fn development_has_no_floor_but_what_argon2id_can_do() {
        assert_eq!(HashingParameters::for_development(8, 1, 1), Ok(HashingParameters::minimal_for_tests()));
        for (memory, passes, lanes, expected) in [
            (7, 1, 1, ParametersRejected::Memory),
            (8, 1, 2, ParametersRejected::Memory),
            (8, 0, 1, ParametersRejected::Passes),
            (262_145, 1, 1, ParametersRejected::Memory),
        ] {
            let rejected = HashingParameters::for_development(memory, passes, lanes);
            assert_eq!(rejected, Err(expected), "{memory} {passes} {lanes}");
        }
    }
}
