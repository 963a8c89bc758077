//! Reads the options of a command. Unknown ones are errors: a misspelt `--only` must not run everything.

use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// The words after a command.
#[derive(Debug, Default)]
pub(crate) struct Options {
    names: Vec<String>,
    flags: Vec<String>,
    values: Vec<(String, String)>,
}

impl Options {
    /// `valued` take a value (`--only STEP` or `--only=STEP`), `flags` do not.
    pub(crate) fn parse(words: &[String], valued: &[&str], flags: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, given) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if valued.contains(&name) {
                let value = given.or_else(|| words.next().cloned());
                let value = value.with_context(|| format!("option {name} needs a value"))?;
                options.values.push((name.to_owned(), value));
            } else if flags.contains(&word.as_str()) {
                options.flags.push(word.clone());
            } else if word.starts_with('-') {
                bail!("unknown option `{word}`; `cargo xtask --help` lists them");
            } else {
                options.names.push(word.clone());
            }
        }
        Ok(options)
    }

    /// The words that are no options.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Refuses words that are no options.
    pub(crate) fn no_names(&self) -> Result<()> {
        match self.names.first() {
            Some(name) => bail!("`{name}` is unexpected here; `cargo xtask --help` shows the commands"),
            None => Ok(()),
        }
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// All values of an option that may be given more than once.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.values.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The last value of an option, as a number that is not 0.
    pub(crate) fn number(&self, name: &str, default: u32) -> Result<u32> {
        match self.values(name).last() {
            None => Ok(default),
            Some(value) => match u32::from_str(value) {
                Ok(number) if number > 0 => Ok(number),
                _ => bail!("{name} `{value}` is not a whole number above 0"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words, &["--cycles"], &["--list"])
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let options = parse("a --cycles 3 --list --cycles=4").unwrap();
        assert_eq!(options.names(), ["a"]);
        assert_eq!(options.values("--cycles"), ["3", "4"]);
        assert_eq!(options.number("--cycles", 1).unwrap(), 4);
        assert!(options.has("--list") && options.no_names().is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(parse("--cycle 3").is_err());
        assert!(parse("--cycles").is_err());
        assert!(parse("--list=1").is_err());
        for value in ["0", "-1", "x"] {
            assert!(parse(&format!("--cycles={value}")).unwrap().number("--cycles", 1).is_err(), "{value}");
        }
    }
}
