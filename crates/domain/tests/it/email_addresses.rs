//! Email addresses: one canonical form, and nothing but one plain mailbox.

use minbil_auth_domain::email_address::{EMAIL_LOCAL_MAX, EMAIL_MAX, EmailAddress, InvalidEmail};
use proptest::prelude::*;

fn parse(text: &str) -> Result<String, InvalidEmail> {
    EmailAddress::parse(text).map(|email| email.to_string())
}

fn is_refused(text: &str) {
    assert!(parse(text).is_err(), "{text:?} was taken for {:?}", parse(text));
}

/// What a canonical form is made of: nothing that a mail header, a log line or an SMTP command reads otherwise.
fn is_plain(canonical: &str) -> bool {
    let Some((local, domain)) = canonical.split_once('@') else { return false };
    let is_local = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && !b"()<>[]:;@\\,\"".contains(&b);
    let is_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    local.bytes().all(is_local)
        && domain.bytes().all(is_domain)
        && canonical.len() <= EMAIL_MAX
        && local.len() <= EMAIL_LOCAL_MAX
        && domain.split('.').count() >= 2
        && domain.split('.').all(|label| (1..=63).contains(&label.len()))
}

#[test]
fn cve_2019_19844_letters_that_fold_to_ascii_name_nobody() {
    // Kelvin sign, dotless i, dotted I, long s, fullwidth a, ligature ffi, mathematical a.
    for letter in ['\u{212a}', '\u{131}', '\u{130}', '\u{17f}', '\u{ff41}', '\u{fb03}', '\u{1d44e}'] {
        is_refused(&format!("m{letter}ke@example.org"));
    }
}

#[test]
fn a_domain_of_folding_letters_is_the_domain_they_fold_to() {
    // UTS 46 maps them as browsers and resolvers do, so they are one and the same mailbox, and one account.
    assert_eq!(parse("a@GIT\u{212a}UB.com").as_deref(), Ok("a@gitkub.com"));
    assert_eq!(parse("a@\u{ff45}xample.org").as_deref(), Ok("a@example.org"));
    // A dotless i is a letter of its own, and its domain another one.
    assert_eq!(parse("a@g\u{131}thub.com").as_deref(), Ok("a@xn--gthub-n4a.com"));
    assert_eq!(parse("a@example\u{3002}org").as_deref(), Ok("a@example.org"));
}

#[test]
fn ghsa_g7hc_96xr_gvvx_nothing_carries_a_second_recipient() {
    for text in [
        "a@x.no,b@y.no",
        "a@x.no, b@y.no",
        "a@x.no;b@y.no",
        "a@x.no b@y.no",
        "a@x.no\tb@y.no",
        "a,b@x.no",
        "\"a@x.no\"@y.no",
        "\"a\\\" <b@y.no>\"@x.no",
        "\"a b\"@x.no",
        "\"ab\"@x.no",
        "a(b)@x.no",
        "a@x.no@y.no",
        "a@[x.no]@y.no",
        "a@x\u{ff20}y.no",
        "a\u{ff20}x.no",
        "a\u{fe6b}x.no",
        "<a@x.no>",
        "a <b@x.no>",
        "group:a@x.no;",
        "@x.no:a@y.no",
        "a%y.no@x.no@z.no",
    ] {
        is_refused(text);
    }
}

#[test]
fn cwe_93_no_line_end_comes_through() {
    for line_end in ["\r\n", "\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\0", "\t"] {
        for text in [
            format!("a@example.org{line_end}Bcc: b@example.org"),
            format!("a{line_end}@example.org"),
            format!("a@{line_end}example.org"),
            format!("a@exam{line_end}ple.org"),
            format!("{line_end}a@example.org"),
            format!("a@example.org{line_end}"),
        ] {
            is_refused(&text);
        }
    }
}

#[test]
fn an_address_on_a_machine_number_is_no_address() {
    for host in [
        "127.0.0.1",
        "[127.0.0.1]",
        "[IPv6:::1]",
        "::1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "a.1",
        "1.0x7f",
        "a.0x1",
        "localhost",
        "127.0.0.1.",
    ] {
        is_refused(&format!("a@{host}"));
    }
}

