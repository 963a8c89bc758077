//! An `Authorization` header is one bearer word or none. An input is one header value a line.

#![no_main]

use app::credentials::HeaderText;
use http_api::fuzzing::authorization;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let values: Vec<&[u8]> =
        if input.is_empty() { Vec::new() } else { input.split(|b| *b == b'\n').collect() };
    let Some(read) = authorization(&values) else { return };
    match (read, values.as_slice()) {
        (HeaderText::Absent, values) => assert!(values.is_empty()),
        (HeaderText::Bearer(token), [value]) => {
            let token = token.expose();
            assert!(!token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()), "{token:?}");
            // The scheme in any case, one space, the token: nothing else is left of the value.
            let (scheme, rest) = value.split_at(7);
            assert!(scheme.eq_ignore_ascii_case(b"bearer ") && rest == token.as_bytes());
            for again in [format!("Bearer {token}"), format!("bEARER {token}")] {
                let read = authorization(&[again.as_bytes()]);
                assert!(matches!(read, Some(HeaderText::Bearer(same)) if same.expose() == token));
            }
            let twice = authorization(&[*value, *value]);
            assert!(matches!(twice, Some(HeaderText::Other)), "two headers count as unreadable");
        }
        (HeaderText::Bearer(_), _) => panic!("one of several headers was taken"),
        (HeaderText::Other, values) => {
            assert!(!values.is_empty());
            let is_good = |value: &[u8]| {
                value.len() > 7
                    && value[..7].eq_ignore_ascii_case(b"bearer ")
                    && value[7..].iter().all(u8::is_ascii_graphic)
            };
            assert!(values.len() > 1 || !is_good(values[0]), "a good header was refused");
        }
    }
});
