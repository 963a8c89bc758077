//! API keys of applications.

use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{get, moment, namespace, parsed, some_moment, uuid};
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::store::{AddApiKeyOutcome, ApiKeyChange, ApiKeyStore, ApiKeyView, NewApiKey};
use async_trait::async_trait;
use domain::api_key::{ApiKey, ApiKeyName, KnownSecret, Rotation};
use domain::event::EventKind;
use domain::ids::ApiKeyId;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn add_api_key(&self, new: NewApiKey) -> Result<AddApiKeyOutcome, Fault> {
        self.writer.submit(move |write| add(write, &new)).await
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyView>, Fault> {
        let now = self.clock.now();
        let found = self.readers.read(|connection| find(connection, key))?;
        Ok(found.map(|key| ApiKeyView { key, now }))
    }

    async fn list_api_keys(&self, namespace: &NamespaceName) -> Result<Vec<ApiKey>, Fault> {
        let namespace = namespace.clone();
        self.readers
            .read_many(move |connection| {
                connection
                    .prepare_cached("SELECT * FROM api_keys WHERE namespace = ?1 ORDER BY id")?
                    .query_map([namespace.as_str()], api_key)?
                    .collect()
            })
            .await
    }

    async fn rotate_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        rotation: Rotation,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault> {
        let namespace = namespace.clone();
        let change = move |key: &ApiKey, now| key.rotated(rotation, now);
        self.writer
            .submit(move |write| change_key(write, &namespace, key, EventKind::ApiKeyRotated, &audit, change))
            .await
    }

    async fn revoke_api_key(
        &self,
        namespace: &NamespaceName,
        key: ApiKeyId,
        audit: AuditContext,
    ) -> Result<ApiKeyChange, Fault> {
        let namespace = namespace.clone();
        let change = |key: &ApiKey, now| ApiKey { revoked_at: Some(now), ..key.clone() };
        self.writer
            .submit(move |write| change_key(write, &namespace, key, EventKind::ApiKeyRevoked, &audit, change))
            .await
    }

    async fn note_api_key_uses(&self, keys: &[ApiKeyId]) -> Result<(), Fault> {
        let keys = keys.to_vec();
        self.writer
            .submit(move |write| {
                let sql =
                    "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, ?2), ?2) WHERE id = ?1";
                let mut note = write.connection.prepare_cached(sql)?;
                keys.iter().try_for_each(|key| {
                    note.execute(params![key.uuid().as_bytes(), write.now.as_millis()]).map(|_| ())
                })
            })
            .await
    }
}

fn find(connection: &Connection, key: ApiKeyId) -> Result<Option<ApiKey>> {
    connection
        .prepare_cached("SELECT * FROM api_keys WHERE id = ?1")?
        .query_row([key.uuid().as_bytes()], api_key)
        .optional()
}

fn api_key(row: &Row<'_>) -> Result<ApiKey> {
    let previous = match get::<Option<_>>(row, "previous_digest")? {
        Some(digest) => Some(KnownSecret { digest, expires_at: some_moment(row, "previous_expires_at")? }),
        None => None,
    };
    Ok(ApiKey {
        id: ApiKeyId::new(uuid(row, "id")?),
        namespace: namespace(row)?,
        name: parsed(row, "name", |text| ApiKeyName::parse(text).ok())?,
        current: KnownSecret { digest: get(row, "digest")?, expires_at: some_moment(row, "expires_at")? },
        previous,
        created_at: moment(row, "created_at")?,
        rotated_at: moment(row, "rotated_at")?,
        revoked_at: some_moment(row, "revoked_at")?,
        last_used_at: some_moment(row, "last_used_at")?,
    })
}

fn add(write: &Write<'_>, new: &NewApiKey) -> Result<AddApiKeyOutcome> {
    let expires_at = new.lifetime.map(|span| write.now.plus(span).as_millis());
    let added = write
        .connection
        .prepare_cached(
            "INSERT INTO api_keys (id, namespace, name, digest, expires_at, created_at, rotated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (namespace, name) WHERE revoked_at IS NULL DO NOTHING RETURNING *",
        )?
        .query_row(
            params![
                new.id.uuid().as_bytes(),
                new.namespace.as_str(),
                new.name.as_str(),
                new.digest,
                expires_at,
                write.now.as_millis()
            ],
            api_key,
        )
        .optional()?;
    let Some(key) = added else { return Ok(AddApiKeyOutcome::NameTaken) };
    told(write, EventKind::ApiKeyCreated, &key, &new.audit)?;
    Ok(AddApiKeyOutcome::Added(key))
}

/// Reads a key that is not revoked, changes it, and writes it back, in one write.
fn change_key(
    write: &Write<'_>,
    namespace: &NamespaceName,
    id: ApiKeyId,
    event: EventKind,
    audit: &AuditContext,
    change: impl FnOnce(&ApiKey, UnixMillis) -> ApiKey,
) -> Result<ApiKeyChange> {
    let found =
        find(write.connection, id)?.filter(|key| key.namespace == *namespace && key.revoked_at.is_none());
    let Some(key) = found else { return Ok(ApiKeyChange::Refused) };
    let key = change(&key, write.now);
    write
        .connection
        .prepare_cached(
            "UPDATE api_keys SET digest = ?2, expires_at = ?3, previous_digest = ?4, previous_expires_at = ?5,
                                 rotated_at = ?6, revoked_at = ?7 WHERE id = ?1",
        )?
        .execute(params![
            id.uuid().as_bytes(),
            key.current.digest,
            key.current.expires_at.map(UnixMillis::as_millis),
            key.previous.map(|secret| secret.digest),
            key.previous.and_then(|secret| secret.expires_at).map(UnixMillis::as_millis),
            key.rotated_at.as_millis(),
            key.revoked_at.map(UnixMillis::as_millis)
        ])?;
    told(write, event, &key, audit)?;
    Ok(ApiKeyChange::Done(key))
}

fn told(write: &Write<'_>, event: EventKind, key: &ApiKey, audit: &AuditContext) -> Result<()> {
    let detail = key.id.to_string();
    let about = About { namespace: Some(&key.namespace), detail: Some(&detail), ..About::default() };
    record(write, event, about, audit)
}
