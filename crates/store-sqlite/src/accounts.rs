//! Accounts and their passwords.

use crate::credential_change::end_everything_of;
use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{USER_COLUMNS, get, parsed, user, uuid};
use crate::tables::outbox;
use crate::tables::sessions::revoke_all_of;
use crate::tables::users::{find_user, find_user_by_email};
use crate::writer::Write;
use app::audit::AuditContext;
use app::fault::Fault;
use app::ports::password_hasher::SealedPassword;
use app::ports::store::{
    AccountChange, AccountKey, AccountStore, Credential, NewAccount, SetPassword, SignUpOutcome,
};
use async_trait::async_trait;
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::email_address::EmailAddress;
use domain::event::EventKind;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::session::RevokeReason;
use domain::time::UnixMillis;
use rusqlite::{OptionalExtension as _, Result, Row, params};
use uuid::Uuid;

#[async_trait]
impl AccountStore for SqliteStore {
    async fn sign_up(&self, new: NewAccount) -> Result<SignUpOutcome, Fault> {
        self.writer.submit(move |write| sign_up(write, &new)).await
    }

    async fn find_credential(
        &self,
        namespace: &NamespaceName,
        email: &EmailAddress,
    ) -> Result<Credential, Fault> {
        // One statement whether or not the address has an account: the decoy comes second and is taken
        // when nothing comes first.
        self.readers.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, password, credential_epoch, status, email_verified,
                            last_sign_in_at IS NOT NULL AS has_signed_in, 0 AS is_decoy FROM users
                      WHERE namespace = ?1 AND email = ?2
                     UNION ALL
                     SELECT id, password, 0, 'active', 0, 0, 1 FROM decoys WHERE namespace = ?1
                     LIMIT 1",
                )?
                .query_row(params![namespace.as_str(), email.as_str()], credential)
        })
    }

    async fn find_credential_of(
        &self,
        namespace: &NamespaceName,
        user: UserId,
    ) -> Result<Option<Credential>, Fault> {
        self.readers.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, password, credential_epoch, status, email_verified,
                            last_sign_in_at IS NOT NULL AS has_signed_in, 0 AS is_decoy FROM users
                      WHERE namespace = ?1 AND id = ?2",
                )?
                .query_row(params![namespace.as_str(), user.uuid().as_bytes()], credential)
                .optional()
        })
    }

    async fn find_account(&self, namespace: &NamespaceName, key: &AccountKey) -> Result<Option<User>, Fault> {
        self.readers.read(|connection| match key {
            AccountKey::Id(id) => find_user(connection, namespace, *id),
            AccountKey::Email(email) => find_user_by_email(connection, namespace, email),
        })
    }

    async fn list_accounts(
        &self,
        namespace: &NamespaceName,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, Fault> {
        let namespace = namespace.clone();
        let after = after.map_or(Uuid::nil(), UserId::uuid);
        self.readers
            .read_many(move |connection| {
                let sql = format!(
                    "SELECT {USER_COLUMNS} FROM users WHERE namespace = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
                );
                let mut select = connection.prepare_cached(&sql)?;
                select.query_map(params![namespace.as_str(), after.as_bytes(), limit], user)?.collect()
            })
            .await
    }

    async fn set_password(&self, change: SetPassword) -> Result<AccountChange, Fault> {
        self.writer.submit(move |write| set_password(write, &change)).await
    }

    async fn set_status(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        status: AccountStatus,
        audit: AuditContext,
    ) -> Result<AccountChange, Fault> {
        let namespace = namespace.clone();
        self.writer.submit(move |write| set_status(write, &namespace, user, status, &audit)).await
    }

    async fn delete_account(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        audit: AuditContext,
    ) -> Result<bool, Fault> {
        let namespace = namespace.clone();
        self.writer.submit(move |write| delete_account(write, &namespace, user, &audit)).await
    }

    async fn find_decoy(&self, namespace: &NamespaceName) -> Result<Option<(UserId, SealedPassword)>, Fault> {
        self.readers.read(|connection| {
            connection
                .prepare_cached("SELECT id, password FROM decoys WHERE namespace = ?1")?
                .query_row([namespace.as_str()], |row| {
                    Ok((UserId::new(uuid(row, "id")?), SealedPassword(get(row, "password")?)))
                })
                .optional()
        })
    }

    async fn put_decoy(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        password: SealedPassword,
    ) -> Result<(), Fault> {
        let namespace = namespace.clone();
        self.writer
            .submit(move |write| {
                write
                    .connection
                    .prepare_cached(
                        "INSERT INTO decoys (namespace, id, password) VALUES (?1, ?2, ?3)
                         ON CONFLICT (namespace) DO UPDATE SET id = excluded.id, password = excluded.password",
                    )?
                    .execute(params![namespace.as_str(), user.uuid().as_bytes(), password.0])
                    .map(|_| ())
            })
            .await
    }

    async fn record_refused_sign_in(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        problem: &'static str,
        audit: AuditContext,
    ) -> Result<(), Fault> {
        let namespace = namespace.clone();
        self.writer
            .submit(move |write| {
                let (namespace, user, problem) = (Some(&namespace), Some(user), Some(problem));
                let about = About { namespace, user, problem, ..About::default() };
                record(write, EventKind::SignInRefused, about, &audit)
            })
            .await
    }
}

