//! Moments as clients read them.

use domain::time::UnixMillis;

/// A moment as RFC 3339 in UTC, whole seconds, with `Z`.
pub(crate) fn rfc3339(at: UnixMillis) -> String {
    // The end of the calendar stands for anything behind it; a deadline that far away is no deadline.
    jiff::Timestamp::from_second(at.as_secs()).unwrap_or(jiff::Timestamp::MAX).strftime("%FT%TZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_whole_seconds_and_a_z() {
        assert_eq!(rfc3339(UnixMillis::from_millis(1_770_132_705_999)), "2026-02-03T15:31:45Z");
        assert_eq!(rfc3339(UnixMillis::from_millis(i64::MAX)), "9999-12-30T22:00:00Z");
    }
}
