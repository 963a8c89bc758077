//! A consistent copy of the database as a file of SQL, which `psql` puts into an empty database.
//!
//! The file ends what must not come back: putting it in voids every session and every mailed link, whoever does it.

use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::schema;
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;

/// What is copied. Limits, leases and the pulse of the readiness check are of no use in another database.
const TABLES: [&str; 12] = [
    "schema_history",
    "users",
    "decoys",
    "sessions",
    "resets",
    "outbox",
    "root_keys",
    "signing_keys",
    "api_keys",
    "idempotency",
    "events",
    "audit_marks",
];

/// A restored database must not revive what was revoked since the copy was made.
const VOID: &str = "UPDATE users SET credential_epoch = credential_epoch + 1;
UPDATE sessions SET revoked_at = floor(extract(epoch FROM now()) * 1000), revoke_reason = 'restored'
 WHERE revoked_at IS NULL;
UPDATE resets SET void_at = floor(extract(epoch FROM now()) * 1000) WHERE void_at IS NULL;
INSERT INTO events (id, at, kind, actor)
SELECT (lpad(to_hex(clock.at), 12, '0') || '7' || substr(noise, 1, 3) || '8' || substr(noise, 4, 15))::uuid,
       clock.at, 'database_restored', 'operator'
  FROM (SELECT floor(extract(epoch FROM now()) * 1000)::int8 AS at, md5(random()::text) AS noise) AS clock;
";

impl PostgresStore {
    /// Writes the copy to a file that does not exist yet.
    pub(crate) async fn write_dump(&self, target: &Path) -> Result<(), Failure> {
        let client = self.link.connect().await?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
        let written = write_all(&client, file).await;
        if written.is_err() {
            // Half a copy must not be taken for a whole one.
            let _ = std::fs::remove_file(target);
        }
        written?;
        let folder = target.parent().filter(|path| !path.as_os_str().is_empty());
        Ok(File::open(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))?.sync_all()?)
    }
}

/// One snapshot for all tables; the limits of a request are not meant for it.
async fn write_all(client: &ClientWrapper, mut file: File) -> Result<(), Failure> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
                 SET LOCAL idle_in_transaction_session_timeout = 0";
    client.batch_execute(begin).await?;
    writeln!(file, "-- minbil-auth: psql --single-transaction --set ON_ERROR_STOP=1 --file FILE DATABASE")?;
    writeln!(file, "{}", schema::whole())?;
    for table in TABLES {
        copy(client, table, &mut file).await?;
    }
    file.write_all(VOID.as_bytes())?;
    client.batch_execute("COMMIT").await?;
    Ok(file.sync_all()?)
}

/// Columns are named, because migrations may have added them in another order.
async fn copy(client: &ClientWrapper, table: &str, file: &mut File) -> Result<(), Failure> {
    let statement = client.prepare(&format!("SELECT * FROM {table} LIMIT 0")).await?;
    let columns: Vec<_> = statement.columns().iter().map(tokio_postgres::Column::name).collect();
    let columns = columns.join(", ");
    writeln!(file, "COPY {table} ({columns}) FROM stdin;")?;
    let mut rows = pin!(client.copy_out(&format!("COPY {table} ({columns}) TO STDOUT")).await?);
    while let Some(bytes) = rows.try_next().await? {
        file.write_all(&bytes)?;
    }
    writeln!(file, "\\.")?;
    Ok(())
}
