//! The audit log and its chain.

use crate::events::{self, About, record};
use crate::ids::first_id_at;
use crate::open::SqliteStore;
use crate::relocation::read_as_it_is;
use crate::rows::{get, unreadable, uuid};
use crate::writer::Write;
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
use domain::time::{UnixMillis, millis};
use rusqlite::{Connection, OptionalExtension as _, Result, params};
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl AuditStore for SqliteStore {
    async fn record_events(&self, events: Vec<NewEvent>) -> Result<(), Fault> {
        self.writer.submit(move |write| events.iter().try_for_each(|event| record_new(write, event))).await
    }

    async fn list_events(&self, limit: u32) -> Result<Vec<AuditRow>, Fault> {
        self.readers.read_many(move |connection| events::list(connection, limit)).await
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Row>, Fault> {
        let filter = filter.clone();
        self.readers.read_many(move |connection| find_events(connection, &filter, after, limit)).await
    }

    async fn count_unsealed(&self) -> Result<u64, Fault> {
        self.readers
            .read_many(|connection| {
                let sql = "SELECT count(*) FROM events INDEXED BY events_unsealed WHERE seq IS NULL";
                let count: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            })
            .await
    }

    async fn find_unsealed(&self, settled_for: Duration, limit: u32) -> Result<Unsealed, Fault> {
        let before = self.clock.now().minus(settled_for).plus(Duration::from_millis(1));
        self.readers.read_many(move |connection| find_unsealed(connection, before, limit)).await
    }

    async fn claim_sealing(&self, lease: Duration) -> Result<bool, Fault> {
        self.writer.submit(move |write| claim(write, millis(lease))).await
    }

    async fn append_seals(&self, from: u64, seals: Vec<EventSeal>, head: ChainMark) -> Result<bool, Fault> {
        self.writer.submit(move |write| append(write, from, &seals, &head)).await
    }

    async fn read_chain(&self, after: u64, limit: u32) -> Result<ChainPage, Fault> {
        self.readers.read_many(move |connection| read_chain(connection, after, limit)).await
    }

    async fn cut_chain(&self, cut: ChainMark) -> Result<u64, Fault> {
        self.writer.submit(move |write| cut_chain(write, &cut)).await
    }

    async fn restart_chain(&self, why: String, audit: AuditContext) -> Result<u64, Fault> {
        self.writer.submit(move |write| restart_chain(write, &why, &audit)).await
    }
}

fn record_new(write: &Write<'_>, event: &NewEvent) -> Result<()> {
    let about = About {
        namespace: event.namespace.as_ref(),
        user: event.user,
        session: event.session,
        detail: event.detail.as_deref(),
        problem: event.problem.as_deref(),
        times: event.times,
    };
    record(write, event.kind, about, &event.audit)
}

/// A number of ours as it is stored: none comes near the end of the range.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn place(row: &rusqlite::Row<'_>) -> Result<u64> {
    u64::try_from(get::<i64>(row, "seq")?).map_err(|_| unreadable("seq"))
}

fn find_events(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<EventId>,
    limit: u32,
) -> Result<Vec<Row>> {
    let until = filter.until.map_or(Uuid::max(), first_id_at);
    let since = filter.since.map_or(Uuid::nil(), first_id_at);
    let after = after.map_or(Uuid::nil(), EventId::uuid);
    let mut select = connection.prepare_cached(
        "SELECT * FROM events WHERE id >= ?1 AND id > ?2 AND id < ?3
            AND (?4 IS NULL OR user_id = ?4) AND (?5 IS NULL OR kind = ?5) ORDER BY id LIMIT ?6",
    )?;
    let user = filter.user.map(UserId::uuid);
    let values = params![
        since.as_bytes(),
        after.as_bytes(),
        until.as_bytes(),
        user.as_ref().map(Uuid::as_bytes),
        filter.kind.map(EventKind::name),
        limit,
    ];
    select.query_map(values, |row| read_as_it_is(row, EVENTS.columns))?.collect()
}

fn find_unsealed(connection: &Connection, before: UnixMillis, limit: u32) -> Result<Unsealed> {
    // Both of one moment: a head from before the last batch would only be refused later.
    let snapshot = connection.unchecked_transaction()?;
    let head = mark(&snapshot, MarkName::Head)?;
    let mut select = snapshot.prepare_cached(
        "SELECT * FROM events INDEXED BY events_unsealed WHERE seq IS NULL AND id < ?1 ORDER BY id LIMIT ?2",
    )?;
    let events = select
        .query_map(params![first_id_at(before).as_bytes(), limit], |row| {
            Ok((EventId::new(uuid(row, "id")?), read_as_it_is(row, &EVENTS.columns[..EVENT_WIDTH])?))
        })?
        .collect::<Result<_>>()?;
    Ok(Unsealed { head, events })
}

