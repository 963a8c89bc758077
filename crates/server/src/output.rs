//! What commands print: lines for people, or one JSON object a line for programs.

use app::outbox::{MailSubject, OutboxRow};
use app::ports::rows::{Cell, EVENTS};
use app::ports::store::Seal;
use domain::account::User;
use domain::api_key::ApiKey;
use domain::event::EventKind;
use domain::session::Session;
use domain::time::UnixMillis;
use serde_json::{Map, Value, json};
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

/// An API key as JSON, without what is secret.
pub fn api_key_json(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "namespace": key.namespace.as_str(),
        "name": key.name.as_str(),
        "created_at": moment(key.created_at),
        "rotated_at": moment(key.rotated_at),
        "expires_at": key.current.expires_at.map(moment),
        "previous_secret_expires_at": key.previous.and_then(|secret| secret.expires_at).map(moment),
        "revoked_at": key.revoked_at.map(moment),
        "last_used_at": key.last_used_at.map(moment),
    })
}

/// An API key as a line.
pub fn api_key_line(key: &ApiKey) -> String {
    let at = |at: Option<UnixMillis>| at.map_or_else(|| "never".to_owned(), moment);
    let ends = match key.revoked_at {
        Some(revoked) => format!("revoked {}", moment(revoked)),
        None => format!("expires {}", at(key.current.expires_at)),
    };
    format!("{}  {}  {ends}  last used {}", key.id, key.name, at(key.last_used_at))
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

/// A place in the audit log's chain, as `audit verify --head` takes it.
pub fn anchor(seq: u64, seal: &Seal) -> String {
    format!("{seq}:{}", hexadecimal(seal))
}

/// Bytes as text.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An event as JSON: every column, whatever somebody has made of it, and what follows from them.
pub fn event_json(row: &[Cell]) -> Value {
    let mut event = Map::new();
    for ((column, _), cell) in EVENTS.columns.iter().zip(row) {
        let (field, value) = match (*column, cell) {
            ("at", Cell::Number(at)) => ("at", json!(exact_moment(UnixMillis::from_millis(*at)))),
            ("address", cell) => ("source", cell_json(cell)),
            (column, cell) => (column, cell_json(cell)),
        };
        event.insert(field.to_owned(), value);
    }
    let text = |field: &str| event.get(field).and_then(Value::as_str);
    let kind = text("kind").and_then(EventKind::from_name);
    let actor = match text("actor") {
        Some("client") if kind.is_some_and(EventKind::is_of_a_proven_user) => json!("user"),
        Some("client") => json!("anonymous"),
        Some("system") => json!("worker"),
        other => json!(other),
    };
    let outcome = if text("problem").is_some() { "failure" } else { "success" };
    event.insert("actor".to_owned(), actor);
    event.insert("outcome".to_owned(), json!(outcome));
    Value::Object(event)
}

fn cell_json(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Number(number) => json!(number),
        Cell::Flag(flag) => json!(flag),
        Cell::Id(id) => json!(id.to_string()),
        Cell::Bytes(bytes) => json!(hexadecimal(bytes)),
    }
}

/// A moment as RFC 3339 in UTC with milliseconds.
fn exact_moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map_or_else(|_| at.as_millis().to_string(), |at| format!("{at:.3}"))
}

fn subject(subject: &MailSubject) -> (&'static str, String) {
    let email = subject.address().map(|(email, _)| email.to_string());
    let user = subject.user().map(|user| user.to_string());
    (subject.kind(), email.or(user).unwrap_or_default())
}