fn credential(row: &Row<'_>) -> Result<Credential> {
    Ok(Credential {
        user: UserId::new(uuid(row, "id")?),
        password: SealedPassword(get(row, "password")?),
        epoch: CredentialEpoch(get(row, "credential_epoch")?),
        status: parsed(row, "status", AccountStatus::from_name)?,
        email_verified: get(row, "email_verified")?,
        has_signed_in: get(row, "has_signed_in")?,
        is_decoy: get(row, "is_decoy")?,
    })
}

/// Makes an account, inside a write. A taken address is to cost what a free one costs, so nothing is read back of a row
/// that was made: all of it is known.
pub(crate) fn sign_up(write: &Write<'_>, new: &NewAccount) -> Result<SignUpOutcome> {
    let is_made = insert(write, new, new.email.as_str())? == 1;
    let about = About { namespace: Some(&new.namespace), user: Some(new.id), ..About::default() };
    if is_made {
        record(write, EventKind::SignUp, about, &new.audit)?;
    } else if new.mails.is_some() {
        write_and_remove(write, new)?;
        record(write, EventKind::SignUpTaken, about, &new.audit)?;
    }
    if let Some(mails) = &new.mails {
        outbox::insert(write, if is_made { &mails.made } else { &mails.taken })?;
    }
    Ok(if is_made { SignUpOutcome::Created(made(new, write.now)) } else { SignUpOutcome::EmailTaken })
}

fn insert(write: &Write<'_>, new: &NewAccount, email: &str) -> Result<usize> {
    write
        .connection
        .prepare_cached(
            "INSERT INTO users (namespace, id, email, email_verified, status, credential_epoch, password, created_at, updated_at)
             VALUES (?1, ?2, ?3, 0, 'active', 0, ?4, ?5, ?5)
             ON CONFLICT (namespace, email) DO NOTHING",
        )?
        .execute(params![
            new.namespace.as_str(),
            new.id.uuid().as_bytes(),
            email,
            new.password.0,
            write.now.as_millis()
        ])
}

/// The account as it was just written.
fn made(new: &NewAccount, now: UnixMillis) -> User {
    User {
        id: new.id,
        namespace: new.namespace.clone(),
        email: new.email.clone(),
        email_verified: false,
        status: AccountStatus::Active,
        credential_epoch: CredentialEpoch(0),
        created_at: now,
        updated_at: now,
        last_sign_in_at: None,
    }
}

