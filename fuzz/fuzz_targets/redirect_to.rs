//! An allowlist entry leads a browser to the host that is written, and only the exact entry is found. An input is an
//! entry in the first line and what a client asks for in the rest.

#![no_main]

use domain::redirect::RedirectAllowlist;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|input: &str| {
    let (entry, requested) = input.split_once('\n').unwrap_or((input, input));
    let Ok(list) = RedirectAllowlist::new([entry.to_owned()]) else { return };
    assert_eq!(list.find(requested).is_some(), requested == entry);
    assert_eq!(list.find(entry).map(|target| target.as_str()), Some(entry));
    let url = Url::parse(entry).expect("an entry is an address");
    let (scheme, rest) = entry.split_once("://").expect("a scheme");
    let authority = rest.split(['/', '?']).next().expect("an authority");
    let host = url.host_str().expect("a host");
    let port = authority.strip_prefix(host).expect("the host as it is written");
    assert!(port.is_empty() || port.starts_with(':'));
    assert_eq!(url.scheme(), scheme);
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
    assert!(scheme == "https" || (scheme == "http" && ["localhost", "127.0.0.1", "[::1]"].contains(&host)));
    // The mailed link is the entry and a fragment: nothing else of it changes.
    let link = Url::parse(&format!("{entry}#token=abc")).expect("a link");
    assert_eq!((link.origin(), link.path(), link.query()), (url.origin(), url.path(), url.query()));
    assert!(entry.bytes().all(|b| b.is_ascii_graphic()), "one word on one line of a mail");
});
