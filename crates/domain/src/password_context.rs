//! Passwords that are little more than what everybody knows about the account: its address, the product's name
//! (ASVS 6.2.11, NIST SP 800-63B-4 section 3.1.1.2).

use crate::email_address::EmailAddress;
use crate::password::Password;

/// A shorter word says nothing: it is part of too many others.
const WORD_MIN: usize = 4;
/// With so many letters beside the words a password is more than its words.
const OWN_LETTERS_MIN: usize = 4;

/// Whether a password consists of context words, digits and signs, but for a few letters.
pub fn is_context(password: &Password, email: &EmailAddress, words: &[String]) -> bool {
    let Ok(text) = std::str::from_utf8(password.expose()) else { return false };
    let mut rest = plain(text);
    let mut known = words_of(email);
    known.extend(words.iter().flat_map(|word| with_parts(word)));
    known.retain(|word| word.chars().count() >= WORD_MIN);
    // The longest first, so that a short word does not break up a longer one.
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let before = rest.len();
    for word in &known {
        // A sign in its place keeps what stood around it from becoming another word.
        rest = rest.replace(word, "-");
    }
    rest.len() != before && rest.chars().filter(|c| c.is_alphabetic()).count() < OWN_LETTERS_MIN
}

/// The address as a whole, the name before the `@`, and the labels of the domain, without the last: `no` or `com` is nobody's.
fn words_of(email: &EmailAddress) -> Vec<String> {
    let (local, domain) = email.as_str().split_once('@').unwrap_or((email.as_str(), ""));
    let labels = domain.rsplit('.').skip(1);
    [email.as_str(), local].into_iter().chain(labels).flat_map(with_parts).collect()
}

/// A word as a whole, and what its signs divide it into.
fn with_parts(word: &str) -> Vec<String> {
    let parts = word.split(|c: char| !c.is_alphanumeric()).map(plain);
    std::iter::once(plain(word)).chain(parts).collect()
}

/// Lower case, letters and digits alone.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(password: &str) -> bool {
        let email = EmailAddress::parse("kari.nordmann@bilverksted.no").unwrap();
        let words = ["Minbil", "CarOwner", "co", "Mitt Verksted"].map(str::to_owned);
        is_context(&Password::presented(password.to_owned()).unwrap(), &email, &words)
    }

    #[test]
    fn asvs_6_2_11_what_everybody_knows_about_the_account_is_no_password() {
        for password in [
            "minbil2026minbil",
            "MinBil!2026",
            "CAROWNER-1234",
            "kari.nordmann",
            "karinordmann1",
            "Nordmann2026!",
            "nordmann-kari-99",
            "bilverksted.no1",
            "kari.nordmann@bilverksted.no",
            "mittverksted1",
            "xy minbil 2026",
            "Kari.Nordmann.Bilverksted.No",
        ] {
            assert!(blocked(password), "{password}");
        }
    }

    #[test]
    fn asvs_6_2_5_a_known_word_among_others_is_no_reason() {
        for password in [
            "correct horse battery",
            "minbil og en rød lastebil",
            "nordmannen reiser",
            "20262026",
            "company-counter",
            "!!!!!!!!",
            "blåbærsyltetøy",
        ] {
            assert!(!blocked(password), "{password}");
        }
    }
}
