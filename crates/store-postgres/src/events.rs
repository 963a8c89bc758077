//! Audit events, written in the same transaction as what they tell of.

use crate::failure::Failure;
use crate::rows::Cells;
use crate::writer::Write;
use app::audit::{Actor, AuditContext};
use app::ports::store::AuditRow;
use domain::event::EventKind;
use domain::ids::{EventId, SessionId, UserId};
use domain::namespace::NamespaceName;
use tokio_postgres::Row;
use uuid::Uuid;

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
pub(crate) async fn record(
    write: &Write<'_>,
    kind: EventKind,
    about: About<'_>,
    audit: &AuditContext,
) -> Result<(), Failure> {
    let insert =
        "INSERT INTO events (id, at, kind, namespace, user_id, session_id, actor, request_id, address, detail, problem, times)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    write
        .execute(
            insert,
            &[
                &write.uuid(),
                &write.at(),
                &kind.name(),
                &about.namespace.map(NamespaceName::as_str),
                &about.user.map(UserId::uuid),
                &about.session.map(SessionId::uuid),
                &audit.actor.name(),
                &audit.request_id,
                &audit.address,
                &about.detail,
                &about.problem,
                &about.times.map(i64::from),
            ],
        )
        .await
        .map(|_| ())
}

/// The newest events, newest first.
pub(crate) const NEWEST: &str =
    "SELECT id, at, kind, namespace, user_id, session_id, actor, request_id, address, detail, problem, times
       FROM events ORDER BY id DESC LIMIT $1";

/// A row of [`NEWEST`].
pub(crate) fn event(row: &Row) -> Result<AuditRow, Failure> {
    let mut cells = Cells::new(row, 0);
    Ok(AuditRow {
        id: EventId::new(cells.cell()?),
        at: cells.moment()?,
        kind: cells.parsed(EventKind::from_name)?,
        namespace: some_namespace(&mut cells)?,
        user: cells.cell::<Option<Uuid>>()?.map(UserId::new),
        session: cells.cell::<Option<Uuid>>()?.map(SessionId::new),
        audit: AuditContext {
            actor: cells.parsed(actor)?,
            request_id: cells.cell()?,
            address: cells.cell()?,
        },
        detail: cells.cell()?,
        problem: cells.cell()?,
        times: some_count(&mut cells)?,
    })
}

fn some_namespace(cells: &mut Cells<'_>) -> Result<Option<NamespaceName>, Failure> {
    let Some(name) = cells.cell::<Option<&str>>()? else { return Ok(None) };
    NamespaceName::parse(name).map(Some).map_err(|_| cells.unreadable())
}

fn some_count(cells: &mut Cells<'_>) -> Result<Option<u32>, Failure> {
    let Some(count) = cells.cell::<Option<i64>>()? else { return Ok(None) };
    u32::try_from(count).map(Some).map_err(|_| cells.unreadable())
}

fn actor(name: &str) -> Option<Actor> {
    [Actor::Client, Actor::Operator, Actor::System].into_iter().find(|actor| actor.name() == name)
}
