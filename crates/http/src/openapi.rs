//! The OpenAPI 3.1 document: what a client can call, with what, and everything that can come back.
//!
//! Made from the table of operations, from which the router is made too, and from the configuration, because a
//! namespace's name and rules are part of it. `docs/openapi.json` is a copy for the default configuration.

mod calls;
mod code_samples;
mod examples;
mod naming;
mod problem_answers;
mod request_bodies;
mod schemas;
mod security;
mod success_answers;
mod texts;

use crate::operations::OF_NO_CALL;
use crate::options::HttpOptions;
use serde_json::{Value, json};

const INTRODUCTION: &str = "\
Accounts, sessions and tokens of the Minbil car platform. Every namespace (`co` is Car Owner) is a world of accounts \
of its own with the same calls; a token of one is worth nothing in another.

A client signs in, sends the access token with every call, and asks for a new one before it expires. Every answer \
that is not a success is a problem document (RFC 9457, `application/problem+json`): branch on the HTTP status first, \
then on `code`. Fields may be added to any answer; ignore those you do not know.";

/// The document for a configuration.
pub fn openapi_document(options: &HttpOptions) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Minbil authentication API",
            "version": options.version,
            "description": INTRODUCTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": options.base_url }],
        "tags": naming::tags(options),
        "paths": calls::paths(options),
        "components": {
            "schemas": schemas::components(options),
            "headers": success_answers::header_components(),
            "examples": problem_answers::example_components(options),
            "securitySchemes": security::schemes(options),
        },
        // A request that reaches none of the calls above gets one of these.
        "x-problems-of-no-call": OF_NO_CALL.map(crate::problem::ProblemCode::code),
    })
}

#[cfg(test)]
mod tests;
