//! The strict body parser takes what another JSON parser takes, less what has a key twice, and reads it alike.

#![no_main]

use http_api::fuzzing::json_object;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|body: &[u8]| {
    let lenient = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => Some(map),
        Ok(_) | Err(_) => None,
    };
    // The lenient parser keeps the last of two members of a name; the body then has more colons than it has members.
    let is_distinct = lenient.as_ref().is_some_and(|map| members(map) == colons(body));
    match json_object(body) {
        Some(map) => {
            assert!(is_distinct, "a key stands twice");
            assert_eq!(Some(&map), lenient.as_ref());
            let printed = serde_json::to_vec(&map).expect("what was read can be printed");
            let again = json_object(&printed).expect("what was printed can be read");
            // serde_json may read a fraction's last bit otherwise; no field of ours is one.
            assert!(again == map || map.values().any(has_fraction));
        }
        None => assert!(!is_distinct, "one object with distinct keys was refused"),
    }
});

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Object(map) => map.values().any(has_fraction),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn members(map: &Map<String, Value>) -> usize {
    map.len() + map.values().map(members_within).sum::<usize>()
}

fn members_within(value: &Value) -> usize {
    match value {
        Value::Object(map) => members(map),
        Value::Array(items) => items.iter().map(members_within).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Colons outside of strings, of a text that is known to be JSON.
fn colons(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}
