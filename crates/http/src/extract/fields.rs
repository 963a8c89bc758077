//! The fields of a body. Everything that is wrong with them is said at once, and no value is ever repeated.

use crate::problem::{FieldProblem, Problem};
use domain::email_address::{EmailAddress, InvalidEmail};
use domain::password::{Password, PasswordRejection};
use domain::secret::SecretText;
use serde_json::{Map, Value};

/// The longest token of any kind, in code points: an access token is the longest.
pub(crate) const TOKEN_MAX: usize = 4096;

/// A body's fields, and what was found wrong with them so far.
pub(crate) struct Fields {
    map: Map<String, Value>,
    problems: Vec<FieldProblem>,
}

/// Why a text is not what its field wants: a code and a sentence.
type Reason = (&'static str, String);

impl Fields {
    pub(crate) const fn new(map: Map<String, Value>) -> Self {
        Self { map, problems: Vec::new() }
    }

    /// A text that must be there, parsed.
    pub(crate) fn required<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, Reason>,
    ) -> Option<T> {
        match self.map.remove(field) {
            Some(Value::String(text)) => self.keep(field, parse(text)),
            None | Some(Value::Null) => self.wrong(field, "missing", format!("{field} is required.")),
            Some(_) => self.wrong(field, "wrong_type", format!("{field} must be a string.")),
        }
    }

    /// A text that may be missing or null, parsed.
    pub(crate) fn optional<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(String) -> Result<T, Reason>,
    ) -> Option<T> {
        match self.map.get(field) {
            None | Some(Value::Null) => None,
            Some(_) => self.required(field, parse),
        }
    }

    /// Whether nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.problems.is_empty() { Ok(()) } else { Err(Problem::invalid(self.problems)) }
    }

    /// What was wrong.
    pub(crate) fn into_problem(self) -> Problem {
        Problem::invalid(self.problems)
    }

    fn keep<T>(&mut self, field: &'static str, parsed: Result<T, Reason>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err((code, message)) => self.wrong(field, code, message),
        }
    }

    fn wrong<T>(&mut self, field: &'static str, code: &'static str, message: String) -> Option<T> {
        self.problems.push(FieldProblem { field, code, message });
        None
    }
}

/// An email address.
pub(crate) fn email(text: &str) -> Result<EmailAddress, Reason> {
    EmailAddress::parse(text).map_err(|invalid| {
        let code = match invalid {
            InvalidEmail::Missing => "missing",
            InvalidEmail::TooLong => "too_long",
            InvalidEmail::Malformed => "malformed",
        };
        (code, invalid.to_string())
    })
}

/// A password that somebody presents.
pub(crate) fn password(text: String) -> Result<Password, Reason> {
    Password::presented(text).map_err(password_reason)
}

/// A password that somebody chooses, of at least `min` characters.
pub(crate) fn new_password(min: usize) -> impl FnOnce(String) -> Result<Password, Reason> {
    move |text| Password::chosen(text, min).map_err(password_reason)
}

fn password_reason(rejection: PasswordRejection) -> Reason {
    let code = match rejection {
        PasswordRejection::Missing => "missing",
        PasswordRejection::TooShort { .. } => "too_short",
        PasswordRejection::TooLong => "too_long",
    };
    (code, rejection.to_string())
}

/// A token of any kind. Whether it is one of ours is decided elsewhere.
pub(crate) fn token(text: String) -> Result<SecretText, Reason> {
    if is_longer(&text, TOKEN_MAX) {
        return Err(("too_long", format!("A token has at most {TOKEN_MAX} characters.")));
    }
    Ok(SecretText::new(text))
}

/// A text of at most `max` code points.
pub(crate) fn text(max: usize) -> impl FnOnce(String) -> Result<String, Reason> {
    move |text| {
        if is_longer(&text, max) {
            Err(("too_long", format!("This has at most {max} characters.")))
        } else {
            Ok(text)
        }
    }
}

/// Code points are what the sentence above and the `maxLength` of the OpenAPI document count.
fn is_longer(text: &str, max: usize) -> bool {
    text.chars().nth(max).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_text_that_the_document_allows_is_taken_in_any_script() {
        for letter in ["a", "å", "🚗"] {
            assert!(token(letter.repeat(TOKEN_MAX)).is_ok() && token(letter.repeat(TOKEN_MAX + 1)).is_err());
            assert!(text(5)(letter.repeat(5)).is_ok() && text(5)(letter.repeat(6)).is_err());
        }
    }
}
