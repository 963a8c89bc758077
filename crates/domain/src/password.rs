//! Passwords as a person types them.

use crate::secret::SecretText;

/// The lowest minimum an operator can choose, in code points (ASVS 6.2.1).
pub const PASSWORD_MIN_FLOOR: usize = 8;
/// The longest password, in code points. Longer ones cost hashing time and nobody types them (ASVS 6.2.9
/// asks for at least 64).
pub const PASSWORD_MAX: usize = 256;

/// A password: taken exactly as it came, never trimmed, normalised or shortened (ASVS 6.2.8).
#[derive(Clone)]
pub struct Password(SecretText);

/// Why a password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRejection {
    /// Nothing was given.
    #[error("A password is required.")]
    Missing,
    /// Fewer code points than the namespace asks for.
    #[error("A password has at least {min} characters.")]
    TooShort {
        /// The namespace's minimum.
        min: usize,
    },
    /// More code points than any password may have.
    #[error("A password has at most {PASSWORD_MAX} characters.")]
    TooLong,
}

impl Password {
    /// A password that somebody presents to be let in. Only its length is bounded: a rule about new
    /// passwords must not lock out an old one.
    ///
    /// # Errors
    /// When it is empty or longer than any password may be.
    pub fn presented(text: String) -> Result<Self, PasswordRejection> {
        let password = Self(SecretText::new(text));
        match password.0.expose().chars().count() {
            0 => Err(PasswordRejection::Missing),
            length if length > PASSWORD_MAX => Err(PasswordRejection::TooLong),
            _ => Ok(password),
        }
    }

    /// A password that somebody chooses; `min` counts code points (NIST SP 800-63B-4 section 3.1.1.2).
    ///
    /// # Errors
    /// When it is empty, shorter than `min`, or longer than any password may be.
    pub fn chosen(text: String, min: usize) -> Result<Self, PasswordRejection> {
        let password = Self::presented(text)?;
        if password.0.expose().chars().count() < min {
            return Err(PasswordRejection::TooShort { min });
        }
        Ok(password)
    }

    /// The password's bytes, for the hash function alone.
    pub fn expose(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_code_points_and_both_ends_hold() {
        let chosen = |text: &str| Password::chosen(text.to_owned(), 8).map(|_| ()).err();
        assert_eq!(chosen("blåbærsø"), None);
        assert_eq!(chosen("blåbærs"), Some(PasswordRejection::TooShort { min: 8 }));
        assert_eq!(chosen(&"å".repeat(256)), None);
        assert_eq!(chosen(&"å".repeat(257)), Some(PasswordRejection::TooLong));
        assert_eq!(chosen(""), Some(PasswordRejection::Missing));
    }

    #[test]
    fn a_presented_password_is_taken_exactly_as_it_came() {
        let password = Password::presented("  short\t".to_owned()).ok().map(|p| p.expose().to_vec());
        assert_eq!(password.as_deref(), Some(b"  short\t".as_slice()));
    }
}
