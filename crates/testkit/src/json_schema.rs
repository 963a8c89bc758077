//! Whether a JSON value is what a schema of an OpenAPI document says.
//!
//! It knows the keywords that our document uses and finds fault with any other, so that a rule cannot be passed over
//! by not being understood. It is stricter than JSON Schema in one point: a field that no schema names is a
//! fault, because an answer with such a field is an answer that the document does not describe. Patterns and
//! formats are left to the end-to-end tests, which bring a complete validator.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Keywords that say nothing about a value, or that are checked elsewhere.
const PASSED_OVER: [&str; 4] = ["description", "default", "format", "pattern"];

/// What `value` has against `schema`, whose references lead into `document`. Empty if it fits.
pub fn schema_faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check { document, faults: Vec::new() };
    check.value(schema, value, "");
    check.faults
}

/// The value that a local reference such as `#/components/schemas/User` leads to.
pub fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

struct Check<'a> {
    document: &'a Value,
    faults: Vec<String>,
}

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, at: &str) {
        self.keywords(schema, value, at);
        if let Value::Object(fields) = value {
            let mut named = BTreeSet::new();
            self.fields_of(schema, &mut named);
            let is_open = named.is_empty();
            for name in fields.keys().filter(|name| !is_open && !named.contains(name.as_str())) {
                self.faults.push(format!("{at}/{name} is not described"));
            }
        }
    }

    fn keywords(&mut self, schema: &'a Value, value: &Value, at: &str) {
        let Some(rules) = schema.as_object() else {
            return self.faults.push(format!("{at}: the schema is not an object: {schema}"));
        };
        for (keyword, rule) in rules {
            match keyword.as_str() {
                "$ref" => match self.target(rule) {
                    Some(target) => self.keywords(target, value, at),
                    None => self.faults.push(format!("{at}: {rule} leads nowhere")),
                },
                "allOf" => items(rule).for_each(|part| self.keywords(part, value, at)),
                "properties" => self.properties(rule, value, at),
                "items" => {
                    for (index, item) in items(value).enumerate() {
                        self.value(rule, item, &format!("{at}/{index}"));
                    }
                }
                known if PASSED_OVER.contains(&known) => {}
                known => match holds(known, rule, value) {
                    Some(true) => {}
                    Some(false) => self.faults.push(format!("{at}: {value} against {known} {rule}")),
                    None => self.faults.push(format!("{at}: the keyword {known} is not understood")),
                },
            }
        }
    }

    fn properties(&mut self, rule: &'a Value, value: &Value, at: &str) {
        for (name, schema) in rule.as_object().into_iter().flatten() {
            if let Some(field) = value.get(name) {
                self.value(schema, field, &format!("{at}/{name}"));
            }
        }
    }

    /// The fields that a schema names, wherever it names them. One without any leaves its objects open.
    fn fields_of(&self, schema: &'a Value, named: &mut BTreeSet<&'a str>) {
        if let Some(target) = schema.get("$ref").and_then(|rule| self.target(rule)) {
            self.fields_of(target, named);
        }
        schema.get("allOf").into_iter().flat_map(items).for_each(|part| self.fields_of(part, named));
        named.extend(
            schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(Map::keys)
                .map(String::as_str),
        );
    }

    fn target(&self, rule: &Value) -> Option<&'a Value> {
        resolve(self.document, rule.as_str()?)
    }
}

fn items(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// Whether one rule holds; `None` for a rule that is not known here.
fn holds(keyword: &str, rule: &Value, value: &Value) -> Option<bool> {
    let bound = || usize::try_from(rule.as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let text_len = value.as_str().map(|text| text.chars().count());
    Some(match keyword {
        "type" if rule.is_array() => items(rule).any(|one| is_of_type(one, value)),
        "type" => is_of_type(rule, value),
        "const" => rule == value,
        "enum" => items(rule).any(|one| one == value),
        "required" => items(rule).all(|name| name.as_str().is_some_and(|name| value.get(name).is_some())),
        "minLength" => text_len.is_none_or(|length| length >= bound()),
        "maxLength" => text_len.is_none_or(|length| length <= bound()),
        "minItems" => value.as_array().is_none_or(|items| items.len() >= bound()),
        "minimum" => value.as_f64().zip(rule.as_f64()).is_none_or(|(value, rule)| value >= rule),
        "maximum" => value.as_f64().zip(rule.as_f64()).is_none_or(|(value, rule)| value <= rule),
        _ => return None,
    })
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(schema: &Value, value: &Value) -> Vec<String> {
        let document = json!({ "schemas": { "Named": {
            "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "maxLength": 3 } },
        } } });
        schema_faults(&document, schema, value)
    }

    #[test]
    fn a_value_that_fits_has_no_faults() {
        let more = json!({ "type": "object", "properties": { "age": { "type": ["integer", "null"], "minimum": 0 } } });
        let schema = json!({ "allOf": [{ "$ref": "#/schemas/Named" }, more] });
        assert_eq!(faults(&schema, &json!({ "name": "æøå" })), [""; 0]);
        assert_eq!(faults(&schema, &json!({ "name": "Ann", "age": null })), [""; 0]);
        assert_eq!(faults(&json!({ "type": "object" }), &json!({ "any": 1 })), [""; 0]);
    }

    #[test]
    fn everything_that_does_not_fit_is_found() {
        let named = json!({ "$ref": "#/schemas/Named" });
        for (schema, value) in [
            (&named, json!({})),
            (&named, json!({ "name": 1 })),
            (&named, json!({ "name": "Anna" })),
            (&named, json!({ "name": "Ann", "more": 1 })),
            (&json!({ "type": "array", "items": named.clone() }), json!([{ "name": "Ann" }, {}])),
            (&json!({ "type": "array", "minItems": 1 }), json!([])),
            (&json!({ "type": "object" }), json!([])),
            (&json!({ "type": "integer" }), json!(1.5)),
            (&json!({ "type": ["string", "null"] }), json!(false)),
            (&json!({ "enum": ["a", "b"] }), json!("c")),
            (&json!({ "const": "a" }), json!("b")),
            (&json!({ "minLength": 1 }), json!("")),
            (&json!({ "minimum": 1 }), json!(0)),
            (&json!({ "maximum": 1 }), json!(2)),
            (&json!({ "$ref": "#/schemas/Nobody" }), json!(1)),
            (&json!({ "oneOf": [] }), json!(1)),
            (&json!(true), json!(1)),
        ] {
            let faults = faults(schema, &value);
            assert_eq!(faults.len(), 1, "{schema} {value}: {faults:?}");
        }
    }
}
