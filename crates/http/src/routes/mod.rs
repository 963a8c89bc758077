//! One file per call: read the request into domain types, call the use case, write the answer.

mod answer;
mod change_password;
mod forgot_password;
mod health;
mod jwks;
mod me;
mod openapi_json;
mod refresh;
mod resend_verification;
mod reset_password;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod verify_email;

use crate::layers::cors;
use crate::layers::fault_mode::fault_mode;
use crate::layers::guard::guard;
use crate::operations::{Group, Method, Operation};
use crate::options::Mode;
use crate::state::HttpState;
use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};
use std::sync::Arc;

/// Every call there is. A row of the table without a handler does not compile, and a handler cannot be reached
/// but through the table.
pub(crate) fn all(state: &Arc<HttpState>) -> Router<Arc<HttpState>> {
    let of = |groups: &[Group]| {
        let operations = Operation::ALL.into_iter().filter(|operation| groups.contains(&operation.group()));
        operations
            .fold(Router::new(), |router, operation| router.route(operation.address().1, route(operation)))
            .layer(from_fn_with_state(Arc::clone(state), guard))
    };
    let auth = of(&[Group::Auth]);
    let auth = match state.options.mode {
        Mode::Development => auth.layer(from_fn(fault_mode)),
        Mode::Production => auth,
    };
    Router::new()
        .merge(auth.layer(cors::of_namespaces(state)))
        .merge(of(&[Group::Keys, Group::Description]).layer(cors::of_public_documents()))
        .merge(of(&[Group::Health]))
}

fn route(operation: Operation) -> MethodRouter<Arc<HttpState>> {
    match operation {
        Operation::SignUp => answers(operation, sign_up::sign_up),
        Operation::SignIn => answers(operation, sign_in::sign_in),
        Operation::Refresh => answers(operation, refresh::refresh),
        Operation::SignOut => answers(operation, sign_out::sign_out),
        Operation::ForgotPassword => answers(operation, forgot_password::forgot_password),
        Operation::ResetPassword => answers(operation, reset_password::reset_password),
        Operation::VerifyEmail => answers(operation, verify_email::verify_email),
        Operation::ResendVerification => answers(operation, resend_verification::resend_verification),
        Operation::ChangePassword => answers(operation, change_password::change_password),
        Operation::Me => answers(operation, me::me),
        Operation::ListSessions => answers(operation, sessions::list),
        Operation::EndSession => answers(operation, sessions::end),
        Operation::Jwks => answers(operation, jwks::jwks),
        Operation::OpenapiJson => answers(operation, openapi_json::openapi_json),
        Operation::Healthz => answers(operation, health::healthz),
        Operation::Readyz => answers(operation, health::readyz),
    }
}

fn answers<T: 'static>(
    operation: Operation,
    handler: impl Handler<T, Arc<HttpState>>,
) -> MethodRouter<Arc<HttpState>> {
    on(method(operation), handler)
}

const fn method(operation: Operation) -> MethodFilter {
    match operation.address().0 {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Delete => MethodFilter::DELETE,
    }
}