#[test]
fn rustsec_2024_0421_a_label_that_only_pretends_to_be_punycode_is_refused() {
    for domain in [
        "xn--example-.org",
        "xn--.org",
        "xn---.org",
        "xn--a.org",
        "xn--a-.org",
        "example.xn--com-",
        "xn--fa-hia.\u{0}",
        "xn--xn---epa.org",
        "xn--zn7c.com",
        "XN--EXAMPLE-.org",
        "\u{ff58}n--example-.org",
    ] {
        is_refused(&format!("a@{domain}"));
    }
    assert_eq!(parse("a@XN--BLBR-ROAH.no").as_deref(), Ok("a@xn--blbr-roah.no"));
    assert_eq!(parse("a@blåbær.no"), parse("a@xn--blbr-roah.no"));
    assert_eq!(parse("a@BLÅBÆR.no"), parse("a@xn--blbr-roah.no"));
}

#[test]
fn dots_hyphens_and_labels_stand_where_they_may() {
    for text in [
        "a@example.org.",
        "a@example.org\u{3002}",
        "a@.example.org",
        "a@example..org",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "a@example",
        "a@",
        "@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
    ] {
        is_refused(text);
    }
}

#[test]
fn the_limits_hold_to_the_byte() {
    let local = |length| "l".repeat(length);
    assert!(parse(&format!("{}@example.org", local(EMAIL_LOCAL_MAX))).is_ok());
    is_refused(&format!("{}@example.org", local(EMAIL_LOCAL_MAX + 1)));
    // 64 + @ + 189 = 254.
    let label = "d".repeat(63);
    let domain = |rest: usize| format!("{label}.{label}.{}.no", "e".repeat(rest));
    let longest = format!("{}@{}", local(64), domain(189 - 64 - 64 - 3));
    assert_eq!(longest.len(), EMAIL_MAX);
    assert!(parse(&longest).is_ok());
    assert_eq!(parse(&format!("l{longest}")), Err(InvalidEmail::TooLong));
    assert!(parse(&format!("a@{label}.no")).is_ok());
    is_refused(&format!("a@{label}d.no"));
    // Short as it came, too long as A-labels.
    is_refused(&format!("a@{}.no", "æ".repeat(60)));
}

#[test]
fn spaces_around_it_are_a_slip_of_the_thumb_and_nothing_else_is() {
    assert_eq!(parse("  a@example.org ").as_deref(), Ok("a@example.org"));
    for space in ['\u{a0}', '\u{2003}', '\u{3000}', '\u{feff}', '\u{200b}'] {
        is_refused(&format!("{space}a@example.org"));
    }
}

/// Addresses that are nearly right: pieces of real ones, put together at random.
fn near_address() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a".to_owned()),
        Just("@".to_owned()),
        Just(".".to_owned()),
        Just("no".to_owned()),
        Just("xn--".to_owned()),
        Just("-".to_owned()),
        Just("example.org".to_owned()),
        "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]{1,8}",
        "\\PC{1,3}",
        "[\u{80}-\u{24f}\u{370}-\u{3ff}\u{400}-\u{4ff}\u{ff00}-\u{ff5f}]{1,4}",
    ];
    prop::collection::vec(piece, 1..9).prop_map(|pieces| pieces.concat())
}

/// A local part that is right, at a domain of any letters.
fn address_of_any_script() -> impl Strategy<Value = String> {
    ("[a-z0-9]{1,8}", "\\PC{1,12}", "[a-z]{2,4}")
        .prop_map(|(local, label, top)| format!("{local}@{label}.{top}"))
}

proptest! {
    #[test]
    fn a_canonical_form_is_plain_and_its_own_canonical_form(
        text in prop_oneof![near_address(), address_of_any_script(), "\\PC{0,60}"]
    ) {
        if let Ok(canonical) = parse(&text) {
            prop_assert!(is_plain(&canonical), "{:?}", canonical);
            prop_assert_eq!(parse(&canonical), Ok(canonical.clone()));
            prop_assert_eq!(parse(&canonical.to_ascii_uppercase()), Ok(canonical));
        }
    }

    #[test]
    fn ordinary_addresses_are_taken(
        local in "[a-z0-9]{1,10}([.+_-][a-z0-9]{1,10}){0,3}",
        domain in "[a-z0-9]{1,20}(-[a-z0-9]{1,10})?\\.(no|com|io|org)",
    ) {
        // Four-letter runs with hyphens in the middle are kept for encodings.
        prop_assume!(domain.as_bytes().get(2..4) != Some(b"--"));
        let text = format!("{local}@{domain}");
        prop_assert_eq!(parse(&text), Ok(text.clone()));
        prop_assert_eq!(parse(&text.to_uppercase()), Ok(text));
    }
}
