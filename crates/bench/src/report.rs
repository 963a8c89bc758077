//! Figures, as a line, a table and JSON.

use crate::ceiling::Ceiling;
use crate::served::Served;
use serde_json::{Value, json};

/// The share of the ceiling that we aim for.
const TARGET: f64 = 0.60;

/// One round, three ways.
pub(crate) struct Round {
    /// The server as it ships.
    pub(crate) product: Served,
    /// One commit per request.
    pub(crate) single: Served,
    /// The disk's own.
    pub(crate) ceiling: Ceiling,
}

impl Round {
    fn share(&self) -> f64 {
        self.product.driven.per_second / self.ceiling.rows_per_second
    }

    fn gain(&self) -> f64 {
        self.product.driven.per_second / self.single.driven.per_second
    }

    /// The round in a line.
    pub(crate) fn line(&self) -> String {
        format!(
            "refresh {:.0}/s (p50 {} us, p99 {} us, {:.1} writes a flush); one commit each {:.0}/s; ceiling {:.0}/s; share {:.0} %",
            self.product.driven.per_second,
            self.product.driven.p50_us,
            self.product.driven.p99_us,
            self.product.group_size(),
            self.single.driven.per_second,
            self.ceiling.rows_per_second,
            100.0 * self.share(),
        )
    }
}

/// What to show of a round.
type Figure = fn(&Round) -> f64;

/// Minimum, median and maximum of each figure.
pub(crate) fn table(rounds: &[Round]) -> String {
    let rows: [(&str, Figure); 7] = [
        ("refresh/s, group commit", |round| round.product.driven.per_second),
        ("refresh/s, one commit per request", |round| round.single.driven.per_second),
        ("rows/s, disk ceiling at the same batch", |round| round.ceiling.rows_per_second),
        ("writes per flush", |round| round.product.group_size()),
        ("refresh p99, us", |round| round.product.driven.p99_us as f64),
        ("ratio: group commit / one commit per request", Round::gain),
        ("ratio: group commit / ceiling", Round::share),
    ];
    let mut text = format!("{:<46}{:>10}{:>10}{:>10}\n", "", "min", "median", "max");
    for (name, figure) in rows {
        let [least, median, most] = spread(rounds.iter().map(figure).collect());
        let digits = if most < 100.0 { 2 } else { 0 };
        text += &format!("{name:<46}{least:>10.digits$}{median:>10.digits$}{most:>10.digits$}\n");
    }
    let [_, share, _] = spread(rounds.iter().map(Round::share).collect());
    let met = if share >= TARGET { "met" } else { "NOT met" };
    text + &format!("target: at least {:.0} % of the ceiling (median): {met}", 100.0 * TARGET)
}

fn spread(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    match figures.as_slice() {
        [] => [0.0; 3],
        [least, .., most] => [*least, figures[figures.len() / 2], *most],
        [only] => [*only; 3],
    }
}

/// Everything, for keeping.
pub(crate) fn json(rounds: &[Round]) -> Value {
    let driven = |served: &Served| {
        json!({
            "per_second": served.driven.per_second, "p50_us": served.driven.p50_us,
            "p99_us": served.driven.p99_us, "writes_per_flush": served.group_size(),
        })
    };
    let round = |round: &Round| {
        json!({
            "group_commit": driven(&round.product), "one_commit_per_request": driven(&round.single),
            "ceiling": { "rows_per_second": round.ceiling.rows_per_second, "batch": round.ceiling.batch },
            "share_of_ceiling": round.share(),
        })
    };
    json!({ "machine": crate::machine::describe(), "rounds": rounds.iter().map(round).collect::<Vec<_>>() })
}
