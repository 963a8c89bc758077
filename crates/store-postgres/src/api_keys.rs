//! API keys of applications.

use crate::clock::now;
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::rows::Cells;
use crate::writer::{Intention, Write};
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::store::{AddApiKeyOutcome, ApiKeyChange, ApiKeyStore, ApiKeyView, NewApiKey};
use async_trait::async_trait;
use domain::api_key::{ApiKey, ApiKeyName, KnownSecret, Rotation};
use domain::event::EventKind;
use domain::ids::ApiKeyId;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use tokio_postgres::Row;
use uuid::Uuid;

/// The columns that [`api_key`] reads, in its order.
macro_rules! columns {
    () => {
        "id, namespace, name, digest, expires_at, previous_digest, previous_expires_at, created_at, rotated_at, \
         revoked_at, last_used_at"
    };
}
/// How many they are.
const WIDTH: usize = 11;

#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn add_api_key(&self, new: NewApiKey) -> Result<AddApiKeyOutcome, Fault> {
        Ok(self.writers.transact(&new).await?)
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyView>, Fault> {
        let sql = concat!("SELECT ", columns!(), ", ", now!(), " FROM api_keys WHERE id = $2");
        let row = self.readers.query_opt(sql, &[&self.clock.parameter(), &key.uuid()]).await?;
        let Some(row) = row else { return Ok(None) };
        let now = row.try_get(WIDTH).map(UnixMillis::from_millis).map_err(Failure::from)?;
        Ok(Some(ApiKeyView { key: api_key(&row)?, now }))
    }

    async fn list_api_keys(&self, namespace: &NamespaceName) -> Result<Vec<ApiKey>, Fault> {
        let sql = concat!("SELECT ", columns!(), " FROM api_keys WHERE namespace = $1 ORDER BY id");
        let rows = self.writers.once(sql, &[&namespace.as_str()]).await?;
        Ok(rows.iter().map(api_key).collect::<Result<_, _>>()?)
    }

    async fn rotate_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        rotation: Rotation,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault> {
        let change = Change { namespace, key, rotation: Some(rotation), audit };
        Ok(self.writers.transact(&change).await?)
    }

    async fn revoke_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault> {
        Ok(self.writers.transact(&Change { namespace, key, rotation: None, audit }).await?)
    }

    async fn note_api_key_uses(&self, keys: &[ApiKeyId]) -> Result<(), Fault> {
        let sql = concat!(
            "UPDATE api_keys SET last_used_at = greatest(coalesce(last_used_at, 0), ",
            now!(),
            ") WHERE id = ANY ($2)"
        );
        let ids: Vec<Uuid> = keys.iter().map(|key| key.uuid()).collect();
        self.writers.once(sql, &[&self.clock.parameter(), &ids]).await?;
        Ok(())
    }
}

fn api_key(row: &Row) -> Result<ApiKey, Failure> {
    let mut cells = Cells::new(row, 0);
    Ok(ApiKey {
        id: ApiKeyId::new(cells.cell()?),
        namespace: cells.namespace()?,
        name: cells.parsed(|text| ApiKeyName::parse(text).ok())?,
        current: KnownSecret { digest: cells.bytes()?, expires_at: cells.some_moment()? },
        previous: previous(&mut cells)?,
        created_at: cells.moment()?,
        rotated_at: cells.moment()?,
        revoked_at: cells.some_moment()?,
        last_used_at: cells.some_moment()?,
    })
}

fn previous(cells: &mut Cells<'_>) -> Result<Option<KnownSecret>, Failure> {
    let Some(digest) = cells.cell::<Option<&[u8]>>()? else {
        cells.skip(1);
        return Ok(None);
    };
    let digest = digest.try_into().map_err(|_| cells.unreadable())?;
    Ok(Some(KnownSecret { digest, expires_at: cells.some_moment()? }))
}

impl Intention for NewApiKey {
    type Outcome = AddApiKeyOutcome;

    async fn run(&self, write: &Write<'_>) -> Result<AddApiKeyOutcome, Failure> {
        let sql = concat!(
            "INSERT INTO api_keys (id, namespace, name, digest, expires_at, created_at, rotated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6)
             ON CONFLICT (namespace, name) WHERE revoked_at IS NULL DO NOTHING RETURNING ",
            columns!()
        );
        let expires_at = self.lifetime.map(|span| write.now.plus(span).as_millis());
        let added = write
            .query_opt(
                sql,
                &[
                    &self.id.uuid(),
                    &self.namespace.as_str(),
                    &self.name.as_str(),
                    &self.digest.as_slice(),
                    &expires_at,
                    &write.at(),
                ],
            )
            .await?;
        let Some(row) = added else { return Ok(AddApiKeyOutcome::NameTaken) };
        let key = api_key(&row)?;
        told(write, EventKind::ApiKeyCreated, &key, &self.audit).await?;
        Ok(AddApiKeyOutcome::Added(key))
    }
}

/// A new secret, or the end.
struct Change<'a> {
    namespace: &'a NamespaceName,
    key: ApiKeyId,
    rotation: Option<Rotation>,
    audit: AuditContext,
}

impl Intention for Change<'_> {
    type Outcome = ApiKeyChange;

    async fn run(&self, write: &Write<'_>) -> Result<ApiKeyChange, Failure> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM api_keys WHERE id = $1 AND namespace = $2 AND revoked_at IS NULL FOR UPDATE"
        );
        let found = write.query_opt(sql, &[&self.key.uuid(), &self.namespace.as_str()]).await?;
        let Some(row) = found else { return Ok(ApiKeyChange::Refused) };
        let key = api_key(&row)?;
        let (key, event) = match self.rotation {
            Some(rotation) => (key.rotated(rotation, write.now), EventKind::ApiKeyRotated),
            None => (ApiKey { revoked_at: Some(write.now), ..key }, EventKind::ApiKeyRevoked),
        };
        store(write, &key).await?;
        told(write, event, &key, &self.audit).await?;
        Ok(ApiKeyChange::Done(key))
    }
}

async fn store(write: &Write<'_>, key: &ApiKey) -> Result<(), Failure> {
    let sql =
        "UPDATE api_keys SET digest = $2, expires_at = $3, previous_digest = $4, previous_expires_at = $5,
                                   rotated_at = $6, revoked_at = $7 WHERE id = $1";
    let digest = key.previous.map(|secret| secret.digest.to_vec());
    let ends = key.previous.and_then(|secret| secret.expires_at).map(UnixMillis::as_millis);
    write
        .execute(
            sql,
            &[
                &key.id.uuid(),
                &key.current.digest.as_slice(),
                &key.current.expires_at.map(UnixMillis::as_millis),
                &digest,
                &ends,
                &key.rotated_at.as_millis(),
                &key.revoked_at.map(UnixMillis::as_millis),
            ],
        )
        .await
        .map(|_| ())
}

async fn told(
    write: &Write<'_>,
    event: EventKind,
    key: &ApiKey,
    audit: &AuditContext,
) -> Result<(), Failure> {
    let detail = key.id.to_string();
    let about = About { namespace: Some(&key.namespace), detail: Some(&detail), ..About::default() };
    record(write, event, about, audit).await
}
