//! The audit log and its chain.

use crate::clock::now;
use crate::events::{About, NEWEST, event, record};
use crate::failure::Failure;
use crate::ids::first_id_at;
use crate::open::PostgresStore;
use crate::relocation::read_from;
use crate::rows::Cells;
use crate::statements::Bind;
use crate::writer::{Intention, Write};
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::rows::{EVENT_WIDTH, EVENTS, Row};
use app::ports::store::{
    AuditRow, AuditStore, ChainMark, ChainPage, ChainRow, EventFilter, EventSeal, MarkName, NewEvent, Seal,
    Unsealed,
};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::{EventId, UserId};
use domain::refresh_token::MacKeyId;
use domain::time::millis;
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl AuditStore for PostgresStore {
    async fn record_events(&self, events: Vec<NewEvent>) -> Result<(), Fault> {
        Ok(self.writers.transact(&RecordEvents(events)).await?)
    }

    async fn list_events(&self, limit: u32) -> Result<Vec<AuditRow>, Fault> {
        let rows = self.writers.once(NEWEST, &[&i64::from(limit)]).await?;
        Ok(rows.iter().map(event).collect::<Result<_, _>>()?)
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Row>, Fault> {
        let sql = format!(
            "SELECT {} FROM events e WHERE e.id >= $1 AND e.id > $2 AND e.id < $3
                AND ($4 IS NULL OR e.user_id = $4) AND ($5 IS NULL OR e.kind = $5) ORDER BY e.id LIMIT $6",
            columns(EVENTS.columns.len())
        );
        let since = filter.since.map_or(Uuid::nil(), first_id_at);
        let until = filter.until.map_or(Uuid::max(), first_id_at);
        let after = after.map_or(Uuid::nil(), EventId::uuid);
        let (user, kind) = (filter.user.map(UserId::uuid), filter.kind.map(EventKind::name));
        let rows =
            self.writers.once(&sql, &[&since, &after, &until, &user, &kind, &i64::from(limit)]).await?;
        Ok(rows.iter().map(|row| read_from(row, EVENTS.columns, 0)).collect::<Result<_, _>>()?)
    }

    async fn count_unsealed(&self) -> Result<u64, Fault> {
        let rows = self.writers.once("SELECT count(*) FROM events WHERE seq IS NULL", &[]).await?;
        let row = rows.first().ok_or(Failure::Impossible("a statement without a row"))?;
        let count: i64 = row.try_get(0).map_err(Failure::from)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn find_unsealed(&self, settled_for: Duration, limit: u32) -> Result<Unsealed, Fault> {
        let last = self.read_clock().await?.minus(settled_for);
        let before = first_id_at(last.plus(Duration::from_millis(1)));
        // One statement is one snapshot: the head is of the same moment as the rows.
        let sql = page("e.seq IS NULL AND e.id < $1 ORDER BY e.id LIMIT $2", "p.id");
        let rows = self.writers.once(&sql, &[&before, &i64::from(limit)]).await?;
        let ChainPage { head, .. } = marks(&rows)?;
        let of = |row: &tokio_postgres::Row| -> Result<Option<(EventId, Row)>, Failure> {
            let Some(id) = row.try_get::<_, Option<Uuid>>(PLACE_WIDTH + MARKS_WIDTH)? else {
                return Ok(None);
            };
            Ok(Some((EventId::new(id), event_of(row)?)))
        };
        let events = rows.iter().filter_map(|row| of(row).transpose()).collect::<Result<_, _>>()?;
        Ok(Unsealed { head, events })
    }

    async fn claim_sealing(&self, lease: Duration) -> Result<bool, Fault> {
        // A lease that ends later than one that begins now was taken by a clock that has been put back since.
        let sql = concat!(
            "WITH clock AS (SELECT ",
            now!(),
            " AS now)
             INSERT INTO leases AS l (name, ends_at) SELECT 'sealing', now + $2 FROM clock
             ON CONFLICT (name) DO UPDATE SET ends_at = excluded.ends_at
              WHERE l.ends_at <= excluded.ends_at - $2 OR l.ends_at > excluded.ends_at RETURNING 1"
        );
        let rows = self.writers.once(sql, &[&self.clock.parameter(), &millis(lease)]).await?;
        Ok(!rows.is_empty())
    }

    async fn append_seals(&self, from: u64, seals: Vec<EventSeal>, head: ChainMark) -> Result<bool, Fault> {
        Ok(self.writers.transact(&AppendSeals { from, seals, head }).await?)
    }

    async fn read_chain(&self, after: u64, limit: u32) -> Result<ChainPage, Fault> {
        let sql = page("e.seq > $1 ORDER BY e.seq LIMIT $2", "p.seq");
        let rows = self.writers.once(&sql, &[&number(after), &i64::from(limit)]).await?;
        let mut page = marks(&rows)?;
        page.rows = rows.iter().filter_map(|row| chain_row(row).transpose()).collect::<Result<_, _>>()?;
        Ok(page)
    }

    async fn cut_chain(&self, cut: ChainMark) -> Result<u64, Fault> {
        Ok(self.writers.transact(&CutChain(cut)).await?)
    }

    async fn restart_chain(&self, why: String, audit: AuditContext) -> Result<u64, Fault> {
        Ok(self.writers.transact(&RestartChain { why, audit }).await?)
    }
}

/// The first columns of an event, of the table `e`.
fn columns(count: usize) -> String {
    let names: Vec<_> = EVENTS.columns[..count].iter().map(|(name, _)| format!("e.{name}")).collect();
    names.join(", ")
}

/// How many cells the two marks have in a row of [`page`], and the place of its event after them.
const MARKS_WIDTH: usize = 8;
const PLACE_WIDTH: usize = 3;

/// Both marks beside every event that is wanted, or beside nothing, all of one snapshot.
fn page(wanted: &str, order: &str) -> String {
    format!(
        "WITH page AS MATERIALIZED (
           SELECT e.seq, e.seal_key, e.seal, {} FROM events e WHERE {wanted})
         SELECT h.seq, h.seal, h.mac_key, h.mac, c.seq, c.seal, c.mac_key, c.mac, p.*
           FROM (SELECT 1) AS one
           LEFT JOIN audit_marks h ON h.name = 'head' LEFT JOIN audit_marks c ON c.name = 'cut'
           LEFT JOIN page p ON true ORDER BY {order}",
        columns(EVENT_WIDTH)
    )
}

/// The marks of a page, and no rows yet.
fn marks(rows: &[tokio_postgres::Row]) -> Result<ChainPage, Failure> {
    let first = rows.first().ok_or(Failure::Impossible("a statement without a row"))?;
    Ok(ChainPage { head: mark(first, 0)?, cut: mark(first, MARKS_WIDTH / 2)?, rows: Vec::new() })
}

fn mark(row: &tokio_postgres::Row, at: usize) -> Result<Option<ChainMark>, Failure> {
    let Some(seq) = row.try_get::<_, Option<i64>>(at)? else { return Ok(None) };
    let mut cells = Cells::new(row, at + 1);
    Ok(Some(ChainMark {
        seq: u64::try_from(seq).map_err(|_| Failure::Unreadable("seq".to_owned()))?,
        seal: cells.bytes()?,
        mac_key: MacKeyId(cells.count()?),
        mac: cells.bytes()?,
    }))
}

fn event_of(row: &tokio_postgres::Row) -> Result<Row, Failure> {
    read_from(row, &EVENTS.columns[..EVENT_WIDTH], MARKS_WIDTH + PLACE_WIDTH)
}

/// A row of the chain, whatever somebody has made of it.
fn chain_row(row: &tokio_postgres::Row) -> Result<Option<ChainRow>, Failure> {
    let mut cells = Cells::new(row, MARKS_WIDTH);
    let Some(seq) = cells.cell::<Option<i64>>()? else { return Ok(None) };
    let key: Option<i64> = cells.cell()?;
    let seal: Option<Vec<u8>> = cells.cell()?;
    Ok(Some(ChainRow {
        seq: u64::try_from(seq).map_err(|_| Failure::Unreadable("seq".to_owned()))?,
        key: key.and_then(|key| u32::try_from(key).ok()).map(MacKeyId),
        seal: seal.and_then(|seal| Seal::try_from(seal).ok()),
        event: event_of(row)?,
    }))
}

/// A number of ours as it is stored: none comes near the end of the range.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

struct RecordEvents(Vec<NewEvent>);

impl Intention for RecordEvents {
    type Outcome = ();

    async fn run(&self, write: &Write<'_>) -> Result<(), Failure> {
        for event in &self.0 {
            let about = About {
                namespace: event.namespace.as_ref(),
                user: event.user,
                session: event.session,
                detail: event.detail.as_deref(),
                problem: event.problem.as_deref(),
                times: event.times,
            };
            record(write, event.kind, about, &event.audit).await?;
        }
        Ok(())
    }
}

struct AppendSeals {
    from: u64,
    seals: Vec<EventSeal>,
    head: ChainMark,
}

impl Intention for AppendSeals {
    type Outcome = bool;

    /// The head's row lets one sealer through. The first of all makes it; whoever waited for that finds its row there.
    async fn run(&self, write: &Write<'_>) -> Result<bool, Failure> {
        let head = write.query_opt(&lock_mark(MarkName::Head), &[]).await?;
        let stands_at = head.map(|row| row.try_get::<_, i64>(0)).transpose()?.unwrap_or(0);
        if stands_at != number(self.from) {
            return Ok(false);
        }
        let ids: Vec<Uuid> = self.seals.iter().map(|seal| seal.id.uuid()).collect();
        let lock = "SELECT 1 FROM events WHERE id = ANY ($1) AND seq IS NULL ORDER BY id FOR UPDATE";
        if write.query(lock, &[&ids]).await?.len() != ids.len() {
            return Ok(false);
        }
        if !put_mark(write, MarkName::Head, &self.head, Some(self.from)).await? {
            return Ok(false);
        }
        let put = "UPDATE events AS e SET seq = s.seq, seal_key = s.seal_key, seal = s.seal
                     FROM unnest($1, $2, $3, $4) AS s (id, seq, seal_key, seal) WHERE e.id = s.id";
        let places: Vec<i64> = self.seals.iter().map(|seal| number(seal.seq)).collect();
        let keys: Vec<i64> = self.seals.iter().map(|seal| i64::from(seal.key.0)).collect();
        let seals: Vec<Vec<u8>> = self.seals.iter().map(|seal| seal.seal.to_vec()).collect();
        write.execute(put, &[&ids, &places, &keys, &seals]).await?;
        Ok(true)
    }
}

struct CutChain(ChainMark);

impl Intention for CutChain {
    type Outcome = u64;

    async fn run(&self, write: &Write<'_>) -> Result<u64, Failure> {
        write.query_opt(&lock_mark(MarkName::Cut), &[]).await?;
        if !put_mark(write, MarkName::Cut, &self.0, None).await? {
            return Ok(0);
        }
        write.execute("DELETE FROM events WHERE seq BETWEEN 1 AND $1", &[&number(self.0.seq)]).await
    }
}

struct RestartChain {
    why: String,
    audit: AuditContext,
}

impl Intention for RestartChain {
    type Outcome = u64;
    const IS_LONG: bool = true;

    /// Without its head nobody seals; whoever was about to finds another one than it read.
    async fn run(&self, write: &Write<'_>) -> Result<u64, Failure> {
        write.execute("DELETE FROM audit_marks", &[]).await?;
        let apart = "UPDATE events SET seq = NULL, seal_key = NULL, seal = NULL WHERE seq IS NOT NULL";
        let rows = write.execute(apart, &[]).await?;
        let about = About { detail: Some(&self.why), ..About::default() };
        record(write, EventKind::AuditRestarted, about, &self.audit).await?;
        Ok(rows)
    }
}

fn lock_mark(name: MarkName) -> String {
    format!("SELECT seq FROM audit_marks WHERE name = '{}' FOR UPDATE", name.name())
}

/// Moves a mark on from a place, or from wherever it is behind this one. What is made here for the first time was not
/// there to be locked: whoever else makes it comes before or after.
async fn put_mark(
    write: &Write<'_>,
    name: MarkName,
    mark: &ChainMark,
    from: Option<u64>,
) -> Result<bool, Failure> {
    let put = "INSERT INTO audit_marks AS m (name, seq, seal, mac_key, mac) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (name) DO UPDATE
                  SET seq = excluded.seq, seal = excluded.seal, mac_key = excluded.mac_key, mac = excluded.mac
                WHERE m.seq = $6 OR ($6 IS NULL AND m.seq < excluded.seq)";
    let (seq, key) = (number(mark.seq), i64::from(mark.mac_key.0));
    let from = from.map(number);
    let values: [&dyn Bind; 6] =
        [&name.name(), &seq, &mark.seal.as_slice(), &key, &mark.mac.as_slice(), &from];
    Ok(write.execute(put, &values).await? > 0)
}
