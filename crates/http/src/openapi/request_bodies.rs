//! What a call reads from the body, with examples, the published one first.

use super::naming::{Scope, schema_name};
use super::{examples, schemas};
use crate::operations::{Body, Operation};
use serde_json::{Value, json};

/// The body of a call, if it reads one.
pub(super) fn of(operation: Operation, scope: Option<Scope<'_>>) -> Option<Value> {
    let Scope { name, rules } = scope?;
    let min = rules.password_min;
    let (schema, examples) = match operation {
        Operation::SignIn => ("SignInRequest".to_owned(), one(&examples::sign_in())),
        Operation::SignUp => (schema_name(name, "SignUpRequest"), one(&examples::sign_up(min))),
        Operation::Refresh => ("RefreshRequest".to_owned(), examples::refresh()),
        Operation::SignOut => ("SignOutRequest".to_owned(), examples::sign_out()),
        Operation::ForgotPassword => ("ForgotPasswordRequest".to_owned(), one(&examples::forgot_password())),
        Operation::ResetPassword => {
            (schema_name(name, "ResetPasswordRequest"), one(&examples::reset_password(min)))
        }
        Operation::VerifyEmail => ("VerifyEmailRequest".to_owned(), one(&examples::verify_email())),
        Operation::ResendVerification => {
            ("ResendVerificationRequest".to_owned(), one(&examples::resend_verification()))
        }
        Operation::ChangePassword => {
            (schema_name(name, "ChangePasswordRequest"), one(&examples::change_password(min)))
        }
        Operation::Me
        | Operation::ListSessions
        | Operation::EndSession
        | Operation::Jwks
        | Operation::OpenapiJson
        | Operation::Healthz
        | Operation::Readyz => return None,
    };
    Some(json!({
        "required": operation.body() == Body::Required,
        "content": { "application/json": { "schema": schemas::reference(&schema), "examples": examples } },
    }))
}

fn one(example: &Value) -> Value {
    json!({ "example": { "value": example } })
}
