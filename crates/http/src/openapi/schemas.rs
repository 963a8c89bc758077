//! The schemas. Lengths count code points, as the server does.

mod answers;
mod fields;
mod requests;

use super::naming::schema_name;
use crate::options::HttpOptions;
use serde_json::{Map, Value, json};

/// A schema and its name.
type Named = (&'static str, Value);

/// Every schema.
pub(super) fn components(options: &HttpOptions) -> Value {
    let mut schemas = Map::new();
    for (name, rules) in &options.namespaces {
        let own = requests::of_namespace(rules).into_iter().chain(answers::of_namespace(rules));
        schemas.extend(own.map(|(schema, value)| (schema_name(name, schema), value)));
    }
    let for_all = requests::for_all().into_iter().chain(answers::for_all()).chain(answers::problems());
    schemas.extend(for_all.map(|(schema, value)| (schema.to_owned(), value)));
    schemas.into()
}

/// A reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with these fields, of which those of `required` are always there.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes the properties in place")]
fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": properties,
    })
}
