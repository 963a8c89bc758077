//! Namespaces: separate worlds of users in one server (`co` = Car Owner, `ws` = Workshop).

use std::fmt;
use std::sync::Arc;

/// The longest namespace name, in bytes.
pub const NAMESPACE_NAME_MAX: usize = 32;

/// The name of a namespace as it stands in a path: a lower-case letter, then letters, digits or hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceName(Arc<str>);

/// Why a text cannot name a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a namespace name is 1 to {NAMESPACE_NAME_MAX} of a-z, 0-9 and '-', and starts with a letter")]
pub struct InvalidNamespaceName;

impl NamespaceName {
    /// Parses a name.
    ///
    /// # Errors
    /// When the text is empty, too long, or holds another character.
    pub fn parse(text: &str) -> Result<Self, InvalidNamespaceName> {
        let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let holds_well = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if starts_well && holds_well && text.len() <= NAMESPACE_NAME_MAX {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidNamespaceName)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_safe_in_a_path_and_a_cookie_parse() {
        for good in ["co", "ws", "fleet-2"] {
            assert!(NamespaceName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Co", "2co", "co/ws", "c o", "co_", "æ", &"a".repeat(33)] {
            assert_eq!(NamespaceName::parse(bad), Err(InvalidNamespaceName), "{bad}");
        }
    }
}