/// The work of a new row, without the row: pages are written at the places of the file where they would be if the address
/// had been free. With a blank behind it the address is nobody's, and lies beside itself in the index.
fn write_and_remove(write: &Write<'_>, new: &NewAccount) -> Result<()> {
    insert(write, new, &format!("{} ", new.email.as_str()))?;
    write
        .connection
        .prepare_cached("DELETE FROM users WHERE namespace = ?1 AND id = ?2")?
        .execute(params![new.namespace.as_str(), new.id.uuid().as_bytes()])?;
    Ok(())
}

/// Sets a password, inside a write.
pub(crate) fn set_password(write: &Write<'_>, change: &SetPassword) -> Result<AccountChange> {
    let sql = format!(
        "UPDATE users SET password = ?3, credential_epoch = credential_epoch + 1, updated_at = ?4
          WHERE namespace = ?1 AND id = ?2 AND (?5 IS NULL OR (credential_epoch = ?5 AND status = 'active'))
          RETURNING {USER_COLUMNS}"
    );
    let changed = write
        .connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                change.namespace.as_str(),
                change.user.uuid().as_bytes(),
                change.password.0,
                write.now.as_millis(),
                change.expected_epoch.map(|epoch| epoch.0)
            ],
            user,
        )
        .optional()?;
    let Some(user) = changed else { return Ok(AccountChange::Refused) };
    end_everything_of(write, &change.namespace, user.id, change.reason)?;
    if let Some(order) = &change.notice {
        outbox::insert(write, order)?;
    }
    let about = About { namespace: Some(&change.namespace), user: Some(user.id), ..About::default() };
    record(write, EventKind::PasswordChanged, about, &change.audit)?;
    Ok(AccountChange::Done(user))
}

fn set_status(
    write: &Write<'_>,
    namespace: &NamespaceName,
    id: UserId,
    status: AccountStatus,
    audit: &AuditContext,
) -> Result<AccountChange> {
    let Some(current) = find_user(write.connection, namespace, id)? else {
        return Ok(AccountChange::Refused);
    };
    if current.status == status {
        return Ok(AccountChange::Done(current));
    }
    let (raise, event) = match status {
        AccountStatus::Disabled => (1, EventKind::AccountDisabled),
        AccountStatus::Active => (0, EventKind::AccountEnabled),
    };
    let sql = format!(
        "UPDATE users SET status = ?3, credential_epoch = credential_epoch + ?4, updated_at = ?5
          WHERE namespace = ?1 AND id = ?2 RETURNING {USER_COLUMNS}"
    );
    let changed = write.connection.prepare_cached(&sql)?.query_row(
        params![namespace.as_str(), id.uuid().as_bytes(), status.name(), raise, write.now.as_millis()],
        user,
    )?;
    if status == AccountStatus::Disabled {
        end_everything_of(write, namespace, id, RevokeReason::AccountDisabled)?;
    }
    let about = About { namespace: Some(namespace), user: Some(id), ..About::default() };
    record(write, event, about, audit)?;
    Ok(AccountChange::Done(changed))
}

fn delete_account(
    write: &Write<'_>,
    namespace: &NamespaceName,
    id: UserId,
    audit: &AuditContext,
) -> Result<bool> {
    let Some(user) = find_user(write.connection, namespace, id)? else { return Ok(false) };
    revoke_all_of(write, namespace, id, RevokeReason::AccountDeleted)?;
    let key = id.uuid();
    let key = key.as_bytes();
    // By address too: a tombstone names it under another id, an order under none.
    for table in ["resets", "outbox"] {
        let sql = format!("DELETE FROM {table} WHERE user_id = ?1 OR (namespace = ?2 AND email = ?3)");
        let named = params![key, namespace.as_str(), user.email.as_str()];
        write.connection.prepare_cached(&sql)?.execute(named)?;
    }
    write
        .connection
        .prepare_cached("DELETE FROM users WHERE namespace = ?1 AND id = ?2")?
        .execute(params![namespace.as_str(), key])?;
    let about = About { namespace: Some(namespace), user: Some(id), ..About::default() };
    record(write, EventKind::AccountDeleted, about, audit)?;
    Ok(true)
}
