//! Rows as they are, for moving from one database into another. No rule looks at them.

use crate::fault::Fault;
use async_trait::async_trait;
use uuid::Uuid;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number or a moment.
    Number,
    /// Yes or no.
    Flag,
    /// An id.
    Id,
    /// Bytes.
    Bytes,
}

/// One value. Any column may be empty here; the schema on either side says which may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A whole number or a moment.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// An id.
    Id(Uuid),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    /// Appends it as bytes, so that two lists of cells have the same bytes only if they are the same.
    pub(crate) fn spell(&self, bytes: &mut Vec<u8>) {
        let (kind, value): (u8, &[u8]) = match self {
            Self::Empty => (0, &[]),
            Self::Text(text) => (1, text.as_bytes()),
            Self::Number(number) => (2, &number.to_be_bytes()),
            Self::Flag(flag) => (3, &[u8::from(*flag)]),
            Self::Id(id) => (4, id.as_bytes()),
            Self::Bytes(value) => (5, value),
        };
        bytes.push(kind);
        bytes.extend((value.len() as u64).to_be_bytes());
        bytes.extend(value);
    }
}

/// One row, in the order of its table's columns.
pub type Row = Vec<Cell>;

/// A table that is moved.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, on either side.
    pub name: &'static str,
    /// How many of the columns, from the first on, are its key.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [(&'static str, Kind)],
}

/// Where rows come from.
#[async_trait]
pub trait RowSource: Send + Sync {
    /// How many rows a table has.
    async fn count(&self, table: &'static Table) -> Result<u64, Fault>;
    /// Up to `limit` rows in the order of their keys, after the row `after`.
    async fn rows_after(
        &self,
        table: &'static Table,
        after: Option<Row>,
        limit: u32,
    ) -> Result<Vec<Row>, Fault>;
}

/// Where rows go. It is closed to servers from [`RowTarget::begin`] until [`RowTarget::finish`].
#[async_trait]
pub trait RowTarget: Send + Sync {
    /// Closes it to servers; or, if it is neither empty nor closed by an earlier try, says `false` and changes nothing.
    async fn begin(&self) -> Result<bool, Fault>;
    /// Puts rows in, except where there is one with that key; how many went in. Durable when it returns.
    async fn put(&self, table: &'static Table, rows: Vec<Row>) -> Result<u64, Fault>;
    /// Shows every row of a table, in any order.
    async fn visit(&self, table: &'static Table, see: &mut (dyn FnMut(Row) + Send)) -> Result<(), Fault>;
    /// Opens it to servers.
    async fn finish(&self) -> Result<(), Fault>;
}

use Kind::{Bytes, Flag, Id, Number, Text};

const EVENTS_TABLE: Table = Table {
    name: "events",
    key: 1,
    columns: &[
        ("id", Id),
        ("at", Number),
        ("kind", Text),
        ("namespace", Text),
        ("user_id", Id),
        ("session_id", Id),
        ("actor", Text),
        ("request_id", Text),
        ("address", Text),
        ("detail", Text),
        ("problem", Text),
        ("times", Number),
        ("seq", Number),
        ("seal_key", Number),
        ("seal", Bytes),
    ],
};

/// The audit log's table.
pub const EVENTS: &Table = &EVENTS_TABLE;
/// How many of its columns, from the first on, are what an event says. The others are its place in the chain.
pub const EVENT_WIDTH: usize = 12;

/// Every table that is moved. Budgets, leases and the readiness check's pulse are not: they are of the moment. The root
/// keys' fingerprints come last.
pub const TABLES: [Table; 11] = [
    Table {
        name: "users",
        key: 2,
        columns: &[
            ("namespace", Text),
            ("id", Id),
            ("email", Text),
            ("email_verified", Flag),
            ("status", Text),
            ("credential_epoch", Number),
            ("password", Text),
            ("created_at", Number),
            ("updated_at", Number),
            ("last_sign_in_at", Number),
            ("verification_id", Id),
        ],
    },
    Table { name: "decoys", key: 1, columns: &[("namespace", Text), ("id", Id), ("password", Text)] },
    Table {
        name: "sessions",
        key: 1,
        columns: &[
            ("id", Id),
            ("namespace", Text),
            ("user_id", Id),
            ("salt", Bytes),
            ("mac_key", Number),
            ("credential_epoch", Number),
            ("body_generation", Number),
            ("body_rotated_at", Number),
            ("body_previous_rotated_at", Number),
            ("cookie_generation", Number),
            ("cookie_rotated_at", Number),
            ("cookie_previous_rotated_at", Number),
            ("created_at", Number),
            ("last_proof_at", Number),
            ("idle_deadline", Number),
            ("absolute_deadline", Number),
            ("revoked_at", Number),
            ("revoke_reason", Text),
            ("user_agent", Text),
            ("address", Text),
        ],
    },
    Table {
        name: "resets",
        key: 1,
        columns: &[
            ("id", Id),
            ("order_id", Id),
            ("namespace", Text),
            ("user_id", Id),
            ("email", Text),
            ("credential_epoch", Number),
            ("mac_key", Number),
            ("expires_at", Number),
            ("is_attempted", Flag),
            ("may_have_left", Flag),
            ("void_at", Number),
        ],
    },
    Table {
        name: "outbox",
        key: 1,
        columns: &[
            ("id", Id),
            ("namespace", Text),
            ("locale", Text),
            ("kind", Text),
            ("user_id", Id),
            ("email", Text),
            ("redirect_to", Text),
            ("padding", Bytes),
            ("state", Text),
            ("attempts", Number),
            ("created_at", Number),
            ("next_attempt_at", Number),
            ("last_error", Text),
            ("session_id", Id),
        ],
    },
    Table {
        name: "signing_keys",
        key: 1,
        columns: &[
            ("kid", Text),
            ("namespace", Text),
            ("algorithm", Text),
            ("sealed", Bytes),
            ("created_at", Number),
            ("activates_at", Number),
        ],
    },
    Table {
        name: "api_keys",
        key: 1,
        columns: &[
            ("id", Id),
            ("namespace", Text),
            ("name", Text),
            ("digest", Bytes),
            ("expires_at", Number),
            ("previous_digest", Bytes),
            ("previous_expires_at", Number),
            ("created_at", Number),
            ("rotated_at", Number),
            ("revoked_at", Number),
            ("last_used_at", Number),
        ],
    },
    Table {
        name: "idempotency",
        key: 1,
        columns: &[
            ("key", Bytes),
            ("body", Bytes),
            ("answer", Text),
            ("subject_id", Id),
            ("epoch", Number),
            ("expires_at", Number),
        ],
    },
    EVENTS_TABLE,
    Table {
        name: "audit_marks",
        key: 1,
        columns: &[("name", Text), ("seq", Number), ("seal", Bytes), ("mac_key", Number), ("mac", Bytes)],
    },
    Table { name: "root_keys", key: 1, columns: &[("id", Number), ("fingerprint", Bytes)] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_says_ends_where_its_place_in_the_chain_begins() {
        let names: Vec<_> = EVENTS.columns.iter().map(|(name, _)| *name).collect();
        assert_eq!(names[EVENT_WIDTH..], ["seq", "seal_key", "seal"]);
    }
}
