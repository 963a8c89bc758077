//! A look at a database that changes nothing in it, whether or not servers run on it.

use crate::address::DatabaseAddress;
use crate::clock::now;
use crate::failure::Failure;
use crate::link::Link;
use crate::open::{inspect, refused};
use crate::options::PostgresOptions;
use crate::refusal::OpenError;
use crate::rows::Cells;
use crate::schema;
use domain::time::UnixMillis;
use tokio_postgres::types::Type;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The version of the schema; 0: there is none yet.
    pub version: i32,
    /// The version that this program knows.
    pub known: i32,
    /// Whether another database is moving in.
    pub is_closed: bool,
    /// The database's clock.
    pub now: UnixMillis,
    /// The fingerprints of the root keys that it was used with.
    pub root_keys: Vec<(u32, [u8; 32])>,
}

/// Looks at the database at an address.
///
/// # Errors
/// Why it cannot be used.
pub async fn examine(address: &DatabaseAddress, options: &PostgresOptions) -> Result<Examination, OpenError> {
    let unusable = |error: tokio_postgres::Error| OpenError::from(&Failure::from(error));
    let link = Link::new(address, options)?;
    let client = link.connect().await.map_err(|failure| refused(&failure))?;
    inspect(&client, link.preparation).await?;
    let none: Option<i64> = None;
    let clock = concat!("SELECT ", now!());
    let rows = client.query_typed(clock, &[(&none, Type::INT8)]).await.map_err(unusable)?;
    let now = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(unusable)?;
    let applied = schema::applied(&client).await.map_err(unusable)?;
    let (version, is_closed) = applied.map_or((0, false), |applied| (applied.version, applied.is_closed));
    let mut root_keys = Vec::new();
    if version > 0 {
        let select = "SELECT id, fingerprint FROM root_keys ORDER BY id";
        for row in client.query_typed(select, &[]).await.map_err(unusable)? {
            let mut cells = Cells::new(&row, 0);
            let key = cells.count().and_then(|id| Ok((id, cells.bytes()?)));
            root_keys.push(key.map_err(|failure| OpenError::from(&failure))?);
        }
    }
    let now = UnixMillis::from_millis(now);
    Ok(Examination { version, known: schema::KNOWN, is_closed, now, root_keys })
}
