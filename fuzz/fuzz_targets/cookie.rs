//! The refresh cookie is found if and only if there is one of its exact name. An input is one `Cookie` header a line.

#![no_main]

use http_api::fuzzing::cookie;
use libfuzzer_sys::fuzz_target;

const NAME: &str = "__Secure-minbil_rt_co";

fuzz_target!(|input: &[u8]| {
    let values: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
    let Some(read) = cookie(&values, NAME) else { return };
    let is_readable = |value: &&&[u8]| value.iter().all(|b| *b == b'\t' || (0x20..0x7f).contains(b));
    let pairs: Vec<&[u8]> =
        values.iter().filter(is_readable).flat_map(|value| value.split(|b| *b == b';')).collect();
    let found: Vec<&[u8]> = pairs.into_iter().filter_map(value_of).collect();
    match (read, found.as_slice()) {
        (Some(value), [only]) => {
            assert_eq!(value.as_bytes(), *only);
            assert!(!value.contains(';'));
            // Alone, among others, and once more: the same, the same, none.
            let alone = format!("{NAME}={value}");
            assert_eq!(cookie(&[alone.as_bytes()], NAME), Some(Some(value.clone())));
            let among = format!("a=b; {alone}; {NAME}x=c");
            assert_eq!(cookie(&[among.as_bytes()], NAME), Some(Some(value)));
            assert_eq!(cookie(&[alone.as_bytes(), among.as_bytes()], NAME), Some(None));
        }
        (None, []) | (None, [_, _, ..]) => {}
        (read, found) => panic!("{read:?} of {} cookies of the name", found.len()),
    }
});

/// The value, if the pair is of the name: told from bytes, and not as the extractor does.
fn value_of(pair: &[u8]) -> Option<&[u8]> {
    let is_space = |b: &u8| *b == b' ' || *b == b'\t';
    let start = pair.iter().position(|b| !is_space(b))?;
    let end = pair.iter().rposition(|b| !is_space(b))? + 1;
    pair[start..end].strip_prefix(NAME.as_bytes())?.strip_prefix(b"=")
}
