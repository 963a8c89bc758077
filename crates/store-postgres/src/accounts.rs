//! Accounts and their passwords.

use crate::credentials::{end_everything_of, lock_user};
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::orders;
use crate::rows::{Cells, USER_COLUMNS, user};
use crate::session_rows::revoke_all_of;
use crate::writer::{Intention, Write};
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
use tokio_postgres::Row;
use uuid::Uuid;

#[async_trait]
impl AccountStore for PostgresStore {
    async fn sign_up(&self, new: NewAccount) -> Result<SignUpOutcome, Fault> {
        Ok(self.writers.transact(&new).await?)
    }

    async fn find_credential(
        &self,
        namespace: &NamespaceName,
        email: &EmailAddress,
    ) -> Result<Credential, Fault> {
        // One statement whether or not the address has an account: the decoy comes second and is taken
        // when nothing comes first.
        let sql =
            "SELECT id, password, credential_epoch, status, email_verified, last_sign_in_at IS NOT NULL,
                          false AS is_decoy FROM users
                    WHERE namespace = $1 AND email = $2
                   UNION ALL
                   SELECT id, password, 0, 'active', false, false, true FROM decoys WHERE namespace = $1
                   ORDER BY is_decoy LIMIT 1";
        let row = self.readers.query_opt(sql, &[&namespace.as_str(), &email.as_str()]).await?;
        let row = row.ok_or(Failure::Impossible("the namespace has no decoy"))?;
        Ok(credential(&row)?)
    }

    async fn find_credential_of(
        &self,
        namespace: &NamespaceName,
        user: UserId,
    ) -> Result<Option<Credential>, Fault> {
        let sql = "SELECT id, password, credential_epoch, status, email_verified, last_sign_in_at IS NOT NULL, false
                     FROM users WHERE namespace = $1 AND id = $2";
        let row = self.readers.query_opt(sql, &[&namespace.as_str(), &user.uuid()]).await?;
        Ok(row.map(|row| credential(&row)).transpose()?)
    }

    async fn find_account(&self, namespace: &NamespaceName, key: &AccountKey) -> Result<Option<User>, Fault> {
        let row = match key {
            AccountKey::Id(id) => {
                let sql = format!("SELECT {USER_COLUMNS} FROM users u WHERE u.namespace = $1 AND u.id = $2");
                self.readers.query_opt(&sql, &[&namespace.as_str(), &id.uuid()]).await?
            }
            AccountKey::Email(email) => {
                let sql =
                    format!("SELECT {USER_COLUMNS} FROM users u WHERE u.namespace = $1 AND u.email = $2");
                self.readers.query_opt(&sql, &[&namespace.as_str(), &email.as_str()]).await?
            }
        };
        Ok(row.map(|row| user(&row, 0)).transpose()?)
    }

