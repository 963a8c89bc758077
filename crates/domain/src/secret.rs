//! Text that must not be shown.

use zeroize::Zeroizing;

/// Text that lets somebody in: a token, a password, a key in text form.
///
/// It has neither `Debug` nor `Display`, so it cannot slip into a log line or a panic message, and it
/// wipes its memory when it goes. (ASVS 13.3.1, 14.2.4, 16.2.5)
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Every call is a place where the secret leaves: a response body, a mail, a hash.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
