//! Passwords, languages, namespace names, moments.

use minbil_auth_domain::locale::{Locale, MAX_LANGUAGE_RANGES};
use minbil_auth_domain::namespace::{NAMESPACE_NAME_MAX, NamespaceName};
use minbil_auth_domain::password::{PASSWORD_MAX, Password, PasswordRejection};
use minbil_auth_domain::time::{UnixMillis, millis};
use proptest::prelude::*;
use std::time::Duration;

/// The weights of RFC 9110 section 12.4.2 with what each is worth.
fn any_weight() -> impl Strategy<Value = (String, u16)> {
    prop_oneof![
        Just((String::new(), 1000)),
        prop::sample::select(vec![";q=1", "; Q=1.", ";q=1.0", " ; q=1.000"])
            .prop_map(|text| (text.to_owned(), 1000)),
        (0u16..1000).prop_map(|weight| (format!(";q=0.{weight:03}"), weight)),
        (0u16..10).prop_map(|tenths| (format!("; q=0.{tenths}"), tenths * 100)),
        prop::sample::select(vec![
            ";q=",
            ";q=2",
            ";q=1.001",
            ";q=-1",
            ";q=0.0001",
            ";q=.5",
            ";q=a",
            ";x=1",
            ";q=+1"
        ])
        .prop_map(|text| (text.to_owned(), 0)),
    ]
}

fn any_range() -> impl Strategy<Value = (&'static str, Option<Locale>)> {
    prop::sample::select(vec![
        ("en", Some(Locale::English)),
        ("EN-gb", Some(Locale::English)),
        ("nb", Some(Locale::Norwegian)),
        ("no", Some(Locale::Norwegian)),
        ("nn-NO", Some(Locale::Norwegian)),
        ("de", None),
        ("*", None),
        ("english", None),
        ("", None),
    ])
}

proptest! {
    #[test]
    fn rfc_9110_the_heaviest_language_of_ours_wins_and_the_first_of_equals(
        items in prop::collection::vec((any_range(), any_weight()), 0..MAX_LANGUAGE_RANGES)
    ) {
        let header: Vec<String> = items.iter().map(|((range, _), (text, _))| format!("{range}{text}")).collect();
        let mut expected: Option<(u16, Locale)> = None;
        for ((_, locale), (_, weight)) in items {
            let Some(locale) = locale else { continue };
            if weight > expected.map_or(0, |(best, _)| best) {
                expected = Some((weight, locale));
            }
        }
        let expected = expected.map(|(_, locale)| locale);
        prop_assert_eq!(Locale::negotiate(&header.join(",")), expected);
        prop_assert_eq!(Locale::negotiate(&header.join(" , ")), expected);
    }

    #[test]
    fn any_accept_language_is_read_without_panic(text in "\\PC{0,80}|([a-z*]{0,3}[;,=q.0-9 -]{0,6}){0,20}") {
        let _ = Locale::negotiate(&text);
    }

    #[test]
    fn a_namespace_name_is_what_its_pattern_says(text in "[a-z0-9A-Z_/. -]{0,34}|[a-z][a-z0-9-]{0,40}|\\PC{0,8}") {
        let first = |c: char| c.is_ascii_lowercase();
        let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = text.starts_with(first) && text.chars().all(rest) && text.len() <= NAMESPACE_NAME_MAX;
        let parsed = NamespaceName::parse(&text).ok().map(|name| name.to_string());
        prop_assert_eq!(parsed, fits.then_some(text));
    }

    #[test]
    fn asvs_6_2_8_a_password_is_its_own_bytes(text in "\\PC{0,300}|[ \t\n\u{0}-\u{ff}]{0,20}", min in 1usize..70) {
        let length = text.chars().count();
        let expected = match length {
            0 => Err(PasswordRejection::Missing),
            _ if length > PASSWORD_MAX => Err(PasswordRejection::TooLong),
            _ => Ok(text.as_bytes().to_vec()),
        };
        let exposed = |password: Password| password.expose().to_vec();
        prop_assert_eq!(Password::presented(text.clone()).map(exposed), expected.clone());
        let chosen = if expected.is_ok() && length < min { Err(PasswordRejection::TooShort { min }) } else { expected };
        prop_assert_eq!(Password::chosen(text, min).map(exposed), chosen);
    }

    #[test]
    fn moments_never_wrap_and_keep_their_order(at: i64, other: i64, span in any::<Duration>()) {
        let (moment, other) = (UnixMillis::from_millis(at), UnixMillis::from_millis(other));
        prop_assert!(moment.plus(span) >= moment && moment.minus(span) <= moment);
        prop_assert_eq!(i128::from(moment.plus(span).as_millis()),
            (i128::from(at) + i128::from(millis(span))).min(i128::from(i64::MAX)));
        prop_assert_eq!(moment.since(other) == Duration::ZERO, moment <= other);
        prop_assert!(UnixMillis::from_secs(moment.as_secs()) <= moment || at < i64::MIN + 1000);
    }

    #[test]
    fn what_was_added_is_how_long_ago_it_was(at in -1i64 << 50..1 << 50, span in 0u64..1 << 50) {
        let (moment, span) = (UnixMillis::from_millis(at), Duration::from_millis(span));
        prop_assert_eq!(moment.plus(span).since(moment), span);
        prop_assert_eq!(moment.plus(span).minus(span), moment);
        prop_assert_eq!(moment.since(moment.plus(span)), Duration::ZERO);
    }
}

#[test]
fn only_so_many_language_ranges_are_read() {
    let header = "de,".repeat(MAX_LANGUAGE_RANGES) + "en";
    assert_eq!(Locale::negotiate(&header), None);
    assert_eq!(Locale::negotiate(&header[3..]), Some(Locale::English));
}

#[test]
fn a_weight_that_is_none_counts_as_zero() {
    for weight in ["", "2", "1.001", "-1", "0.0001", "1.0000", ".5", "a", "+1", "0,5", "0. 5", "1e0", "0x1"] {
        assert_eq!(Locale::negotiate(&format!("en;q={weight}")), None, "{weight:?}");
    }
    for weight in ["1", "1.", "1.000", "0.001", "0.5"] {
        assert_eq!(Locale::negotiate(&format!("en;q={weight}")), Some(Locale::English), "{weight:?}");
    }
}
