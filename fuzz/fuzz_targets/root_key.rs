//! A text of root keys is read as it is written: the first line is current, and every id stands once.

#![no_main]

use crypto::{ROOT_KEYS_MAX, RootKeys};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

fuzz_target!(|text: &str| {
    let Ok(keys) = RootKeys::parse(text) else { return };
    let prints = keys.fingerprints();
    let ids: BTreeSet<u32> = prints.iter().map(|(id, _)| *id).collect();
    assert!((1..=ROOT_KEYS_MAX).contains(&prints.len()) && ids.len() == prints.len());
    assert_eq!(prints.first().map(|(id, _)| *id), Some(keys.current_id()));
    // Comments, empty lines and white space around a line are nothing.
    let again = RootKeys::parse(&format!("# a comment\n\n{text}\n")).map(|keys| keys.fingerprints());
    assert!(again.is_ok_and(|again| again == prints) || text.len() > crypto::ROOT_KEY_TEXT_MAX - 16);
});
