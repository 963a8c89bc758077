//! `POST change-password`

use super::answer::signed_in;
use crate::extract::call::Call;
use crate::extract::fields::{new_password, password};
use crate::extract::json_body::JsonBody;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use app::change_password::{self, PasswordChange};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

pub(super) async fn change_password(
    State(state): State<Arc<HttpState>>,
    call: Call,
    JsonBody(mut body): JsonBody,
) -> Result<Response, Problem> {
    let caller = call.caller(&state).await;
    if let Err(problem) = &caller
        && problem.code != ProblemCode::PasswordChanged
    {
        return Err(problem.clone());
    }
    let (service, namespace) = (&state.service, &call.namespace);
    let current = body.required("current_password", password);
    let new = body.required("new_password", new_password(namespace.password_min));
    let change = match (caller.as_ref(), current, new) {
        (_, Some(current), Some(new)) => PasswordChange { current, new, key: call.idempotency_key()? },
        (Ok(_), _, _) => return Err(body.into_problem()),
        (Err(problem), _, _) => return Err(problem.clone()),
    };
    let cookie = call.with_cookie;
    let outcome = match caller {
        Ok(caller) => {
            change_password::change_password(service, namespace, &caller, change, cookie, &call.origin)
                .await?
        }
        // The change that ended the session may be this very one, whose answer was lost.
        Err(problem) => {
            let header = call.header();
            change_password::repeat_change(service, namespace, header, &change, cookie, &call.origin)
                .await?
                .ok_or(problem)?
        }
    };
    Ok(signed_in("Password changed.", &outcome, state.options.mode, &namespace.name))
}