    async fn list_accounts(
        &self,
        namespace: &NamespaceName,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, Fault> {
        let after = after.map_or(Uuid::nil(), UserId::uuid);
        let sql = format!(
            "SELECT {USER_COLUMNS} FROM users u WHERE u.namespace = $1 AND u.id > $2 ORDER BY u.id LIMIT $3"
        );
        let rows = self.writers.once(&sql, &[&namespace.as_str(), &after, &i64::from(limit)]).await?;
        Ok(rows.iter().map(|row| user(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn set_password(&self, change: SetPassword) -> Result<AccountChange, Fault> {
        Ok(self.writers.transact(&change).await?)
    }

    async fn set_status(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        status: AccountStatus,
        audit: AuditContext,
    ) -> Result<AccountChange, Fault> {
        Ok(self.writers.transact(&SetStatus { namespace, user, status, audit }).await?)
    }

    async fn delete_account(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        audit: AuditContext,
    ) -> Result<bool, Fault> {
        Ok(self.writers.transact(&DeleteAccount { namespace, user, audit }).await?)
    }

    async fn find_decoy(&self, namespace: &NamespaceName) -> Result<Option<(UserId, SealedPassword)>, Fault> {
        let sql = "SELECT id, password FROM decoys WHERE namespace = $1";
        let Some(row) = self.readers.query_opt(sql, &[&namespace.as_str()]).await? else { return Ok(None) };
        let mut cells = Cells::new(&row, 0);
        Ok(Some((cells.user_id()?, SealedPassword(cells.cell()?))))
    }

    async fn put_decoy(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        password: SealedPassword,
    ) -> Result<(), Fault> {
        let sql = "INSERT INTO decoys (namespace, id, password) VALUES ($1, $2, $3)
                   ON CONFLICT (namespace) DO UPDATE SET id = excluded.id, password = excluded.password";
        self.writers.once(sql, &[&namespace.as_str(), &user.uuid(), &password.0]).await?;
        Ok(())
    }

    async fn record_refused_sign_in(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        problem: &'static str,
        audit: AuditContext,
    ) -> Result<(), Fault> {
        Ok(self.writers.transact(&RefusedSignIn { namespace, user, problem, audit }).await?)
    }
}

/// What becomes of the owner's row where nobody is to be told that an address is taken.
const WRITTEN_AGAIN: &str = "UPDATE SET email = u.email";

fn credential(row: &Row) -> Result<Credential, Failure> {
    let mut cells = Cells::new(row, 0);
    Ok(Credential {
        user: cells.user_id()?,
        password: SealedPassword(cells.cell()?),
        epoch: CredentialEpoch(cells.count()?),
        status: cells.parsed(AccountStatus::from_name)?,
        email_verified: cells.cell()?,
        has_signed_in: cells.cell()?,
        is_decoy: cells.cell()?,
    })
}

impl Intention for NewAccount {
    type Outcome = SignUpOutcome;

    async fn run(&self, write: &Write<'_>) -> Result<SignUpOutcome, Failure> {
        // Where nobody is to be told, a taken address costs a row as well: its owner's is written again as it stands.
        let if_taken = if self.mails.is_some() { WRITTEN_AGAIN } else { "NOTHING" };
        let sql = format!(
            "INSERT INTO users AS u (namespace, id, email, email_verified, status, credential_epoch, password,
                                     created_at, updated_at)
             VALUES ($1, $2, $3, false, 'active', 0, $4, $5, $5)
             ON CONFLICT (namespace, email) DO {if_taken} RETURNING {USER_COLUMNS}"
        );
        let created = write
            .query_opt(
                &sql,
                &[
                    &self.namespace.as_str(),
                    &self.id.uuid(),
                    &self.email.as_str(),
                    &self.password.0,
                    &write.at(),
                ],
            )
            .await?;
        let found = created.map(|row| user(&row, 0)).transpose()?;
        let made = found.filter(|user| user.id == self.id);
        let about = about(&self.namespace, self.id);
        if made.is_some() {
            record(write, EventKind::SignUp, about, &self.audit).await?;
        } else if self.mails.is_some() {
            record(write, EventKind::SignUpTaken, about, &self.audit).await?;
        }
        if let Some(mails) = &self.mails {
            orders::insert(write, if made.is_some() { &mails.made } else { &mails.taken }).await?;
        }
        Ok(made.map_or(SignUpOutcome::EmailTaken, SignUpOutcome::Created))
    }
}

impl Intention for SetPassword {
    type Outcome = AccountChange;

    async fn run(&self, write: &Write<'_>) -> Result<AccountChange, Failure> {
        let sql = format!(
            "UPDATE users AS u SET password = $3, credential_epoch = credential_epoch + 1, updated_at = $4
              WHERE namespace = $1 AND id = $2 AND ($5 IS NULL OR (credential_epoch = $5 AND status = 'active'))
              RETURNING {USER_COLUMNS}"
        );
        let expected = self.expected_epoch.map(|epoch| i64::from(epoch.0));
        let changed = write
            .query_opt(
                &sql,
                &[&self.namespace.as_str(), &self.user.uuid(), &self.password.0, &write.at(), &expected],
            )
            .await?;
        let Some(row) = changed else { return Ok(AccountChange::Refused) };
        let user = user(&row, 0)?;
        end_everything_of(write, &self.namespace, user.id, self.reason).await?;
        if let Some(order) = &self.notice {
            orders::insert(write, order).await?;
        }
        record(write, EventKind::PasswordChanged, about(&self.namespace, user.id), &self.audit).await?;
        Ok(AccountChange::Done(user))
    }
}

struct SetStatus<'a> {
    namespace: &'a NamespaceName,
    user: UserId,
    status: AccountStatus,
    audit: AuditContext,
}

impl Intention for SetStatus<'_> {
    type Outcome = AccountChange;

    async fn run(&self, write: &Write<'_>) -> Result<AccountChange, Failure> {
        let Some(current) = lock_user(write, self.namespace, self.user).await? else {
            return Ok(AccountChange::Refused);
        };
        if current.status == self.status {
            return Ok(AccountChange::Done(current));
        }
        let (raise, event) = match self.status {
            AccountStatus::Disabled => (1_i64, EventKind::AccountDisabled),
            AccountStatus::Active => (0, EventKind::AccountEnabled),
        };
        let sql = format!(
            "UPDATE users AS u SET status = $3, credential_epoch = credential_epoch + $4, updated_at = $5
              WHERE namespace = $1 AND id = $2 RETURNING {USER_COLUMNS}"
        );
        let changed = write
            .query_opt(
                &sql,
                &[&self.namespace.as_str(), &self.user.uuid(), &self.status.name(), &raise, &write.at()],
            )
            .await?;
        let row = changed.ok_or(Failure::Impossible("a locked row is gone"))?;
        let changed = user(&row, 0)?;
        if self.status == AccountStatus::Disabled {
            end_everything_of(write, self.namespace, self.user, RevokeReason::AccountDisabled).await?;
        }
        record(write, event, about(self.namespace, self.user), &self.audit).await?;
        Ok(AccountChange::Done(changed))
    }
}

struct DeleteAccount<'a> {
    namespace: &'a NamespaceName,
    user: UserId,
    audit: AuditContext,
}

impl Intention for DeleteAccount<'_> {
    type Outcome = bool;

