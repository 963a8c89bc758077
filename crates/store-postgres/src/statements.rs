//! One statement, run with or without a prepared one.
//!
//! Parameters carry their types, so that a statement means the same whether the server prepared it once
//! for the connection or parses it each time (behind a pooler that hands every transaction to another server
//! connection). Either way it is one round trip.

use crate::failure::Failure;
use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A value that knows which SQL type it is.
pub(crate) trait Bind: Sync {
    /// Its SQL type.
    fn sql_type(&self) -> Type;
    /// Itself, as the driver wants it.
    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

macro_rules! bind {
    ($($rust:ty => $sql:ident),* $(,)?) => {
        $(impl Bind for $rust {
            fn sql_type(&self) -> Type {
                Type::$sql
            }

            fn as_sql(&self) -> &(dyn ToSql + Sync) {
                self
            }
        })*
    };
}

bind! {
    i64 => INT8,
    Vec<i64> => INT8_ARRAY,
    Option<i64> => INT8,
    bool => BOOL,
    &str => TEXT,
    Option<&str> => TEXT,
    String => TEXT,
    Option<String> => TEXT,
    Vec<String> => TEXT_ARRAY,
    Uuid => UUID,
    Option<Uuid> => UUID,
    Vec<Uuid> => UUID_ARRAY,
    &[u8] => BYTEA,
    Vec<u8> => BYTEA,
    Option<Vec<u8>> => BYTEA,
    Vec<Vec<u8>> => BYTEA_ARRAY,
}

/// Whether statements are prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preparation {
    /// Once for each connection, and kept.
    Kept,
    /// Never.
    Never,
}

/// Runs one statement and gives its rows.
pub(crate) async fn query(
    client: &ClientWrapper,
    preparation: Preparation,
    sql: &str,
    values: &[&dyn Bind],
) -> Result<Vec<Row>, Failure> {
    if preparation == Preparation::Never {
        let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.sql_type())).collect();
        return Ok(client.query_typed(sql, &values).await?);
    }
    let types: Vec<_> = values.iter().map(|value| value.sql_type()).collect();
    let statement = client.prepare_typed_cached(sql, &types).await?;
    let values: Vec<_> = values.iter().map(|value| value.as_sql()).collect();
    Ok(client.query(&statement, &values).await?)
}

/// Runs one statement; how many rows it touched.
pub(crate) async fn execute(
    client: &ClientWrapper,
    preparation: Preparation,
    sql: &str,
    values: &[&dyn Bind],
) -> Result<u64, Failure> {
    if preparation == Preparation::Never {
        let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.sql_type())).collect();
        return Ok(client.execute_typed(sql, &values).await?);
    }
    let types: Vec<_> = values.iter().map(|value| value.sql_type()).collect();
    let statement = client.prepare_typed_cached(sql, &types).await?;
    let values: Vec<_> = values.iter().map(|value| value.as_sql()).collect();
    Ok(client.execute(&statement, &values).await?)
}
