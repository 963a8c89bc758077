//! Names of tags, operations and schemas.

use crate::operations::{Group, Operation};
use crate::options::{HttpNamespace, HttpOptions};
use domain::namespace::NamespaceName;
use serde_json::{Value, json};

/// The namespace that a call is described for.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) name: &'a NamespaceName,
    pub(super) rules: &'a HttpNamespace,
}

const SERVER_TAG: &str = "Server";

/// One tag for each namespace, and one for the server.
pub(super) fn tags(options: &HttpOptions) -> Value {
    let of_namespace = |(name, rules): (&NamespaceName, &HttpNamespace)| {
        json!({
            "name": namespace_tag(rules),
            "description": format!("Sign up, sign in, stay signed in, sign out, and passwords, for {} accounts.", rules.title),
            "x-namespace": name.as_str(),
        })
    };
    let of_server = json!({ "name": SERVER_TAG, "description": "The server itself." });
    options.namespaces.iter().map(of_namespace).chain([of_server]).collect()
}

/// The tag of a call.
pub(super) fn tag(scope: Option<Scope<'_>>) -> String {
    scope.map_or_else(|| SERVER_TAG.to_owned(), |scope| namespace_tag(scope.rules))
}

fn namespace_tag(rules: &HttpNamespace) -> String {
    format!("{} / Auth", rules.title)
}

/// The name of a call in a generated client, such as `coSignIn`.
pub(super) fn operation_id(operation: Operation, scope: Option<Scope<'_>>) -> String {
    let name = name(operation);
    match scope {
        Some(scope) => format!("{}{name}", word(scope.name)),
        None => lower_first(name),
    }
}

/// The name of a schema whose rules are the namespace's, such as `CoSignUpRequest`.
pub(super) fn schema_name(name: &NamespaceName, schema: &str) -> String {
    let word = word(name);
    let (first, rest) = word.split_at(1);
    format!("{}{rest}{schema}", first.to_ascii_uppercase())
}

/// A namespace's name as a part of an identifier. A hyphen becomes an underscore, which no name has, so that two
/// namespaces never meet in one identifier.
fn word(name: &NamespaceName) -> String {
    name.as_str().replace('-', "_")
}

fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}

const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::SignUp => "SignUp",
        Operation::SignIn => "SignIn",
        Operation::Refresh => "Refresh",
        Operation::SignOut => "SignOut",
        Operation::ForgotPassword => "ForgotPassword",
        Operation::ResetPassword => "ResetPassword",
        Operation::VerifyEmail => "VerifyEmail",
        Operation::ResendVerification => "ResendVerification",
        Operation::ChangePassword => "ChangePassword",
        Operation::Me => "Me",
        Operation::ListSessions => "ListSessions",
        Operation::EndSession => "EndSession",
        Operation::Jwks => "Jwks",
        Operation::OpenapiJson => "GetOpenapiDocument",
        Operation::Healthz => "GetHealth",
        Operation::Readyz => "GetReadiness",
    }
}

/// Whether there is one of these calls in each namespace.
pub(super) const fn is_of_namespace(operation: Operation) -> bool {
    matches!(operation.group(), Group::Auth | Group::Keys)
}
