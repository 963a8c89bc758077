//! Who is asked about. The child that makes the accounts and the parent that asks about them derive the same
//! addresses from the seed; all are of one form and length, and a class says nothing about the text.

use crate::random::Random;

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It has an account.
    Known,
    /// It has one that is switched off.
    Disabled,
    /// It has none.
    Unknown,
}

impl Class {
    /// As it is written in a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    const fn salt(self) -> u64 {
        match self {
            Self::Known => 0x6b6e_6f77_6e00_0001,
            Self::Disabled => 0x6f66_6600_0000_0002,
            Self::Unknown => 0x6e6f_6e65_0000_0003,
        }
    }
}

/// One address of a class.
pub(crate) fn address(seed: u64, class: Class, index: usize) -> String {
    let start = seed ^ class.salt() ^ (index as u64).wrapping_mul(0x2545_F491_4F6C_DD1D);
    format!("{:016x}@example.com", Random::new(start).next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn addresses_differ_and_have_one_length() {
        let mut seen = BTreeSet::new();
        for class in [Class::Known, Class::Disabled, Class::Unknown] {
            seen.extend((0..4000).map(|index| address(42, class, index)));
        }
        assert_eq!(seen.len(), 3 * 4000);
        assert!(seen.iter().all(|text| text.len() == 28));
    }
}
