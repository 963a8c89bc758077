//! An address that is taken has one canonical form, and nothing in it that a mail header or SMTP reads otherwise.

#![no_main]

use domain::email_address::{EMAIL_LOCAL_MAX, EMAIL_MAX, EmailAddress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(email) = EmailAddress::parse(text) else { return };
    let canonical = email.as_str();
    assert_eq!(EmailAddress::parse(canonical).as_ref(), Ok(&email));
    assert_eq!(EmailAddress::parse(&canonical.to_ascii_uppercase()).as_ref(), Ok(&email));
    assert_eq!(EmailAddress::parse(&format!(" {canonical} ")).as_ref(), Ok(&email));
    let (local, domain) = canonical.split_once('@').expect("one @");
    let is_local = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase() && !b"()<>[]:;@\\,\"".contains(&b);
    let is_domain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    assert!(local.bytes().all(is_local) && local.len() <= EMAIL_LOCAL_MAX);
    assert!(domain.bytes().all(is_domain) && canonical.len() <= EMAIL_MAX);
    assert!(domain.contains('.') && domain.split('.').all(|label| (1..=63).contains(&label.len())));
    // What a browser or a mail server would take for an IP address is no domain (a second parser's opinion).
    let url = url::Url::parse(&format!("https://{domain}/")).expect("a host");
    assert_eq!((url.domain(), url.host_str()), (Some(domain), Some(domain)));
    // Only the domain may have changed more than its case.
    let written = text.trim_matches(' ').split_once('@').expect("an @").0;
    assert_eq!(written.to_ascii_lowercase(), local);
});
