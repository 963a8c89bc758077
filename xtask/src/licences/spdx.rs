//! Reads an SPDX licence expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`.
//!
//! `/` is the old way to write `OR`. A licence `WITH` an exception grants more than the licence alone, so it
//! is allowed where the licence is.

use anyhow::{Result, bail};

/// Whether `allowed` satisfies the expression.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let result = any(&mut words, allowed)?;
    match words.next() {
        None => Ok(result),
        Some(word) => bail!("`{word}` is unexpected"),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// One or more terms joined by `OR`, which binds weaker than `AND`.
fn any(words: &mut Words<'_>, allowed: &[String]) -> Result<bool> {
    let mut result = all(words, allowed)?;
    while words.next_if(|word| word.eq_ignore_ascii_case("or")).is_some() {
        result |= all(words, allowed)?;
    }
    Ok(result)
}

fn all(words: &mut Words<'_>, allowed: &[String]) -> Result<bool> {
    let mut result = one(words, allowed)?;
    while words.next_if(|word| word.eq_ignore_ascii_case("and")).is_some() {
        result &= one(words, allowed)?;
    }
    Ok(result)
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> Result<bool> {
    match words.next() {
        Some("(") => {
            let result = any(words, allowed)?;
            if words.next() != Some(")") {
                bail!("a parenthesis is not closed");
            }
            Ok(result)
        }
        Some(licence) if licence.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            if words.next_if(|word| word.eq_ignore_ascii_case("with")).is_some() && words.next().is_none() {
                bail!("`WITH` names no exception");
            }
            Ok(allowed.iter().any(|name| name == licence))
        }
        Some(word) => bail!("`{word}` is unexpected"),
        None => bail!("a licence is missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> Result<bool> {
        is_allowed(expression, &["MIT", "Apache-2.0", "ISC"].map(str::to_owned))
    }

    #[test]
    fn expressions_are_judged_by_their_logic() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0 OR MIT",
            "GPL-3.0/MIT",
            "Apache-2.0 / MIT",
            "MIT AND ISC",
            "ISC AND (Apache-2.0 OR GPL-3.0)",
            "GPL-3.0 OR MIT AND ISC",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(check(expression).unwrap(), "{expression}");
        }
        for expression in
            ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "GPL-3.0 OR MIT AND LGPL-2.1"]
        {
            assert!(!check(expression).unwrap(), "{expression}");
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "AND", "OR MIT", "MIT WITH"] {
            assert!(!matches!(check(expression), Ok(true)), "{expression}");
        }
    }
}
