//! Fields that more than one schema has.

use serde_json::{Value, json};

/// A text of this format or form, and what it is.
pub(super) fn text(description: &str, rules: Value) -> Value {
    let mut text = json!({ "type": "string", "description": description });
    if let (Some(text), Value::Object(rules)) = (text.as_object_mut(), rules) {
        text.extend(rules);
    }
    text
}

/// The same, or `null`.
pub(super) fn text_or_null(description: &str, rules: Value) -> Value {
    text(description, with(rules, "type", json!(["string", "null"])))
}

/// A moment in UTC, in whole seconds.
pub(super) fn moment(description: &str) -> Value {
    text(description, moment_rules())
}

/// The same, or `null`.
pub(super) fn moment_or_null(description: &str) -> Value {
    text_or_null(description, moment_rules())
}

fn moment_rules() -> Value {
    json!({ "format": "date-time", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$" })
}

/// An id of ours.
pub(super) fn id(description: &str) -> Value {
    text(description, json!({ "format": "uuid" }))
}

/// The sentence that every answer has.
pub(super) fn message() -> Value {
    text("What happened, as a sentence.", json!({ "minLength": 1 }))
}

fn with(mut rules: Value, name: &str, value: Value) -> Value {
    rules[name] = value;
    rules
}
