//! `GET sessions`, `DELETE sessions/{id}`

use super::answer::{Message, no_store, private};
use crate::extract::call::Call;
use crate::extract::cookie;
use crate::moment::rfc3339;
use crate::problem::{Problem, ProblemCode};
use crate::state::HttpState;
use app::end_session;
use app::ports::store::EndSessionOutcome;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::ids::SessionId;
use domain::session::Session;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize)]
struct Sessions {
    message: &'static str,
    sessions: Vec<SessionBody>,
}

#[derive(Serialize)]
struct SessionBody {
    id: String,
    created_at: String,
    last_used_at: String,
    expires_at: String,
    current: bool,
    user_agent: Option<String>,
    address: Option<String>,
}

impl SessionBody {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_proof_at),
            expires_at: rfc3339(session.idle_deadline.min(session.absolute_deadline)),
            current: session.id == current,
            user_agent: session.client.user_agent,
            address: session.client.address,
        }
    }
}

pub(super) async fn list(State(state): State<Arc<HttpState>>, call: Call) -> Result<Response, Problem> {
    let caller = call.caller(&state).await?;
    let sessions = end_session::list_sessions(&state.service, &caller).await?;
    let sessions = sessions.into_iter().map(|session| SessionBody::new(session, caller.session.id)).collect();
    Ok(private(StatusCode::OK, Sessions { message: "Sessions of this account.", sessions }))
}

pub(super) async fn end(
    State(state): State<Arc<HttpState>>,
    call: Call,
    Path(path): Path<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let caller = call.caller(&state).await?;
    let id = path.get("id").and_then(|text| text.parse().ok()).ok_or(ProblemCode::SessionNotFound)?;
    let id = SessionId::new(id);
    let outcome = end_session::end_session(&state.service, &caller, id, &call.origin).await?;
    if outcome == EndSessionOutcome::NotFound {
        return Err(ProblemCode::SessionNotFound.into());
    }
    let is_own = id == caller.session.id;
    let cleared = is_own.then(|| cookie::clear(state.options.mode, &call.namespace.name)).flatten();
    Ok((no_store(cleared), Json(Message { message: "Session ended." })).into_response())
}
