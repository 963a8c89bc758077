//! Rows on their way into another database.

use crate::open::SqliteStore;
use crate::rows::unreadable;
use app::fault::Fault;
use app::ports::rows::{Cell, Kind, Row, RowSource, Table};
use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Result, ToSql, params_from_iter};
use uuid::Uuid;

#[async_trait]
impl RowSource for SqliteStore {
    async fn count(&self, table: &'static Table) -> Result<u64, Fault> {
        self.readers
            .read_many(move |connection| {
                let sql = format!("SELECT count(*) FROM {}", table.name);
                let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            })
            .await
    }

    async fn rows_after(
        &self,
        table: &'static Table,
        after: Option<Row>,
        limit: u32,
    ) -> Result<Vec<Row>, Fault> {
        self.readers
            .read_many(move |connection| {
                let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
                let key = names[..table.key].join(", ");
                let key_values = after.unwrap_or_default().into_iter().take(table.key).map(Bound);
                let bounds: Vec<_> = key_values.collect();
                let condition = if bounds.is_empty() {
                    String::new()
                } else {
                    format!("WHERE ({key}) > ({})", vec!["?"; table.key].join(", "))
                };
                let sql = format!(
                    "SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {limit}",
                    names.join(", "),
                    table.name
                );
                let mut select = connection.prepare_cached(&sql)?;
                select.query_map(params_from_iter(bounds), |row| read(row, table))?.collect()
            })
            .await
    }
}

/// A row whose values are all of their columns' kinds.
fn read(row: &rusqlite::Row<'_>, table: &Table) -> Result<Row> {
    table.columns.iter().map(|(name, kind)| cell(row.get_ref(*name)?, *kind, name)).collect()
}

fn cell(value: ValueRef<'_>, kind: Kind, column: &'static str) -> Result<Cell> {
    match (kind, value) {
        (_, ValueRef::Null) => Ok(Cell::Empty),
        (Kind::Text, ValueRef::Text(bytes)) => {
            let text = String::from_utf8(bytes.to_vec());
            text.map(Cell::Text).map_err(|_| unreadable(column))
        }
        (Kind::Number, ValueRef::Integer(number)) => Ok(Cell::Number(number)),
        (Kind::Flag, ValueRef::Integer(number @ (0 | 1))) => Ok(Cell::Flag(number == 1)),
        (Kind::Id, ValueRef::Blob(bytes)) => {
            Uuid::from_slice(bytes).map(Cell::Id).map_err(|_| unreadable(column))
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => Ok(Cell::Bytes(bytes.to_vec())),
        _ => Err(unreadable(column)),
    }
}

/// A row as it is, whatever somebody has put there: what is not of its column's kind is taken as bytes.
pub(crate) fn read_as_it_is(row: &rusqlite::Row<'_>, columns: &[(&'static str, Kind)]) -> Result<Row> {
    let lenient = |(name, kind): &(&'static str, Kind)| {
        let value = row.get_ref(*name)?;
        cell(value, *kind, name).or_else(|_| match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes.to_vec())),
            ValueRef::Integer(number) => Ok(Cell::Number(number)),
            ValueRef::Real(number) => Ok(Cell::Bytes(number.to_be_bytes().to_vec())),
            ValueRef::Null => Ok(Cell::Empty),
        })
    };
    columns.iter().map(lenient).collect()
}

/// A key's value, as it is compared.
struct Bound(Cell);

impl ToSql for Bound {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match &self.0 {
            Cell::Empty => ToSqlOutput::Borrowed(ValueRef::Null),
            Cell::Text(text) => text.as_str().into(),
            Cell::Number(number) => (*number).into(),
            Cell::Flag(flag) => (*flag).into(),
            Cell::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