fn mark(connection: &Connection, name: MarkName) -> Result<Option<ChainMark>> {
    let mut select =
        connection.prepare_cached("SELECT seq, seal, mac_key, mac FROM audit_marks WHERE name = ?1")?;
    select
        .query_row([name.name()], |row| {
            Ok(ChainMark {
                seq: place(row)?,
                seal: get(row, "seal")?,
                mac_key: MacKeyId(get(row, "mac_key")?),
                mac: get(row, "mac")?,
            })
        })
        .optional()
}

fn put_mark(write: &Write<'_>, name: MarkName, mark: &ChainMark) -> Result<()> {
    let mut put = write.connection.prepare_cached(
        "INSERT INTO audit_marks (name, seq, seal, mac_key, mac) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE
            SET seq = excluded.seq, seal = excluded.seal, mac_key = excluded.mac_key, mac = excluded.mac",
    )?;
    put.execute(params![name.name(), number(mark.seq), mark.seal, mark.mac_key.0, mark.mac]).map(|_| ())
}

/// A lease that ends later than one that begins now was taken by a clock that has been put back since.
fn claim(write: &Write<'_>, lease: i64) -> Result<bool> {
    let mut claim = write.connection.prepare_cached(
        "INSERT INTO leases (name, ends_at) VALUES ('sealing', ?1 + ?2)
         ON CONFLICT (name) DO UPDATE SET ends_at = excluded.ends_at
          WHERE ends_at <= ?1 OR ends_at > excluded.ends_at",
    )?;
    Ok(claim.execute([write.now.as_millis(), lease])? > 0)
}

fn append(write: &Write<'_>, from: u64, seals: &[EventSeal], head: &ChainMark) -> Result<bool> {
    if mark(write.connection, MarkName::Head)?.map_or(0, |mark| mark.seq) != from {
        return Ok(false);
    }
    let mut waits = write.connection.prepare_cached("SELECT 1 FROM events WHERE id = ?1 AND seq IS NULL")?;
    for seal in seals {
        // Nothing was changed yet, so nothing has to be taken back.
        if !waits.exists([seal.id.uuid().as_bytes()])? {
            return Ok(false);
        }
    }
    let mut put = write
        .connection
        .prepare_cached("UPDATE events SET seq = ?2, seal_key = ?3, seal = ?4 WHERE id = ?1")?;
    for seal in seals {
        put.execute(params![seal.id.uuid().as_bytes(), number(seal.seq), seal.key.0, seal.seal])?;
    }
    put_mark(write, MarkName::Head, head)?;
    Ok(true)
}

fn read_chain(connection: &Connection, after: u64, limit: u32) -> Result<ChainPage> {
    let snapshot = connection.unchecked_transaction()?;
    let (head, cut) = (mark(&snapshot, MarkName::Head)?, mark(&snapshot, MarkName::Cut)?);
    let mut select = snapshot.prepare_cached("SELECT * FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let rows = select.query_map([number(after), i64::from(limit)], chain_row)?.collect::<Result<_>>()?;
    Ok(ChainPage { head, cut, rows })
}

fn chain_row(row: &rusqlite::Row<'_>) -> Result<ChainRow> {
    let key: Option<i64> = row.get("seal_key")?;
    let seal: Option<Vec<u8>> = row.get("seal")?;
    Ok(ChainRow {
        seq: place(row)?,
        key: key.and_then(|key| u32::try_from(key).ok()).map(MacKeyId),
        seal: seal.and_then(|seal| Seal::try_from(seal).ok()),
        event: read_as_it_is(row, &EVENTS.columns[..EVENT_WIDTH])?,
    })
}

fn cut_chain(write: &Write<'_>, cut: &ChainMark) -> Result<u64> {
    if mark(write.connection, MarkName::Cut)?.is_some_and(|mark| mark.seq >= cut.seq) {
        return Ok(0);
    }
    let removed = write
        .connection
        .prepare_cached("DELETE FROM events WHERE seq BETWEEN 1 AND ?1")?
        .execute([number(cut.seq)])?;
    put_mark(write, MarkName::Cut, cut)?;
    Ok(removed as u64)
}

fn restart_chain(write: &Write<'_>, why: &str, audit: &AuditContext) -> Result<u64> {
    let apart = "UPDATE events SET seq = NULL, seal_key = NULL, seal = NULL WHERE seq IS NOT NULL";
    let rows = write.connection.execute(apart, [])?;
    write.connection.execute("DELETE FROM audit_marks", [])?;
    record(write, EventKind::AuditRestarted, About { detail: Some(why), ..About::default() }, audit)?;
    Ok(rows as u64)
}
