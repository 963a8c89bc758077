//! Stub.
use crate::options::HttpOptions;
/// Doc.
pub fn openapi_document(_: &HttpOptions) -> serde_json::Value {
    serde_json::json!({})
}
