//! Audit events, written in the same write as what they tell of.

use crate::rows::{get, moment, namespace, parsed, some_uuid, uuid};
use crate::writer::Write;
use app::audit::{Actor, AuditContext};
use app::ports::store::AuditRow;
use domain::event::EventKind;
use domain::ids::{EventId, SessionId, UserId};
use domain::namespace::NamespaceName;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result, Row, params};

/// What an event concerns.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// Where.
    pub(crate) namespace: Option<&'a NamespaceName>,
    /// Whom.
    pub(crate) user: Option<UserId>,
    /// Which session.
    pub(crate) session: Option<SessionId>,
    /// One more word.
    pub(crate) detail: Option<&'a str>,
    /// The problem that the client was told.
    pub(crate) problem: Option<&'a str>,
    /// How many of them this is.
    pub(crate) times: Option<u32>,
}

/// Writes one event.
pub(crate) fn record(
    write: &Write<'_>,
    kind: EventKind,
    about: About<'_>,
    audit: &AuditContext,
) -> Result<()> {
    let mut insert = write.connection.prepare_cached(
        "INSERT INTO events (id, at, kind, namespace, user_id, session_id, actor, request_id, address, detail, problem, times)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    insert.execute(params![
        write.uuid().as_bytes(),
        write.now.as_millis(),
        kind.name(),
        about.namespace.map(NamespaceName::as_str),
        about.user.map(|id| *id.uuid().as_bytes()),
        about.session.map(|id| *id.uuid().as_bytes()),
        audit.actor.name(),
        audit.request_id,
        audit.address,
        about.detail,
        about.problem,
        about.times,
    ])?;
    Ok(())
}

/// The newest events, newest first.
pub(crate) fn list(connection: &Connection, limit: u32) -> Result<Vec<AuditRow>> {
    let mut select = connection.prepare_cached("SELECT * FROM events ORDER BY id DESC LIMIT ?1")?;
    select.query_map([limit], event)?.collect()
}

fn event(row: &Row<'_>) -> Result<AuditRow> {
    let namespace = match row.get_ref("namespace")? {
        ValueRef::Null => None,
        _ => Some(namespace(row)?),
    };
    Ok(AuditRow {
        id: EventId::new(uuid(row, "id")?),
        at: moment(row, "at")?,
        kind: parsed(row, "kind", EventKind::from_name)?,
        namespace,
        user: some_uuid(row, "user_id")?.map(UserId::new),
        session: some_uuid(row, "session_id")?.map(SessionId::new),
        audit: AuditContext {
            actor: parsed(row, "actor", actor)?,
            request_id: get(row, "request_id")?,
            address: get(row, "address")?,
        },
        detail: get(row, "detail")?,
        problem: get(row, "problem")?,
        times: get(row, "times")?,
    })
}

fn actor(name: &str) -> Option<Actor> {
    [Actor::Client, Actor::Operator, Actor::System].into_iter().find(|actor| actor.name() == name)
}
