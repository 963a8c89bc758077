//! Reading a stored or imported hash. Whoever wrote it chose its cost, so the cost is bounded here.

use super::argon2_memory::{Argon2Failed, Argon2Memory};
use super::parameters::{
    BCRYPT_COST_MAX, HASH_LANES_MAX, HASH_MEMORY_KIB_MAX, HASH_PASSES_MAX, HashingParameters, OUTPUT_LEN,
    SALT_LEN,
};
use argon2::{ARGON2ID_IDENT, Params, PasswordHash};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};
use zeroize::Zeroizing;

/// The longest hash text, in bytes.
const HASH_TEXT_MAX: usize = 256;
/// The shortest Argon2id output that is accepted from elsewhere, in bytes.
const FOREIGN_OUTPUT_MIN: usize = 16;
const ARGON2_VERSION: u32 = 0x13;

const BCRYPT_COST_MIN: u32 = 4;
const BCRYPT_TEXT_LEN: usize = 60;
const BCRYPT_SALT_TEXT_LEN: usize = 22;
const BCRYPT_OUTPUT_LEN: usize = 23;
/// bcrypt looks at no byte after these. (CVE-2025-22228)
const BCRYPT_PASSWORD_MAX: usize = 72;
/// Other implementations leave arbitrary bits in the last character of a salt; those bits never counted.
const BCRYPT_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

/// Why a hash cannot be verified here, as a sentence for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnusableHash {
    #[error("The hash is neither Argon2id in PHC form ($argon2id$v=19$…) nor bcrypt ($2a$, $2b$, $2y$).")]
    UnknownForm,
    #[error("The hash is damaged: it has the beginning of a known form and does not read as one.")]
    Malformed,
    #[error(
        "The hash asks for more work than is allowed: at most {HASH_MEMORY_KIB_MAX} KiB of memory, \
         {HASH_PASSES_MAX} passes and {HASH_LANES_MAX} lanes, or bcrypt cost {BCRYPT_COST_MAX}."
    )]
    TooExpensive,
    #[error(
        "The hash uses Argon2 fields that cannot be verified here (keyid, data), or an output that is too short."
    )]
    Unsupported,
}

/// A hash that can be verified here.
pub(super) enum StoredHash {
    Argon2id(Argon2idHash),
    Bcrypt(BcryptHash),
}

pub(super) struct Argon2idHash {
    params: Params,
    salt: Vec<u8>,
    output: Zeroizing<Vec<u8>>,
}

pub(super) struct BcryptHash {
    cost: u32,
    salt: [u8; 16],
    output: Zeroizing<[u8; BCRYPT_OUTPUT_LEN]>,
}

impl StoredHash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        if text.len() > HASH_TEXT_MAX || !text.is_ascii() {
            return Err(UnusableHash::Malformed);
        }
        if text.starts_with("$argon2id$") {
            return Argon2idHash::parse(text).map(Self::Argon2id);
        }
        if ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix)) {
            return BcryptHash::parse(text).map(Self::Bcrypt);
        }
        Err(UnusableHash::UnknownForm)
    }

    /// Whether a new hash of the same password would look like this one.
    pub(super) fn is_of(&self, parameters: &HashingParameters) -> bool {
        match self {
            Self::Argon2id(hash) => hash.is_of(parameters),
            Self::Bcrypt(_) => false,
        }
    }
}

