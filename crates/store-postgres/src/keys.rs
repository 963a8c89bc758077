//! Root key fingerprints and signing keys.

use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::rows::Cells;
use crate::writer::{Intention, Write};
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::keys::{SigningAlgorithm, SigningKeyRecord};
use app::ports::store::KeyStore;
use async_trait::async_trait;
use domain::event::EventKind;
use domain::time::UnixMillis;
use tokio_postgres::Row;

#[async_trait]
impl KeyStore for PostgresStore {
    async fn root_key_fingerprints(&self) -> Result<Vec<(u32, [u8; 32])>, Fault> {
        let rows = self.readers.query("SELECT id, fingerprint FROM root_keys ORDER BY id", &[]).await?;
        let key = |row: &Row| {
            let mut cells = Cells::new(row, 0);
            Ok::<_, Failure>((cells.count()?, cells.bytes()?))
        };
        Ok(rows.iter().map(key).collect::<Result<_, _>>()?)
    }

    async fn remember_root_key(&self, id: u32, fingerprint: [u8; 32]) -> Result<[u8; 32], Fault> {
        // Only the first start of a key writes.
        if let Some(known) = self.find_fingerprint(id).await? {
            return Ok(known);
        }
        self.writers.transact(&RememberRootKey { id, fingerprint }).await?;
        let known = self.find_fingerprint(id).await?;
        Ok(known.ok_or(Failure::Impossible("a root key that was remembered is gone"))?)
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKeyRecord>, Fault> {
        let sql = "SELECT kid, namespace, algorithm, sealed, created_at, activates_at
                     FROM signing_keys ORDER BY created_at, kid";
        let rows = self.readers.query(sql, &[]).await?;
        Ok(rows.iter().map(signing_key).collect::<Result<_, _>>()?)
    }

    async fn add_signing_key(
        &self,
        key: SigningKeyRecord,
        newer_than: Option<UnixMillis>,
        audit: AuditContext,
    ) -> Result<bool, Fault> {
        Ok(self.writers.transact(&AddSigningKey { key, newer_than, audit }).await?)
    }

    async fn remove_signing_keys(&self, kids: &[String]) -> Result<(), Fault> {
        Ok(self.writers.transact(&RemoveSigningKeys(kids)).await?)
    }
}

impl PostgresStore {
    /// Never changed and never removed, so what this finds is what the first writer put there.
    async fn find_fingerprint(&self, id: u32) -> Result<Option<[u8; 32]>, Failure> {
        let select = "SELECT fingerprint FROM root_keys WHERE id = $1";
        let row = self.readers.query_opt(select, &[&i64::from(id)]).await?;
        row.map(|row| Cells::new(&row, 0).bytes()).transpose()
    }
}

struct RememberRootKey {
    id: u32,
    fingerprint: [u8; 32],
}

impl Intention for RememberRootKey {
    type Outcome = ();

    async fn run(&self, write: &Write<'_>) -> Result<(), Failure> {
        let insert = "INSERT INTO root_keys (id, fingerprint) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
        if write.execute(insert, &[&i64::from(self.id), &self.fingerprint.as_slice()]).await? > 0 {
            let about = About { detail: Some(&self.id.to_string()), ..About::default() };
            record(write, EventKind::RootKeyRemembered, about, &AuditContext::system()).await?;
        }
        Ok(())
    }
}

struct RemoveSigningKeys<'a>(&'a [String]);

impl Intention for RemoveSigningKeys<'_> {
    type Outcome = ();

    async fn run(&self, write: &Write<'_>) -> Result<(), Failure> {
        let delete = "DELETE FROM signing_keys WHERE kid = ANY ($1) RETURNING kid, namespace";
        for row in write.query(delete, &[&self.0.to_vec()]).await? {
            let mut cells = Cells::new(&row, 0);
            let (kid, namespace): (String, _) = (cells.cell()?, cells.namespace()?);
            let about = About { namespace: Some(&namespace), detail: Some(&kid), ..About::default() };
            record(write, EventKind::SigningKeyRetired, about, &AuditContext::system()).await?;
        }
        Ok(())
    }
}

fn signing_key(row: &Row) -> Result<SigningKeyRecord, Failure> {
    let mut cells = Cells::new(row, 0);
    Ok(SigningKeyRecord {
        kid: cells.cell()?,
        namespace: cells.namespace()?,
        algorithm: cells.parsed(SigningAlgorithm::from_name)?,
        sealed: cells.cell()?,
        created_at: cells.moment()?,
        activates_at: cells.moment()?,
    })
}

struct AddSigningKey {
    key: SigningKeyRecord,
    newer_than: Option<UnixMillis>,
    audit: AuditContext,
}

impl Intention for AddSigningKey {
    type Outcome = bool;
    /// Two nodes that rotate at once each see that there is no newer key. There is no row to lock, so one of the two
    /// transactions has to fail.
    const IS_SERIALIZABLE: bool = true;

    async fn run(&self, write: &Write<'_>) -> Result<bool, Failure> {
        let key = &self.key;
        let newer =
            "SELECT 1 FROM signing_keys WHERE namespace = $1 AND ($2 IS NULL OR created_at > $2) LIMIT 1";
        let limit = self.newer_than.map(UnixMillis::as_millis);
        if write.query_opt(newer, &[&key.namespace.as_str(), &limit]).await?.is_some() {
            return Ok(false);
        }
        let insert = "INSERT INTO signing_keys (kid, namespace, algorithm, sealed, created_at, activates_at)
                      VALUES ($1, $2, $3, $4, $5, $6)";
        write
            .execute(
                insert,
                &[
                    &key.kid,
                    &key.namespace.as_str(),
                    &key.algorithm.name(),
                    &key.sealed,
                    &key.created_at.as_millis(),
                    &key.activates_at.as_millis(),
                ],
            )
            .await?;
        let about = About { namespace: Some(&key.namespace), detail: Some(&key.kid), ..About::default() };
        record(write, EventKind::SigningKeyRotated, about, &self.audit).await?;
        Ok(true)
    }
}
