//! Rows that arrive from another database.

use crate::address::DatabaseAddress;
use crate::failure::Failure;
use crate::link::Link;
use crate::open::PostgresStore;
use crate::options::PostgresOptions;
use crate::refusal::OpenError;
use crate::schema;
use app::fault::Fault;
use app::ports::rows::{Cell, Kind, Row, RowTarget, TABLES, Table};
use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

#[async_trait]
impl RowTarget for PostgresStore {
    async fn begin(&self) -> Result<bool, Fault> {
        let client = self.long_lived().await?;
        let is_ours = client.query_typed(&schema::is_closed(), &[]).await.map_err(Failure::from)?;
        if !is_ours.is_empty() {
            return Ok(true);
        }
        for table in &TABLES {
            let any = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if !client.query_typed(&any, &[]).await.map_err(Failure::from)?.is_empty() {
                return Ok(false);
            }
        }
        client.batch_execute(&schema::close()).await.map_err(Failure::from)?;
        Ok(true)
    }

    async fn put(&self, table: &'static Table, rows: Vec<Row>) -> Result<u64, Fault> {
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let (names, arrays) = (names.join(", "), arrays(table));
        let sql = format!(
            "INSERT INTO {} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING RETURNING 1",
            table.name
        );
        let columns = columns(table, rows)?;
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            columns.iter().map(|(values, kind)| (&**values as _, kind.clone())).collect();
        let client = self.long_lived().await?;
        Ok(client.query_typed(&sql, &values).await.map_err(Failure::from)?.len() as u64)
    }

    async fn visit(&self, table: &'static Table, see: &mut (dyn FnMut(Row) + Send)) -> Result<(), Fault> {
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let sql = format!("SELECT {} FROM {}", names.join(", "), table.name);
        let client = self.long_lived().await?;
        let nothing: [(i64, Type); 0] = [];
        let mut rows = pin!(client.query_typed_raw(&sql, nothing).await.map_err(Failure::from)?);
        while let Some(row) = rows.try_next().await.map_err(Failure::from)? {
            see(read(&row, table)?);
        }
        Ok(())
    }

    async fn finish(&self) -> Result<(), Fault> {
        let client = self.long_lived().await?;
        client.batch_execute(&schema::open()).await.map_err(Failure::from)?;
        Ok(())
    }
}

impl PostgresStore {
    /// Makes an empty schema, for a rehearsal.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub async fn add_schema(
        address: &DatabaseAddress,
        options: &PostgresOptions,
        name: &str,
    ) -> Result<(), OpenError> {
        run(address, options, &format!("CREATE SCHEMA {name}")).await
    }

    /// Drops a schema and all that is in it.
    ///
    /// # Errors
    /// Why it cannot be dropped.
    pub async fn drop_schema(
        address: &DatabaseAddress,
        options: &PostgresOptions,
        name: &str,
    ) -> Result<(), OpenError> {
        run(address, options, &format!("DROP SCHEMA {name} CASCADE")).await
    }

    /// A connection without the limits of a request.
    async fn long_lived(&self) -> Result<ClientWrapper, Failure> {
        let client = self.link.connect().await?;
        client.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
        Ok(client)
    }
}

async fn run(address: &DatabaseAddress, options: &PostgresOptions, sql: &str) -> Result<(), OpenError> {
    let client = Link::new(address, options)?.connect().await.map_err(|failure| OpenError::from(&failure))?;
    client.batch_execute(sql).await.map_err(|error| OpenError::from(&Failure::from(error)))
}

fn arrays(table: &Table) -> String {
    let array = |(index, (_, kind)): (usize, &(&str, Kind))| {
        let name = match kind {
            Kind::Text => "text",
            Kind::Number => "int8",
            Kind::Flag => "bool",
            Kind::Id => "uuid",
            Kind::Bytes => "bytea",
        };
        format!("${}::{name}[]", index + 1)
    };
    table.columns.iter().enumerate().map(array).collect::<Vec<_>>().join(", ")
}

type Column = (Box<dyn ToSql + Sync + Send>, Type);

/// Rows turned into one array for each column.
fn columns(table: &Table, rows: Vec<Row>) -> Result<Vec<Column>, Failure> {
    let mut turned: Vec<Vec<Cell>> = table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in turned.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    let column = |((name, kind), cells): (&(&'static str, Kind), Vec<Cell>)| {
        let unfit = || Failure::Unreadable((*name).to_owned());
        Ok(match kind {
            Kind::Text => (array(&cells, text).ok_or_else(unfit)?, Type::TEXT_ARRAY),
            Kind::Number => (array(&cells, number).ok_or_else(unfit)?, Type::INT8_ARRAY),
            Kind::Flag => (array(&cells, flag).ok_or_else(unfit)?, Type::BOOL_ARRAY),
            Kind::Id => (array(&cells, id).ok_or_else(unfit)?, Type::UUID_ARRAY),
            Kind::Bytes => (array(&cells, bytes).ok_or_else(unfit)?, Type::BYTEA_ARRAY),
        })
    };
    table.columns.iter().zip(turned).map(column).collect()
}

/// The cells as one array, unless one of them is of another kind.
fn array<T>(cells: &[Cell], of: fn(&Cell) -> Option<T>) -> Option<Box<dyn ToSql + Sync + Send>>
where
    T: ToSql + Sync + Send + 'static,
{
    let values: Option<Vec<Option<T>>> =
        cells.iter().map(|cell| if *cell == Cell::Empty { Some(None) } else { of(cell).map(Some) }).collect();
    Some(Box::new(values?))
}

fn text(cell: &Cell) -> Option<String> {
    if let Cell::Text(value) = cell { Some(value.clone()) } else { None }
}

fn number(cell: &Cell) -> Option<i64> {
    if let Cell::Number(value) = cell { Some(*value) } else { None }
}

fn flag(cell: &Cell) -> Option<bool> {
    if let Cell::Flag(value) = cell { Some(*value) } else { None }
}

fn id(cell: &Cell) -> Option<Uuid> {
    if let Cell::Id(value) = cell { Some(*value) } else { None }
}

fn bytes(cell: &Cell) -> Option<Vec<u8>> {
    if let Cell::Bytes(value) = cell { Some(value.clone()) } else { None }
}

fn read(row: &tokio_postgres::Row, table: &Table) -> Result<Row, Failure> {
    read_from(row, table.columns, 0)
}

/// These columns of a row, the first of which is its cell `first`.
pub(crate) fn read_from(
    row: &tokio_postgres::Row,
    columns: &[(&str, Kind)],
    first: usize,
) -> Result<Row, Failure> {
    let cell = |(at, (_, kind)): (usize, &(&str, Kind))| {
        let at = first + at;
        let cell = match kind {
            Kind::Text => row.try_get::<_, Option<_>>(at)?.map(Cell::Text),
            Kind::Number => row.try_get::<_, Option<_>>(at)?.map(Cell::Number),
            Kind::Flag => row.try_get::<_, Option<_>>(at)?.map(Cell::Flag),
            Kind::Id => row.try_get::<_, Option<_>>(at)?.map(Cell::Id),
            Kind::Bytes => row.try_get::<_, Option<_>>(at)?.map(Cell::Bytes),
        };
        Ok(cell.unwrap_or(Cell::Empty))
    };
    columns.iter().enumerate().map(cell).collect()
}
