//! The schema: brought to this version by whichever node comes first, while the others wait or go on.
//!
//! The lock is a row: a migration begins by writing its version into the history, whose key lets one node through;
//! the others wait for its commit and find the work done. No advisory lock is needed, and every statement
//! may run twice (`IF NOT EXISTS`), for databases whose DDL does not roll back.
//!
//! A migration says which programs may go on beside it: `oldest_program` is the lowest version of the schema that a
//! program has to know in order to work on this one. An expanding migration keeps it, a contracting one raises it.

use crate::refusal::OpenError;
use deadpool_postgres::ClientWrapper;
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// One step of the schema.
struct Migration {
    version: i32,
    name: &'static str,
    oldest_program: i32,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 6] = [
    Migration {
        version: 1,
        name: "first schema",
        oldest_program: 1,
        sql: include_str!("../migrations/V1__first_schema.sql"),
    },
    Migration {
        version: 2,
        name: "rows of failures",
        oldest_program: 1,
        sql: include_str!("../migrations/V2__rows_of_failures.sql"),
    },
    Migration {
        version: 3,
        name: "api keys",
        oldest_program: 1,
        sql: include_str!("../migrations/V3__api_keys.sql"),
    },
    Migration {
        version: 4,
        name: "idempotency",
        oldest_program: 1,
        sql: include_str!("../migrations/V4__idempotency.sql"),
    },
    Migration {
        version: 5,
        name: "audit chain",
        oldest_program: 1,
        sql: include_str!("../migrations/V5__audit_chain.sql"),
    },
    Migration {
        version: 7,
        name: "proved mailboxes",
        oldest_program: 1,
        sql: include_str!("../migrations/V7__proved_mailboxes.sql"),
    },
];

/// The version that this program knows.
pub(crate) const KNOWN: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (
    version        INT4 NOT NULL PRIMARY KEY,
    name           TEXT NOT NULL,
    oldest_program INT4 NOT NULL,
    applied_at     TIMESTAMPTZ NOT NULL
)";

/// The statements that make this version's schema in an empty database. The history is not among what they fill.
pub(crate) fn whole() -> String {
    let steps = MIGRATIONS.iter().map(|migration| migration.sql);
    std::iter::once(HISTORY)
        .chain(steps)
        .map(|sql| format!("{};\n", sql.trim_end().trim_end_matches(';')))
        .collect()
}

/// The entry of the history that keeps servers out while another database moves in. Its number is one that no migration
/// reaches.
const CLOSED: i32 = 1_000_000_000;

/// Keeps servers out.
pub(crate) fn close() -> String {
    format!(
        "INSERT INTO schema_history (version, name, oldest_program, applied_at)
         VALUES ({CLOSED}, 'another database moves in', {CLOSED}, now()) ON CONFLICT (version) DO NOTHING"
    )
}

/// One row if servers are kept out.
pub(crate) fn is_closed() -> String {
    format!("SELECT 1 FROM schema_history WHERE version = {CLOSED}")
}

/// Lets servers in.
pub(crate) fn open() -> String {
    format!("DELETE FROM schema_history WHERE version = {CLOSED}")
}

/// How often a node tries to get a migration in before it gives up, and how long it waits in between. Each try waits
/// for locks for a few seconds only: who waits for a lock on a table holds up everybody who comes after.
const TRIES: u32 = 20;
const LOCK_MAX: &str = "SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = 0";
const PAUSE: Duration = Duration::from_millis(500);

/// What the history says.
pub(crate) struct Applied {
    pub(crate) version: i32,
    oldest_program: i32,
    pub(crate) is_closed: bool,
}

/// Brings the schema to this version. `moves_in`: this is who keeps servers out.
pub(crate) async fn migrate(client: &ClientWrapper, moves_in: bool) -> Result<(), OpenError> {
    let mut tries = 1;
    loop {
        let Err(failure) = advance(client, moves_in).await else { break };
        let error = match failure {
            Step::Failed(error) => error,
            Step::Refused(error) => return Err(error),
        };
        // The transaction is over, whatever it came to.
        let _ = client.batch_execute("ROLLBACK").await;
        if tries == TRIES || !is_race(&error) {
            return Err(OpenError::from_migration(&error));
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

enum Step {
    Failed(tokio_postgres::Error),
    Refused(OpenError),
}

impl From<tokio_postgres::Error> for Step {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error)
    }
}

async fn advance(client: &ClientWrapper, moves_in: bool) -> Result<(), Step> {
    let applied = match applied(client).await? {
        Some(applied) => applied,
        None => {
            client.batch_execute(HISTORY).await?;
            Applied { version: 0, oldest_program: 0, is_closed: false }
        }
    };
    if applied.is_closed && !moves_in {
        return Err(Step::Refused(OpenError::Closed));
    }
    if applied.oldest_program > KNOWN {
        return Err(Step::Refused(OpenError::Newer { found: applied.version, known: KNOWN }));
    }
    if applied.version > KNOWN {
        tracing::info!(
            found = applied.version,
            known = KNOWN,
            "the schema is newer, and made to work with this program too"
        );
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > applied.version) {
        apply(client, migration).await?;
        tracing::info!(version = migration.version, name = migration.name, "migrated");
    }
    Ok(())
}

/// `None` while there is no history. Asked of the table itself, because catalogues differ between databases.
pub(crate) async fn applied(client: &ClientWrapper) -> Result<Option<Applied>, tokio_postgres::Error> {
    let select = format!(
        "SELECT coalesce(max(CASE WHEN version < {CLOSED} THEN version END), 0)::int4,
                coalesce(max(CASE WHEN version < {CLOSED} THEN oldest_program END), 0)::int4,
                coalesce(max(version), 0) = {CLOSED} FROM schema_history"
    );
    match client.query_typed(&select, &[]).await {
        Ok(rows) => {
            let Some(row) = rows.first() else { return Ok(None) };
            Ok(Some(Applied {
                version: row.try_get(0)?,
                oldest_program: row.try_get(1)?,
                is_closed: row.try_get(2)?,
            }))
        }
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn apply(client: &ClientWrapper, migration: &Migration) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(&format!("BEGIN; {LOCK_MAX}")).await?;
    let Migration { version, name, oldest_program, sql } = migration;
    let claim = format!(
        "INSERT INTO schema_history (version, name, oldest_program, applied_at)
         VALUES ({version}, '{name}', {oldest_program}, now())"
    );
    client.batch_execute(&claim).await?;
    client.batch_execute(sql).await?;
    client.batch_execute("COMMIT").await
}

/// Whether another node was at it: the history or the version exists by now, or a lock was not to be had.
fn is_race(error: &tokio_postgres::Error) -> bool {
    const RACES: [SqlState; 8] = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::INTERNAL_ERROR,
        SqlState::UNDEFINED_TABLE,
    ];
    error.code().is_some_and(|code| RACES.contains(code))
}
