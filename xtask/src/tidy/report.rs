//! What a rule says: how many things it looked at and what it found.

/// A violation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// The outcome of one rule.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) looked_at: usize,
    /// What was counted: "functions", "links".
    pub(crate) what: &'static str,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { looked_at: 0, what, findings: Vec::new() }
    }

    pub(crate) fn find(&mut self, file: &str, line: usize, text: &str) {
        self.findings.push(Finding { file: file.to_owned(), line, text: text.to_owned() });
    }

    /// The findings as `file:line`, for tests.
    #[cfg(test)]
    pub(crate) fn places(&self) -> Vec<String> {
        self.findings.iter().map(|finding| format!("{}:{}", finding.file, finding.line)).collect()
    }
}

/// The first line of `text` that contains `word`, counted from 1; 1 if none does.
pub(crate) fn line_with(text: &str, word: &str) -> usize {
    text.lines().position(|line| line.contains(word)).map_or(1, |index| index + 1)
}
