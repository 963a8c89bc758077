//! The audit log: events, and the chain that the sealer makes of them afterwards.

use crate::audit::AuditContext;
use crate::fault::Fault;
use crate::ports::rows::Row;
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::{EventId, SessionId, UserId};
use domain::namespace::NamespaceName;
use domain::refresh_token::{MacKeyId, Tag};
use domain::time::UnixMillis;
use std::time::Duration;

/// What follows from an event and everything sealed before it.
pub type Seal = [u8; 32];

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: EventId,
    /// When, by the store's clock.
    pub at: UnixMillis,
    /// What.
    pub kind: EventKind,
    /// Where, unless it concerns the whole server.
    pub namespace: Option<NamespaceName>,
    /// Whom it concerns.
    pub user: Option<UserId>,
    /// Which session it concerns.
    pub session: Option<SessionId>,
    /// The source.
    pub audit: AuditContext,
    /// One more word, such as `other_client` for a grace from another address or agent, or a count.
    pub detail: Option<String>,
    /// The code of the problem that the client was told; none when it was done.
    pub problem: Option<String>,
    /// How many of them this row stands for, where it stands for many.
    pub times: Option<u32>,
}

/// An event that stands for itself: no other write causes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// Where.
    pub namespace: Option<NamespaceName>,
    /// Whom it concerns.
    pub user: Option<UserId>,
    /// Which session it concerns.
    pub session: Option<SessionId>,
    /// The source.
    pub audit: AuditContext,
    /// One more word.
    pub detail: Option<String>,
    /// The code of the problem that the client was told.
    pub problem: Option<String>,
    /// How many of them this row stands for.
    pub times: Option<u32>,
}

impl NewEvent {
    /// An event of which nothing more is to be said.
    pub const fn of(kind: EventKind, audit: AuditContext) -> Self {
        let (namespace, user, session, detail, problem, times) = (None, None, None, None, None, None);
        Self { kind, namespace, user, session, audit, detail, problem, times }
    }
}

/// The two ends of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarkName {
    /// The last row that was sealed.
    Head,
    /// The last row that retention has removed.
    Cut,
}

impl MarkName {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Cut => "cut",
        }
    }

    /// The mark of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Head, Self::Cut].into_iter().find(|mark| mark.name() == name)
    }
}

/// An end of the chain, signed, so that nobody with the database alone makes it shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainMark {
    /// Where.
    pub seq: u64,
    /// The seal of the row there.
    pub seal: Seal,
    /// The key of the MAC.
    pub mac_key: MacKeyId,
    /// The MAC over the mark's name, place and seal.
    pub mac: Tag,
}

/// Events that wait to be sealed, and the place after which they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsealed {
    /// The last row that was sealed.
    pub head: Option<ChainMark>,
    /// Their ids and what they say, oldest first.
    pub events: Vec<(EventId, Row)>,
}

/// The place of one event in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSeal {
    /// The event.
    pub id: EventId,
    /// Where, without gaps from 1 on.
    pub seq: u64,
    /// The key.
    pub key: MacKeyId,
    /// The seal.
    pub seal: Seal,
}

/// A row of the chain as it is stored, whatever somebody has made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRow {
    /// Where.
    pub seq: u64,
    /// The key of its seal, if it is one that could be ours.
    pub key: Option<MacKeyId>,
    /// Its seal, if it has the size of one.
    pub seal: Option<Seal>,
    /// What it says: the first [`crate::ports::rows::EVENT_WIDTH`] columns.
    pub event: Row,
}

/// A part of the chain, all of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainPage {
    /// The last row that was sealed.
    pub head: Option<ChainMark>,
    /// The last row that retention has removed.
    pub cut: Option<ChainMark>,
    /// Rows in their order.
    pub rows: Vec<ChainRow>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// From this moment on.
    pub since: Option<UnixMillis>,
    /// Before this moment.
    pub until: Option<UnixMillis>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this kind.
    pub kind: Option<EventKind>,
}

/// The audit log.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes events that no other write causes, all or none.
    async fn record_events(&self, events: Vec<NewEvent>) -> Result<(), Fault>;
    /// Audit events, newest first.
    async fn list_events(&self, limit: u32) -> Result<Vec<AuditRow>, Fault>;
    /// Events as they are stored (every column of [`crate::ports::rows::EVENTS`]), oldest first, after `after`.
    async fn find_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Row>, Fault>;
    /// How many events wait to be sealed.
    async fn count_unsealed(&self) -> Result<u64, Fault>;
    /// Up to `limit` events that were written at least `settled_for` ago and are not sealed, in the order of their ids.
    async fn find_unsealed(&self, settled_for: Duration, limit: u32) -> Result<Unsealed, Fault>;
    /// Takes the sealing for so long; whether nobody else has it. What it guards is that nodes do not all do the same
    /// work: that the chain never forks is for [`AuditStore::append_seals`] to see to.
    async fn claim_sealing(&self, lease: Duration) -> Result<bool, Fault>;
    /// Puts events into the chain and moves its head, all of it or nothing: nothing if the head stands elsewhere than at
    /// `from` by now (0: there is none), or if one of the events is gone or sealed.
    async fn append_seals(&self, from: u64, seals: Vec<EventSeal>, head: ChainMark) -> Result<bool, Fault>;
    /// Up to `limit` rows of the chain after the place `after`, with both of its ends, all of one moment.
    async fn read_chain(&self, after: u64, limit: u32) -> Result<ChainPage, Fault>;
    /// Removes every sealed row up to the mark and keeps the mark; how many rows. A mark that is not further than the
    /// one there is changes nothing.
    async fn cut_chain(&self, cut: ChainMark) -> Result<u64, Fault>;
    /// Takes the chain apart: every event waits to be sealed again, and neither end is marked. Event `audit_restarted` with
    /// `why`. How many events were in it.
    async fn restart_chain(&self, why: String, audit: AuditContext) -> Result<u64, Fault>;
}
