//! Where a mailed link may lead, against the parser that browsers have (WHATWG URL).

use minbil_auth_domain::redirect::{InvalidAllowlistEntry, REDIRECT_MAX, RedirectAllowlist};
use proptest::prelude::*;
use url::Url;

fn accepts(entry: &str) -> bool {
    RedirectAllowlist::new([entry.to_owned()]).is_ok()
}

/// The host as it stands in an entry, read by eye.
fn written_host(entry: &str) -> Option<&str> {
    let (_, rest) = entry.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    match authority.strip_prefix('[') {
        Some(rest) => authority.get(..rest.find(']')? + 2),
        None => authority.split(':').next(),
    }
}

/// An accepted entry leads a browser where a person who reads it thinks.
fn check_same_place(entry: &str) {
    let url = Url::parse(entry).unwrap_or_else(|error| panic!("{entry:?} is no address: {error}"));
    assert_eq!(url.host_str(), written_host(entry), "{entry:?}");
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None), "{entry:?}");
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback), "{entry:?}");
    // The mailed token becomes the fragment, and nothing else changes.
    let link = Url::parse(&format!("{entry}#token=abc")).unwrap();
    assert_eq!(link.fragment(), Some("token=abc"));
    assert_eq!((link.origin(), link.path(), link.query()), (url.origin(), url.path(), url.query()));
}

/// Addresses that have led somewhere else in somebody's server.
const HOSTILE: [&str; 54] = [
    "https://%65vil.example/",
    "https://a.no%2eevil.example/",
    "https://a.no%00.evil.example/",
    "https://a.no\\@evil.example/",
    "https://a.no\\.evil.example/",
    "https://a.no@evil.example/",
    "https://a.no:443@evil.example/",
    "https://user:pass@a.no/",
    "https://@a.no/",
    "https:///a.no/",
    "https:////a.no/",
    "https:a.no/",
    "https:/a.no/",
    "https:\\\\a.no/",
    "//a.no/",
    "/\\a.no/",
    "a.no",
    "HTTPS://a.no/",
    " https://a.no/",
    "https://a.no/ ",
    "https://a.no/\t",
    "https://a.no/\nr",
    "ht\ntps://a.no/",
    "https://a\u{2e}no\u{3002}evil/",
    "https://ａ.no/",
    "https://bl\u{e5}b\u{e6}r.no/",
    "https://a.no:port/",
    "https://a.no:99999/",
    "https://a.no:80:80/",
    "https://a.no:-1/",
    "https://a.no:+443/",
    "https://a.no:/",
    "https://a..no/",
    "https://.a.no/",
    "https://a.no./",
    "https://-a.no/",
    "https://a_b*c.no/",
    "https://a,b.no/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://127.0.0.01/",
    "https://1.2.3.256/",
    "https://[::1/",
    "https://[::1]evil.example/",
    "https://[::0001]/",
    "https://[v1.a]/",
    "https://[::ffff:1.2.3.4]/",
    "https://A.no/",
    "http://[::1]evil.example/",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "https://xn--example-.org/",
    "javascript:alert(1)//https://a.no/",
];

#[test]
fn asvs_1_2_2_an_entry_that_could_mislead_never_stands_in_a_list() {
    for entry in HOSTILE {
        assert!(!accepts(entry), "{entry:?}");
    }
}

#[test]
fn entries_that_people_write_are_taken_and_lead_where_they_say() {
    for entry in [
        "https://platform.minbil.no/reset-password",
        "https://a.no",
        "https://a.no?x=1",
        "https://a.no/?x=1&y=%20",
        "https://a.no:8443/r/../s",
        "https://xn--blbr-roah.no/r",
        "https://10.0.0.1:8443/r",
        "https://[2001:db8::1]:8443/r",
        "https://intranet/r",
        "http://localhost:3000/reset",
        "http://127.0.0.1/reset",
        "http://[::1]:3000/reset",
    ] {
        assert!(accepts(entry), "{entry}");
        check_same_place(entry);
    }
}

#[test]
fn a_long_entry_and_one_with_a_fragment_are_told_why() {
    let refusal = |entry: String| RedirectAllowlist::new([entry]).err().map(|(_, reason)| reason);
    let entry = |length: usize| format!("https://a.no/{}", "r".repeat(length - 13));
    assert_eq!(refusal(entry(REDIRECT_MAX)), None);
    assert_eq!(refusal(entry(REDIRECT_MAX + 1)), Some(InvalidAllowlistEntry::TooLong));
    assert_eq!(refusal("https://a.no/#".to_owned()), Some(InvalidAllowlistEntry::Fragment));
}

fn near_address() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        "[a-z0-9.:@%\\[\\]-]{0,16}",
        "[!-~]{0,12}",
        "(xn--)?[a-z0-9-]{1,12}\\.[a-z]{2,3}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9x]{1,3}",
        "\\[[0-9a-f:.]{1,20}\\]",
        Just("localhost".to_owned()),
    ];
    let scheme =
        prop_oneof![4 => Just("https://"), 2 => Just("http://"), 1 => Just("https:/"), 1 => Just("ftp://")];
    (scheme, host, "(:[0-9]{0,6})?", "([/?][!-~]{0,20})?")
        .prop_map(|(scheme, host, port, rest)| format!("{scheme}{host}{port}{rest}"))
}

proptest! {
    #[test]
    fn what_is_accepted_at_start_leads_a_browser_to_the_host_that_is_written(
        entry in prop_oneof![near_address(), "https://\\PC{0,20}", "\\PC{0,30}"]
    ) {
        if accepts(&entry) {
            check_same_place(&entry);
        }
    }

    #[test]
    fn nothing_is_found_that_is_not_an_entry_byte_for_byte(
        requested in prop_oneof![near_address(), "\\PC{0,40}"],
        near in prop::sample::select(NEAR.to_vec()),
    ) {
        let entries = ["https://platform.minbil.no/reset-password", "http://localhost:3000/reset"];
        let list = RedirectAllowlist::new(entries.map(str::to_owned)).unwrap();
        for text in [requested.as_str(), near] {
            let found = list.find(text).map(|target| target.as_str().to_owned());
            let expected = entries.contains(&text).then(|| text.to_owned());
            prop_assert_eq!(found, expected);
        }
        for entry in entries {
            prop_assert!(list.find(entry).is_some_and(|target| target.as_str() == entry));
        }
    }
}

/// For a browser the same address as the first entry, or nearly; for us another text.
const NEAR: [&str; 9] = [
    "https://platform.minbil.no:443/reset-password",
    "https://PLATFORM.minbil.no/reset-password",
    "https://platform.minbil.no/./reset-password",
    "https://platform.minbil.no/x/../reset-password",
    "https:platform.minbil.no/reset-password",
    "https://platform.minbil.no\\reset-password",
    "\thttps://platform.minbil.no/reset-password",
    "https://platform.minbil.no/reset-password\0",
    "https://platform.minbil.no/reset-password#",
];
