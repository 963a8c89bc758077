//! A language is chosen only if the header names one of ours with a weight, whatever else stands there.

#![no_main]

use domain::locale::{Locale, MAX_LANGUAGE_RANGES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let chosen = Locale::negotiate(header);
    assert_eq!(Locale::negotiate(&header.to_ascii_uppercase()), chosen, "tags and weights have no case");
    if let Some(locale) = chosen {
        let names_it =
            |item: &str| item.split(';').next().and_then(|tag| Locale::from_tag(tag.trim())) == Some(locale);
        assert!(header.split(',').take(MAX_LANGUAGE_RANGES).any(names_it));
        assert_eq!(Locale::negotiate(locale.tag()), chosen);
    }
    if header.split(',').count() < MAX_LANGUAGE_RANGES {
        // A language that is not ours changes nothing, and one of ours in full weight comes first.
        assert_eq!(Locale::negotiate(&format!("de, {header}")), chosen);
        assert_eq!(Locale::negotiate(&format!("nb,{header}")), Some(Locale::Norwegian));
        assert_eq!(Locale::negotiate(&format!("en;q=0,{header}")), chosen);
    }
});
