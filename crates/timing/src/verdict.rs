//! What a measurement shows. Equality has to be shown, not left unrefuted: the whole interval must lie inside the bound,
//! so that noise can make a run inconclusive and never green.

use crate::statistics::Interval;

/// What a measurement shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Whatever difference there is lies inside the bound.
    Equal,
    /// There is one outside of it.
    Leak,
    /// Neither is shown.
    Inconclusive,
    /// A leak that was put there on purpose was seen.
    Seen,
    /// It was not: the method is too coarse here, and whatever else it says counts for nothing.
    Unseen,
    /// For the reader; nothing depends on it.
    Reported,
}

impl Verdict {
    /// In a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Leak => "LEAK",
            Self::Inconclusive => "inconclusive",
            Self::Seen => "seen",
            Self::Unseen => "NOT SEEN",
            Self::Reported => "reported",
        }
    }

    /// Whether measuring again may change it.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Inconclusive | Self::Unseen)
    }
}

/// The area under the curve that tells nobody anything.
pub(crate) const AREA: (f64, f64) = (0.45, 0.55);
/// How much of the whole a difference may be where the hash costs what it costs.
const SHARE_MAX: f64 = 0.02;

/// A difference against its bound.
pub(crate) fn of_difference(difference: Interval, bound: f64) -> Verdict {
    if difference.is_within(-bound, bound) {
        Verdict::Equal
    } else if difference.is_beyond(-bound, bound) {
        Verdict::Leak
    } else {
        Verdict::Inconclusive
    }
}

/// A leak on purpose: it adds to the honest server more than chance does, at the same 95 %.
pub(crate) fn of_sabotage(sabotaged: Interval, honest: Interval) -> Verdict {
    let chance = (sabotaged.at - sabotaged.low).hypot(honest.high - honest.at);
    if sabotaged.at - honest.at > chance { Verdict::Seen } else { Verdict::Unseen }
}

/// Times of answers: the area under the curve, and the difference beside the whole time.
pub(crate) fn of_answers(area: Interval, difference: Interval, whole: f64) -> Verdict {
    let bound = whole * SHARE_MAX;
    let is_small = difference.is_within(-bound, bound) || (difference.low <= 0.0 && 0.0 <= difference.high);
    if area.is_within(AREA.0, AREA.1) && is_small {
        Verdict::Equal
    } else if area.is_beyond(AREA.0, AREA.1) || difference.is_beyond(-bound, bound) {
        Verdict::Leak
    } else {
        Verdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn interval(low: f64, high: f64) -> Interval {
        Interval { low, at: (low + high) / 2.0, high }
    }

    #[test]
    fn only_a_whole_interval_inside_the_bound_shows_equality() {
        assert_eq!(of_difference(interval(-3.0, 4.0), 10.0), Verdict::Equal);
        assert_eq!(of_difference(interval(9.0, 11.0), 10.0), Verdict::Inconclusive);
        assert_eq!(of_difference(interval(-11.0, 11.0), 10.0), Verdict::Inconclusive, "noise is no pass");
        assert_eq!(of_difference(interval(10.5, 11.0), 10.0), Verdict::Leak);
        assert_eq!(of_difference(interval(-12.0, -10.5), 10.0), Verdict::Leak);
        assert_eq!(of_difference(interval(f64::NAN, f64::NAN), 10.0), Verdict::Inconclusive);
    }

    #[test]
    fn a_sabotage_is_seen_only_clear_of_the_honest_server() {
        let honest = interval(-3.0, 3.0);
        assert_eq!(of_sabotage(interval(4.0, 10.0), honest), Verdict::Seen);
        assert_eq!(of_sabotage(interval(1.0, 7.0), honest), Verdict::Unseen, "chance alone may add so much");
        assert_eq!(of_sabotage(interval(-10.0, -4.0), honest), Verdict::Unseen, "the wrong way round");
        assert_eq!(of_sabotage(interval(f64::NAN, f64::NAN), honest), Verdict::Unseen);
    }

    #[test]
    fn answers_are_equal_by_area_and_by_difference() {
        let whole = 10_000.0;
        assert_eq!(
            of_answers(interval(0.48, 0.52), interval(-300.0, 100.0), whole),
            Verdict::Equal,
            "around 0"
        );
        assert_eq!(
            of_answers(interval(0.48, 0.52), interval(50.0, 150.0), whole),
            Verdict::Equal,
            "within 2 %"
        );
        assert_eq!(of_answers(interval(0.48, 0.52), interval(150.0, 250.0), whole), Verdict::Inconclusive);
        assert_eq!(of_answers(interval(0.48, 0.52), interval(250.0, 300.0), whole), Verdict::Leak);
        assert_eq!(of_answers(interval(0.44, 0.50), interval(-1.0, 1.0), whole), Verdict::Inconclusive);
        assert_eq!(of_answers(interval(0.80, 0.90), interval(-1.0, 1.0), whole), Verdict::Leak);
    }
}
