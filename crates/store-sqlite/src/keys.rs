//! Root key fingerprints and signing keys.

use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{get, moment, namespace, parsed};
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::keys::{SigningAlgorithm, SigningKeyRecord};
use app::ports::store::KeyStore;
use async_trait::async_trait;
use domain::event::EventKind;
use domain::time::UnixMillis;
use rusqlite::{OptionalExtension as _, Result, Row, params};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn root_key_fingerprints(&self) -> Result<Vec<(u32, [u8; 32])>, Fault> {
        self.readers.read(|connection| {
            let mut select =
                connection.prepare_cached("SELECT id, fingerprint FROM root_keys ORDER BY id")?;
            select.query_map([], |row| Ok((get(row, "id")?, get(row, "fingerprint")?)))?.collect()
        })
    }

    async fn remember_root_key(&self, id: u32, fingerprint: [u8; 32]) -> Result<[u8; 32], Fault> {
        self.writer.submit(move |write| remember_root_key(write, id, fingerprint)).await
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKeyRecord>, Fault> {
        self.readers.read(|connection| {
            let mut select =
                connection.prepare_cached("SELECT * FROM signing_keys ORDER BY created_at, kid")?;
            select.query_map([], signing_key)?.collect()
        })
    }

    async fn add_signing_key(
        &self,
        key: SigningKeyRecord,
        newer_than: Option<UnixMillis>,
        audit: AuditContext,
    ) -> Result<bool, Fault> {
        self.writer.submit(move |write| add_signing_key(write, &key, newer_than, &audit)).await
    }

    async fn remove_signing_keys(&self, kids: &[String]) -> Result<(), Fault> {
        let kids = kids.to_vec();
        self.writer.submit(move |write| kids.iter().try_for_each(|kid| remove(write, kid))).await
    }
}

fn remember_root_key(write: &Write<'_>, id: u32, fingerprint: [u8; 32]) -> Result<[u8; 32]> {
    let added = write
        .connection
        .prepare_cached(
            "INSERT INTO root_keys (id, fingerprint) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![id, fingerprint])?;
    if added > 0 {
        let about = About { detail: Some(&id.to_string()), ..About::default() };
        record(write, EventKind::RootKeyRemembered, about, &AuditContext::system())?;
    }
    write
        .connection
        .prepare_cached("SELECT fingerprint FROM root_keys WHERE id = ?1")?
        .query_row([id], |row| get(row, "fingerprint"))
}

fn remove(write: &Write<'_>, kid: &str) -> Result<()> {
    let mut delete =
        write.connection.prepare_cached("DELETE FROM signing_keys WHERE kid = ?1 RETURNING namespace")?;
    let Some(of) = delete.query_row([kid], namespace).optional()? else { return Ok(()) };
    let about = About { namespace: Some(&of), detail: Some(kid), ..About::default() };
    record(write, EventKind::SigningKeyRetired, about, &AuditContext::system())
}

fn signing_key(row: &Row<'_>) -> Result<SigningKeyRecord> {
    Ok(SigningKeyRecord {
        kid: get(row, "kid")?,
        namespace: namespace(row)?,
        algorithm: parsed(row, "algorithm", SigningAlgorithm::from_name)?,
        sealed: get(row, "sealed")?,
        created_at: moment(row, "created_at")?,
        activates_at: moment(row, "activates_at")?,
    })
}

fn add_signing_key(
    write: &Write<'_>,
    key: &SigningKeyRecord,
    newer_than: Option<UnixMillis>,
    audit: &AuditContext,
) -> Result<bool> {
    let added = write
        .connection
        .prepare_cached(
            "INSERT INTO signing_keys (kid, namespace, algorithm, sealed, created_at, activates_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
              WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE namespace = ?2 AND (?7 IS NULL OR created_at > ?7))",
        )?
        .execute(params![
            key.kid,
            key.namespace.as_str(),
            key.algorithm.name(),
            key.sealed,
            key.created_at.as_millis(),
            key.activates_at.as_millis(),
            newer_than.map(UnixMillis::as_millis)
        ])?;
    if added > 0 {
        let about = About { namespace: Some(&key.namespace), detail: Some(&key.kid), ..About::default() };
        record(write, EventKind::SigningKeyRotated, about, audit)?;
    }
    Ok(added > 0)
}
