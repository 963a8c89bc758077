//! One line for each comparison, as it comes and as a table of Markdown.

use crate::pairs::Question;
use crate::statistics::Interval;
use crate::verdict::Verdict;

/// What one comparison showed.
pub(crate) struct Row {
    /// Which layer of the protocol.
    pub(crate) layer: u8,
    /// What was compared.
    pub(crate) question: Question,
    /// The leak that was put there, or `none`.
    pub(crate) sabotage: &'static str,
    /// How many pairs.
    pub(crate) pairs: usize,
    /// What was measured.
    pub(crate) figures: String,
    /// What it was held against.
    pub(crate) bound: String,
    /// What that shows.
    pub(crate) verdict: Verdict,
}

impl Row {
    fn cells(&self) -> [String; 7] {
        [
            self.layer.to_string(),
            format!("{}: {} − unknown", self.question.call.name(), self.question.class.name()),
            self.sabotage.to_owned(),
            self.pairs.to_string(),
            self.figures.clone(),
            self.bound.clone(),
            self.verdict.name().to_owned(),
        ]
    }

    /// As it comes.
    pub(crate) fn line(&self) -> String {
        let [layer, compared, sabotage, pairs, figures, bound, verdict] = self.cells();
        format!(
            "layer {layer}  {compared:<36} sabotage {sabotage:<13} {pairs:>5} pairs  {figures}  ({bound})  {verdict}"
        )
    }
}

/// All of them.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| layer | compared | sabotage | pairs | difference or area [95 %] | held against | shows |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        text.push_str(&format!("| {} |\n", row.cells().join(" | ")));
    }
    text
}

/// A difference in microseconds.
pub(crate) fn micros(interval: Interval) -> String {
    format!("{:+.1} µs [{:+.1}, {:+.1}]", interval.at, interval.low, interval.high)
}

/// An area.
pub(crate) fn area(interval: Interval) -> String {
    format!("area {:.3} [{:.3}, {:.3}]", interval.at, interval.low, interval.high)
}

/// The last word.
///
/// # Errors
/// When a leak was found, or the run shows nothing.
pub(crate) fn conclude(rows: &[Row]) -> anyhow::Result<()> {
    let named = |wanted: fn(Verdict) -> bool| {
        let found = rows.iter().filter(|row| wanted(row.verdict));
        found.map(Row::line).collect::<Vec<_>>().join("\n  ")
    };
    let leaks = named(|verdict| verdict == Verdict::Leak);
    anyhow::ensure!(leaks.is_empty(), "the time of an answer tells who has an account:\n  {leaks}");
    let open = named(Verdict::is_open);
    anyhow::ensure!(
        open.is_empty(),
        "inconclusive, and so not passed: the machine was too busy for this many pairs, even when measured again; \
         run it alone, or with more --pairs:\n  {open}"
    );
    anyhow::ensure!(!rows.is_empty(), "nothing was measured");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::Class;
    use crate::probe::Call;

    fn row(verdict: Verdict) -> Row {
        Row {
            layer: 1,
            question: Question { call: Call::SignIn, class: Class::Known },
            sabotage: "none",
            pairs: 500,
            figures: micros(Interval { low: -1.0, at: 0.25, high: 2.0 }),
            bound: "±25 µs".to_owned(),
            verdict,
        }
    }

    #[test]
    fn a_row_reads_as_a_line_and_as_markdown() {
        let text = table(&[row(Verdict::Equal)]);
        let wanted =
            "| 1 | sign-in: known − unknown | none | 500 | +0.2 µs [-1.0, +2.0] | ±25 µs | equal |\n";
        assert!(text.ends_with(wanted), "{text}");
        assert!(row(Verdict::Leak).line().ends_with("(±25 µs)  LEAK"));
    }

    #[test]
    fn nothing_but_equality_seen_leaks_and_reports_is_a_pass() {
        let of = |verdicts: &[Verdict]| conclude(&verdicts.iter().map(|one| row(*one)).collect::<Vec<_>>());
        assert!(of(&[Verdict::Equal, Verdict::Seen, Verdict::Reported]).is_ok());
        assert!(
            of(&[Verdict::Equal, Verdict::Leak])
                .unwrap_err()
                .to_string()
                .starts_with("the time of an answer")
        );
        for open in [Verdict::Inconclusive, Verdict::Unseen] {
            assert!(of(&[Verdict::Equal, open]).unwrap_err().to_string().starts_with("inconclusive"));
        }
        assert!(of(&[]).is_err());
    }
}