    async fn run(&self, write: &Write<'_>) -> Result<bool, Failure> {
        let Some(user) = lock_user(write, self.namespace, self.user).await? else { return Ok(false) };
        revoke_all_of(write, self.namespace, self.user, RevokeReason::AccountDeleted).await?;
        let (id, namespace, email) = (self.user.uuid(), self.namespace.as_str(), user.email.as_str());
        for sql in [
            "DELETE FROM outbox WHERE user_id = $1 OR (namespace = $2 AND email = $3)",
            // Tombstones, too: they name the address and nobody.
            "DELETE FROM resets WHERE user_id = $1 OR (namespace = $2 AND email = $3)",
        ] {
            write.execute(sql, &[&id, &namespace, &email]).await?;
        }
        write.execute("DELETE FROM users WHERE id = $1 AND namespace = $2", &[&id, &namespace]).await?;
        record(write, EventKind::AccountDeleted, about(self.namespace, self.user), &self.audit).await?;
        Ok(true)
    }
}

struct RefusedSignIn<'a> {
    namespace: &'a NamespaceName,
    user: UserId,
    problem: &'static str,
    audit: AuditContext,
}

impl Intention for RefusedSignIn<'_> {
    type Outcome = ();

    async fn run(&self, write: &Write<'_>) -> Result<(), Failure> {
        let about = About { problem: Some(self.problem), ..about(self.namespace, self.user) };
        record(write, EventKind::SignInRefused, about, &self.audit).await
    }
}

fn about(namespace: &NamespaceName, user: UserId) -> About<'_> {
    About { namespace: Some(namespace), user: Some(user), ..About::default() }
}
