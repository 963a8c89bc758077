//! The statistics: medians of paired differences with a bootstrapped interval, and the area under the ROC curve with
//! DeLong's interval. Both say how sure they are, because only an interval can show that something is *not* there.

use crate::random::Random;

/// How many times a median is resampled.
const RESAMPLES: usize = 1000;
/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_964;

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    /// Its lower end.
    pub(crate) low: f64,
    /// The estimate.
    pub(crate) at: f64,
    /// Its upper end.
    pub(crate) high: f64,
}

impl Interval {
    /// Whether all of it lies between the two.
    pub(crate) fn is_within(self, low: f64, high: f64) -> bool {
        low < self.low && self.high < high
    }

    /// Whether all of it lies outside of them.
    pub(crate) fn is_beyond(self, low: f64, high: f64) -> bool {
        self.low > high || self.high < low
    }
}

/// The median of values that are not empty; of an even count, the upper one.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The value that `share` of the values are below.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count => sorted[position(count, share)],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count is a small number that is not negative"
)]
fn position(count: usize, share: f64) -> usize {
    (((count - 1) as f64 * share).round() as usize).min(count - 1)
}

/// The median and its percentile bootstrap interval.
pub(crate) fn median_interval(values: &[f64], random: &mut Random) -> Interval {
    let mut resample = values.to_vec();
    let mut medians = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        for slot in &mut resample {
            *slot = values[random.below(values.len())];
        }
        medians.push(median(&mut resample));
    }
    let at = median(&mut values.to_vec());
    Interval { low: quantile(&medians, 0.025), at, high: quantile(&medians, 0.975) }
}

/// The chance that one of `ones` is longer than one of `others` (ties count half), with DeLong's standard error:
/// 0.5 tells nothing, 1 tells all.
pub(crate) fn auc(ones: &[f64], others: &[f64]) -> Interval {
    let placements = |of: &[f64], among: &[f64]| {
        let mut among = among.to_vec();
        among.sort_unstable_by(f64::total_cmp);
        let place = |value: &f64| {
            let below = among.partition_point(|other| other < value);
            let up_to = among.partition_point(|other| other <= value);
            (below + up_to) as f64 / (2.0 * among.len() as f64)
        };
        of.iter().map(place).collect::<Vec<_>>()
    };
    let (v10, v01) = (placements(ones, others), placements(others, ones));
    let at = mean(&v10);
    let error = (variance(&v10) / v10.len() as f64 + variance(&v01) / v01.len() as f64).sqrt();
    Interval { low: at - Z * error, at, high: at + Z * error }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise with a long tail on one side, as times have.
    fn times(seed: u64, count: usize, more: f64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..count)
            .map(|_| 100.0 + more - 20.0 * (1.0 - random.below(1 << 20) as f64 / f64::from(1 << 20)).ln())
            .collect()
    }

    #[test]
    fn an_interval_lies_within_beyond_or_across() {
        let interval = Interval { low: 1.0, at: 2.0, high: 3.0 };
        assert!(
            interval.is_within(0.0, 4.0) && !interval.is_within(1.5, 4.0) && !interval.is_within(0.0, 2.5)
        );
        assert!(
            interval.is_beyond(-1.0, 0.5) && interval.is_beyond(3.5, 4.0) && !interval.is_beyond(-1.0, 2.0)
        );
    }

    #[test]
    fn a_median_lies_in_its_interval_which_shrinks_with_the_count() {
        let mut random = Random::new(3);
        let few = median_interval(&times(1, 100, 0.0), &mut random);
        let many = median_interval(&times(1, 6400, 0.0), &mut random);
        for interval in [few, many] {
            assert!(interval.low <= interval.at && interval.at <= interval.high, "{interval:?}");
        }
        let truth = 100.0 + 20.0 * std::f64::consts::LN_2;
        assert!(many.low < truth && truth < many.high, "{many:?}");
        assert!((few.high - few.low) > 3.0 * (many.high - many.low), "{few:?} {many:?}");
    }

    /// Of 200 intervals that are right 95 times in a hundred, at least 180 are.
    #[test]
    fn intervals_hold_what_they_promise() {
        let truth = 100.0 + 20.0 * std::f64::consts::LN_2;
        let (mut medians, mut areas) = (0, 0);
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let interval = median_interval(&times(seed + 1000, 150, 0.0), &mut random);
            medians += u32::from(interval.low <= truth && truth <= interval.high);
            let area = auc(&times(seed + 5000, 150, 0.0), &times(seed + 9000, 150, 0.0));
            areas += u32::from(area.low <= 0.5 && 0.5 <= area.high);
        }
        assert!(medians >= 180, "{medians} of 200");
        assert!(areas >= 180, "{areas} of 200");
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order_and_ties_count_half() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]).at, 1.0);
        assert_eq!(auc(&[0.0, 1.0], &[2.0, 3.0]).at, 0.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0, 1.0]).at, 0.5);
        assert_eq!(auc(&[1.0, 3.0], &[2.0, 2.0]).at, 0.5);
        // Hanley and McNeil's width for nothing at all: 1.96 · sqrt(1 / 6n).
        let nothing = auc(&times(11, 1500, 0.0), &times(12, 1500, 0.0));
        let width = (nothing.high - nothing.low) / 2.0;
        assert!((width - Z * (1.0_f64 / 9000.0).sqrt()).abs() < 0.001, "{width}");
    }

    #[test]
    fn a_shift_is_seen() {
        let mut random = Random::new(5);
        let differences: Vec<f64> =
            times(21, 1500, 10.0).iter().zip(times(22, 1500, 0.0)).map(|(one, other)| one - other).collect();
        let interval = median_interval(&differences, &mut random);
        assert!(interval.is_within(5.0, 15.0), "{interval:?}");
        assert!(auc(&times(21, 1500, 10.0), &times(22, 1500, 0.0)).is_beyond(0.45, 0.55));
    }
}
