//! Adds up what libtest reports, so that a run of no tests is not taken for success.

use std::fmt;

use anyhow::{Result, bail};

/// Tests of one cargo run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Counts {
    /// Reads every `test result: ok. 12 passed; 0 failed; 1 ignored; …` line.
    pub(crate) fn read(output: &str) -> Self {
        let mut counts = Self::default();
        for line in output.lines() {
            // With --nocapture a test may have left a line open before the result.
            let Some((_, result)) = line.split_once("test result: ") else { continue };
            for part in result.split([';', '.']) {
                match part.trim().split_once(' ') {
                    Some((number, "passed")) => counts.passed += number.parse().unwrap_or(0),
                    Some((number, "failed")) => counts.failed += number.parse().unwrap_or(0),
                    Some((number, "ignored")) => counts.ignored += number.parse().unwrap_or(0),
                    _ => {}
                }
            }
        }
        counts
    }

    /// A filter that matches nothing ends with status 0; here it is an error.
    pub(crate) fn some_passed(self) -> Result<()> {
        if self.passed == 0 {
            bail!("not one test ran: is the name still right?");
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.passed == 1 { "test" } else { "tests" };
        write!(f, "{} {noun} passed", self.passed)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.ignored > 0 {
            write!(f, ", {} ignored", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_are_added_up() {
        let output = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      half a line test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured\n";
        let counts = Counts::read(output);
        assert_eq!(counts, Counts { passed: 5, failed: 1, ignored: 1 });
        assert_eq!(counts.to_string(), "5 tests passed, 1 failed, 1 ignored");
    }

    #[test]
    fn a_run_of_no_tests_is_an_error() {
        let output = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 90 filtered out\n";
        assert!(Counts::read(output).some_passed().is_err());
        assert!(Counts::read("").some_passed().is_err());
        assert!(Counts { passed: 1, ..Counts::default() }.some_passed().is_ok());
    }
}