impl Argon2idHash {
    fn parse(text: &str) -> Result<Self, UnusableHash> {
        let hash = PasswordHash::new(text).map_err(|_| UnusableHash::Malformed)?;
        if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(ARGON2_VERSION) {
            return Err(UnusableHash::UnknownForm);
        }
        let params = Params::try_from(&hash).map_err(|_| UnusableHash::Malformed)?;
        let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
            return Err(UnusableHash::Malformed);
        };
        let is_cheap_enough = params.m_cost() <= HASH_MEMORY_KIB_MAX
            && params.t_cost() <= HASH_PASSES_MAX
            && params.p_cost() <= HASH_LANES_MAX;
        if !is_cheap_enough {
            return Err(UnusableHash::TooExpensive);
        }
        if !params.keyid().is_empty() || !params.data().is_empty() || output.len() < FOREIGN_OUTPUT_MIN {
            return Err(UnusableHash::Unsupported);
        }
        let salt: &[u8] = salt.as_ref();
        Ok(Self { params, salt: salt.to_vec(), output: Zeroizing::new(output.as_bytes().to_vec()) })
    }

    fn is_of(&self, parameters: &HashingParameters) -> bool {
        self.params.m_cost() == parameters.memory_kib()
            && self.params.t_cost() == parameters.passes()
            && self.params.p_cost() == parameters.lanes()
            && self.salt.len() == SALT_LEN
            && self.output.len() == OUTPUT_LEN
    }

    pub(super) fn matches(&self, memory: &mut Argon2Memory, password: &[u8]) -> Result<bool, Argon2Failed> {
        let mut computed = Zeroizing::new(vec![0; self.output.len()]);
        memory.argon2id(&self.params, password, &self.salt, &mut computed)?;
        Ok(verify_slices_are_equal(&computed, &self.output).is_ok())
    }
}

impl BcryptHash {
    /// `$2b$` cost `$` salt output, 60 characters. Read here, because the library's reader and its cost limit
    /// are made for hashes that one wrote oneself. (RUSTSEC-2026-0199)
    fn parse(text: &str) -> Result<Self, UnusableHash> {
        let bytes = text.as_bytes();
        if bytes.len() != BCRYPT_TEXT_LEN || bytes[6] != b'$' {
            return Err(UnusableHash::Malformed);
        }
        let is_number = bytes[4..6].iter().all(u8::is_ascii_digit);
        let cost: u32 = text[4..6].parse().ok().filter(|_| is_number).ok_or(UnusableHash::Malformed)?;
        if cost < BCRYPT_COST_MIN {
            return Err(UnusableHash::Malformed);
        }
        if cost > BCRYPT_COST_MAX {
            return Err(UnusableHash::TooExpensive);
        }
        let (salt, output) = text[7..].split_at(BCRYPT_SALT_TEXT_LEN);
        let decode = |text: &str| BCRYPT_BASE64.decode(text).map_err(|_| UnusableHash::Malformed);
        let salt = decode(salt)?.try_into().map_err(|_| UnusableHash::Malformed)?;
        let output: [u8; BCRYPT_OUTPUT_LEN] =
            decode(output)?.try_into().map_err(|_| UnusableHash::Malformed)?;
        Ok(Self { cost, salt, output: Zeroizing::new(output) })
    }

