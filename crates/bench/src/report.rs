//! Figures, as a line, a table and JSON.

use serde_json::{Map, Value, json};

/// One figure of one round.
#[derive(Clone)]
pub(crate) struct Figure {
    /// What it is, with its unit.
    pub(crate) name: &'static str,
    /// How much.
    pub(crate) value: f64,
}

impl Figure {
    /// One figure.
    pub(crate) const fn new(name: &'static str, value: f64) -> Self {
        Self { name, value }
    }
}

/// What we aim for with the median of a figure.
pub(crate) struct Target {
    figure: &'static str,
    aim: Aim,
}

impl Target {
    /// The more the better.
    pub(crate) const fn at_least(figure: &'static str, value: f64) -> Self {
        Self { figure, aim: Aim { value, is_floor: true } }
    }

    /// The less the better.
    pub(crate) const fn at_most(figure: &'static str, value: f64) -> Self {
        Self { figure, aim: Aim { value, is_floor: false } }
    }

    /// A figure that is not there misses its aim.
    fn is_met(&self, rounds: &[Vec<Figure>]) -> bool {
        spread_of(rounds, self.figure).is_some_and(|[_, median, _]| self.aim.is_met(median))
    }
}

/// One round in a line.
pub(crate) fn line(figures: &[Figure]) -> String {
    let texts: Vec<_> =
        figures.iter().map(|figure| format!("{} {}", figure.name, number(figure.value))).collect();
    texts.join("; ")
}

/// At least, or at most, so much.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    /// How much.
    pub(crate) value: f64,
    /// Whether it is the least or the most.
    pub(crate) is_floor: bool,
}

impl Aim {
    /// Whether a median meets it.
    pub(crate) fn is_met(&self, median: f64) -> bool {
        if self.is_floor { median >= self.value } else { median <= self.value }
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", if self.is_floor { "at least" } else { "at most" }, number(self.value))
    }
}

/// One figure over all rounds.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What it is, with its unit.
    pub(crate) name: String,
    /// The least of the rounds.
    pub(crate) least: f64,
    /// The one in the middle.
    pub(crate) median: f64,
    /// The most.
    pub(crate) most: f64,
    /// What we aim for, if anything.
    pub(crate) aim: Option<Aim>,
}

impl Row {
    /// Reads what [`json()`] wrote, in its order.
    pub(crate) fn read_all(measured: &Value) -> Option<Vec<Self>> {
        let rounds = measured["rounds"].as_array()?;
        let names = rounds.first()?.as_object()?.keys();
        names.map(|name| Self::read(name, rounds, &measured["aims"][name])).collect()
    }

    /// One figure of one part of all that was kept.
    pub(crate) fn find(all: &Map<String, Value>, part: &str, figure: &str) -> Option<Self> {
        Self::read_all(all.get(part)?)?.into_iter().find(|row| row.name == figure)
    }

    fn read(name: &str, rounds: &[Value], aim: &Value) -> Option<Self> {
        let values = rounds.iter().map(|round| round[name].as_f64()).collect::<Option<Vec<_>>>()?;
        let [least, median, most] = spread(values)?;
        let aim = match (aim["at_least"].as_f64(), aim["at_most"].as_f64()) {
            (Some(value), _) => Some(Aim { value, is_floor: true }),
            (None, Some(value)) => Some(Aim { value, is_floor: false }),
            (None, None) => None,
        };
        Some(Self { name: name.to_owned(), least, median, most, aim })
    }
}

/// The aims that the medians miss, by the names of their figures.
pub(crate) fn missed(rounds: &[Vec<Figure>], targets: &[Target]) -> Vec<&'static str> {
    targets.iter().filter(|target| !target.is_met(rounds)).map(|target| target.figure).collect()
}

/// Minimum, median and maximum of each figure over all rounds, and what became of each aim.
pub(crate) fn table(rounds: &[Vec<Figure>], targets: &[Target]) -> String {
    let mut text = format!("{:<54}{:>10}{:>10}{:>10}\n", "", "min", "median", "max");
    for figure in rounds.first().into_iter().flatten() {
        let [least, median, most] = spread_of(rounds, figure.name).unwrap_or([f64::NAN; 3]).map(number);
        text += &format!("{:<54}{least:>10}{median:>10}{most:>10}\n", figure.name);
    }
    for target in targets {
        let met = if target.is_met(rounds) { "met" } else { "NOT met" };
        text += &format!("aim: {} {}: {met}\n", target.figure, target.aim.words());
    }
    text
}

fn spread_of(rounds: &[Vec<Figure>], name: &str) -> Option<[f64; 3]> {
    spread(rounds.iter().flatten().filter(|figure| figure.name == name).map(|figure| figure.value).collect())
}

/// Least, median, most; nothing of nothing.
fn spread(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    Some([*values.first()?, values[values.len() / 2], *values.last()?])
}

/// Two digits where a third would say nothing.
pub(crate) fn number(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// A whole number with its thousands apart.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Everything, for keeping: the rounds, and the aims of their figures.
pub(crate) fn json(rounds: &[Vec<Figure>], targets: &[Target]) -> Value {
    let round = |figures: &Vec<Figure>| -> Value {
        figures.iter().map(|figure| (figure.name.to_owned(), json!(figure.value))).collect()
    };
    let aim = |target: &Target| {
        let kind = if target.aim.is_floor { "at_least" } else { "at_most" };
        (target.figure.to_owned(), json!({ kind: target.aim.value }))
    };
    json!({
        "rounds": rounds.iter().map(round).collect::<Value>(),
        "aims": targets.iter().map(aim).collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_spread_and_says_whether_an_aim_is_met() {
        let rounds: Vec<_> = [3.0, 1.0, 2.0].iter().map(|value| vec![Figure::new("speed", *value)]).collect();
        let text = table(&rounds, &[Target::at_least("speed", 2.0), Target::at_most("speed", 1.5)]);
        assert!(text.contains("1.00      2.00      3.00"), "{text}");
        assert!(text.contains("aim: speed at least 2.00: met\n"), "{text}");
        assert!(text.contains("aim: speed at most 1.50: NOT met\n"), "{text}");
        assert_eq!(missed(&rounds, &[Target::at_least("speed", 2.0)]), [""; 0]);
        assert_eq!(missed(&rounds, &[Target::at_most("speed", 1.5)]), ["speed"]);
    }

    #[test]
    fn an_aim_without_a_figure_is_not_met() {
        assert!(table(&[], &[Target::at_least("speed", 0.0)]).contains("NOT met"));
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let rounds: Vec<_> = [3.0, 1.0, 2.0].iter().map(|value| vec![Figure::new("speed", *value)]).collect();
        let kept = json(&rounds, &[Target::at_most("speed", 1.5)]);
        let rows = Row::read_all(&kept).unwrap();
        assert_eq!((rows[0].least, rows[0].median, rows[0].most), (1.0, 2.0, 3.0));
        let aim = rows[0].aim.as_ref().unwrap();
        assert_eq!((aim.words().as_str(), aim.is_met(2.0)), ("at most 1.50", false));
    }
}
