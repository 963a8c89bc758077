//! Whether two clocks agree.

use super::finding::Finding;
use domain::time::UnixMillis;
use std::time::Duration;

/// Up to here nobody notices.
const NOTICED: Duration = Duration::from_secs(5);
/// From here on tokens are refused elsewhere: verifiers allow for this much.
const REFUSED: Duration = Duration::from_secs(60);

/// Holds a clock against this machine's, which was read before and after.
pub(super) fn compare(whose: &str, theirs: UnixMillis, before: UnixMillis, after: UnixMillis) -> Finding {
    let here = before.plus(after.since(before) / 2);
    let (difference, word) =
        if theirs < here { (here.since(theirs), "behind") } else { (theirs.since(here), "ahead of") };
    let says = format!("{whose} is {:.1} s {word} this machine's clock", difference.as_secs_f64());
    let remedy = "let both machines take their time from the network (NTP)";
    if difference < NOTICED {
        Finding::ok("clock", format!("{whose} and this machine's clock agree"))
    } else if difference < REFUSED {
        Finding::warning("clock", says, remedy)
    } else {
        Finding::wrong("clock", format!("{says}: tokens count as expired, or as not valid yet"), remedy)
    }
}

/// The moment of a `Date` header (RFC 9110 section 5.6.7).
pub(super) fn date(text: &str) -> Option<UnixMillis> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(UnixMillis::from_millis(date.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn clocks_that_are_apart_are_told_apart_by_how_much() {
        let at = UnixMillis::from_secs;
        let verdict = |theirs| compare("it", theirs, at(1000), at(1002)).verdict;
        assert_eq!(verdict(at(1001)), Verdict::Ok);
        assert_eq!(verdict(at(1005)), Verdict::Ok);
        assert_eq!(verdict(at(1006)), Verdict::Warning);
        assert_eq!(verdict(at(991)), Verdict::Warning);
        assert_eq!(verdict(at(1061)), Verdict::Wrong);
        assert_eq!(verdict(at(900)), Verdict::Wrong);
        assert!(compare("it", at(900), at(1000), at(1000)).says.contains("100.0 s behind"));
    }

    #[test]
    fn a_date_header_is_read() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(UnixMillis::from_secs(784_111_777)));
        assert_eq!(date("yesterday"), None);
    }
}