    /// A password that bcrypt would shorten never matches, nor one with a NUL: the key is repeated with a NUL
    /// between, so `a` and `a\0a` would be one password. Both cost the same work as any other.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let is_whole = password.len() <= BCRYPT_PASSWORD_MAX && !password.contains(&0);
        let mut key = Zeroizing::new([0; BCRYPT_PASSWORD_MAX]);
        let length = password.len().min(BCRYPT_PASSWORD_MAX);
        key[..length].copy_from_slice(&password[..length]);
        let with_nul = (length + 1).min(BCRYPT_PASSWORD_MAX);
        let computed = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &key[..with_nul]));
        let is_equal =
            verify_slices_are_equal(&computed[..BCRYPT_OUTPUT_LEN], self.output.as_slice()).is_ok();
        is_equal & is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bcrypt(text: &str) -> BcryptHash {
        match StoredHash::parse(text) {
            Ok(StoredHash::Bcrypt(hash)) => hash,
            Ok(StoredHash::Argon2id(_)) => panic!("not bcrypt: {text}"),
            Err(error) => panic!("{error}: {text}"),
        }
    }

    fn error(text: &str) -> Option<UnusableHash> {
        StoredHash::parse(text).err()
    }

    const SALT_AND_OUTPUT: &str = "c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn the_published_bcrypt_vectors_verify_in_every_accepted_prefix() {
        for prefix in ["$2a", "$2b", "$2y"] {
            let hash = bcrypt(&format!("{prefix}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
            assert!(hash.matches(b"U*U"));
            assert!(!hash.matches(b"U*V"));
            let hash = bcrypt(&format!("{prefix}$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"));
            assert!(hash.matches(b"U*U*"));
        }
    }

    #[test]
    fn cve_2025_22228_a_password_longer_than_72_bytes_never_matches_a_bcrypt_hash() {
        let full = [b'a'; 72];
        let text = bcrypt::hash(full, 4).unwrap();
        let hash = bcrypt(&text);
        assert!(hash.matches(&full), "72 bytes are looked at to the last");
        assert!(!hash.matches(&full[..71]));
        let longer = [full.as_slice(), b"b"].concat();
        assert!(bcrypt::verify(&longer, &text).unwrap(), "the library alone would let it in");
        assert!(!hash.matches(&longer));
    }

    #[test]
    fn a_password_with_a_nul_never_matches_a_bcrypt_hash() {
        let text = bcrypt::hash(b"secret", 4).unwrap();
        assert!(bcrypt::verify(b"secret\0secret", &text).unwrap(), "the library alone would let it in");
        let hash = bcrypt(&text);
        assert!(hash.matches(b"secret"));
        assert!(!hash.matches(b"secret\0secret"));
        assert!(!hash.matches(b"secret\0"));
    }

    #[test]
    fn a_hash_that_asks_for_too_much_work_is_refused_before_any_of_it() {
        for costs in
            ["m=262145,t=1,p=1", "m=65536,t=17,p=1", "m=65536,t=1,p=17", "m=4294967295,t=4294967295,p=1"]
        {
            let text = format!("$argon2id$v=19${costs}${SALT_AND_OUTPUT}");
            assert_eq!(error(&text), Some(UnusableHash::TooExpensive), "{costs}");
        }
        let text = "$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert_eq!(error(text), Some(UnusableHash::TooExpensive));
        assert_eq!(error(&text.replace("16", "31")), Some(UnusableHash::TooExpensive));
        assert_eq!(error(&format!("$argon2id$v=19$m=262144,t=16,p=16${SALT_AND_OUTPUT}")), None);
    }

    #[test]
    fn rustsec_2026_0199_a_damaged_or_foreign_hash_is_refused_without_panic() {
        let argon2 = format!("$argon2id$v=19$m=64,t=1,p=1${SALT_AND_OUTPUT}");
        let bcrypt = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(error(&argon2).is_none() && error(bcrypt).is_none());
        for text in [argon2.as_str(), bcrypt] {
            for at in 0..text.len() {
                // What is cut still begins like a hash or does not; either way it is no hash, unless all that
                // was cut is the end of a longer output.
                let cut = &text[..at];
                if let Ok(StoredHash::Bcrypt(_)) = StoredHash::parse(cut) {
                    panic!("{cut}");
                }
                let mut damaged = text.to_owned();
                damaged.replace_range(at..=at, "é");
                assert!(error(&damaged).is_some(), "{damaged}");
            }
        }
        let unknown =
            ["", "plain", "$1$salt$hash", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"];
        for text in unknown {
            assert_eq!(error(text), Some(UnusableHash::UnknownForm), "{text}");
        }
        for (from, to) in
            [("$argon2id", "$argon2i"), ("$argon2id", "$argon2d"), ("v=19", "v=16"), ("$v=19", "")]
        {
            let text = argon2.replace(from, to);
            assert_eq!(error(&text), Some(UnusableHash::UnknownForm), "{text}");
        }
        assert_eq!(error(&bcrypt.replace("$05$", "$+5$")), Some(UnusableHash::Malformed));
        assert_eq!(error(&bcrypt.replace("$05$", "$03$")), Some(UnusableHash::Malformed));
        assert_eq!(error(&argon2.replace("p=1", "p=1,data=AAAA")), Some(UnusableHash::Unsupported));
        assert_eq!(error(&argon2.replace("p=1", "p=1,keyid=AAAA")), Some(UnusableHash::Unsupported));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(
            text in "\\PC{0,80}|\\$2[aby]\\$[0-9]{2}\\$[./A-Za-z0-9]{50,54}|\\$argon2id\\$v=19\\$m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,10}\\$[A-Za-z0-9+/]{0,70}\\$[A-Za-z0-9+/]{0,90}"
        ) {
            if let Ok(StoredHash::Argon2id(hash)) = StoredHash::parse(&text) {
                prop_assert!(hash.params.block_count() <= HASH_MEMORY_KIB_MAX as usize);
            }
        }
    }
}
