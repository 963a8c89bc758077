//! What commands print: lines for people, or one JSON object a line for programs.

use app::outbox::{MailSubject, OutboxRow};
use domain::account::User;
use domain::session::Session;
use domain::time::UnixMillis;
use serde_json::{Value, json};
use std::io::Write as _;

/// Writes one line to standard output. A reader that went away is no failure.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A moment as RFC 3339 in UTC with whole seconds.
pub fn moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_second(at.as_secs())
        .map_or_else(|_| at.as_millis().to_string(), |at| at.to_string())
}

/// An account as JSON.
pub fn user_json(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "namespace": user.namespace.as_str(),
        "email": user.email.as_str(),
        "email_verified": user.email_verified,
        "status": user.status.name(),
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "last_sign_in_at": user.last_sign_in_at.map(moment),
    })
}

/// An account as a line.
pub fn user_line(user: &User) -> String {
    let last = user.last_sign_in_at.map_or_else(|| "never".to_owned(), moment);
    format!("{}  {:<8}  {}  last sign-in {last}", user.id, user.status.name(), user.email)
}

/// A session as JSON.
pub fn session_json(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": moment(session.created_at),
        "last_proof_at": moment(session.last_proof_at),
        "idle_deadline": moment(session.idle_deadline),
        "absolute_deadline": moment(session.absolute_deadline),
        "user_agent": session.client.user_agent,
        "address": session.client.address,
    })
}

/// A session as a line.
pub fn session_line(session: &Session) -> String {
    let client = session.client.user_agent.as_deref().unwrap_or("unknown client");
    format!("{}  last used {}  {client}", session.id, moment(session.last_proof_at))
}

/// A mail order as JSON. The address it was asked for is the operator's to see.
pub fn mail_json(row: &OutboxRow) -> Value {
    let (kind, about) = subject(&row.order.subject);
    json!({
        "id": row.id.to_string(),
        "namespace": row.order.namespace.as_str(),
        "kind": kind,
        "about": about,
        "state": row.state.name(),
        "attempts": row.attempts,
        "created_at": moment(row.created_at),
        "next_attempt_at": moment(row.next_attempt_at),
        "last_error": row.last_error,
    })
}

/// A mail order as a line.
pub fn mail_line(row: &OutboxRow) -> String {
    let (kind, about) = subject(&row.order.subject);
    let error = row.last_error.as_deref().unwrap_or("-");
    format!(
        "{}  {:<7}  {kind}  {about}  attempts {}  next {}  {error}",
        row.id,
        row.state.name(),
        row.attempts,
        moment(row.next_attempt_at)
    )
}

fn subject(subject: &MailSubject) -> (&'static str, String) {
    let email = subject.address().map(|(email, _)| email.to_string());
    let user = subject.user().map(|user| user.to_string());
    (subject.kind(), email.or(user).unwrap_or_default())
}
