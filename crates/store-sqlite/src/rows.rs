//! Between rows and values. A stored value that cannot be one of ours is an error that names its column.

use app::outbox::{MailOrder, MailState, MailSubject, Notice, OutboxRow, SignInNotice};
use domain::account::{AccountStatus, CredentialEpoch, User};
use domain::email_address::EmailAddress;
use domain::ids::{OutboxId, SessionId, UserId};
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::RedirectAllowlist;
use domain::refresh_token::MacKeyId;
use domain::session::{Chain, ClientInfo, RevokeReason, Salt, Session};
use domain::time::UnixMillis;
use rusqlite::types::{FromSql, Type};
use rusqlite::{Result, Row};
use uuid::Uuid;

/// The columns that [`user`] reads, in its order.
pub(crate) const USER_COLUMNS: &str =
    "id, namespace, email, email_verified, status, credential_epoch, created_at, updated_at, last_sign_in_at";

/// The columns that [`session`] reads, in its order.
pub(crate) const SESSION_COLUMNS: &str = "id, namespace, user_id, salt, mac_key, credential_epoch, \
    body_generation, body_rotated_at, body_previous_rotated_at, \
    cookie_generation, cookie_rotated_at, cookie_previous_rotated_at, \
    created_at, last_proof_at, idle_deadline, absolute_deadline, revoked_at, revoke_reason, user_agent, address";

/// The columns that [`outbox_row`] reads, in its order.
pub(crate) const OUTBOX_COLUMNS: &str = "id, namespace, locale, kind, user_id, email, redirect_to, session_id, state, attempts, created_at, next_attempt_at, last_error";

/// A column that holds something else than it should.
pub(crate) fn unreadable(column: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Null, format!("{column} is not one of ours").into())
}

/// A column's value.
pub(crate) fn get<T: FromSql>(row: &Row<'_>, column: &'static str) -> Result<T> {
    row.get(column).map_err(|error| match error {
        // These two say at which index, which is nothing to look for in a schema.
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
            unreadable(column)
        }
        named => named,
    })
}

/// A UUID column.
pub(crate) fn uuid(row: &Row<'_>, column: &'static str) -> Result<Uuid> {
    get(row, column).map(Uuid::from_bytes)
}

/// A UUID column that may be empty.
pub(crate) fn some_uuid(row: &Row<'_>, column: &'static str) -> Result<Option<Uuid>> {
    Ok(get::<Option<_>>(row, column)?.map(Uuid::from_bytes))
}

/// A moment column.
pub(crate) fn moment(row: &Row<'_>, column: &'static str) -> Result<UnixMillis> {
    get(row, column).map(UnixMillis::from_millis)
}

fn some_moment(row: &Row<'_>, column: &'static str) -> Result<Option<UnixMillis>> {
    Ok(get::<Option<i64>>(row, column)?.map(UnixMillis::from_millis))
}

/// A text column that is parsed.
pub(crate) fn parsed<T>(row: &Row<'_>, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    let text = row.get_ref(column)?;
    text.as_str().ok().and_then(parse).ok_or_else(|| unreadable(column))
}

/// A namespace column.
pub(crate) fn namespace(row: &Row<'_>) -> Result<NamespaceName> {
    parsed(row, "namespace", |text| NamespaceName::parse(text).ok())
}

/// A user.
pub(crate) fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: UserId::new(uuid(row, "id")?),
        namespace: namespace(row)?,
        email: parsed(row, "email", |text| EmailAddress::parse(text).ok())?,
        email_verified: get(row, "email_verified")?,
        status: parsed(row, "status", AccountStatus::from_name)?,
        credential_epoch: CredentialEpoch(get(row, "credential_epoch")?),
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
        last_sign_in_at: some_moment(row, "last_sign_in_at")?,
    })
}

/// A session.
pub(crate) fn session(row: &Row<'_>) -> Result<Session> {
    let revoked = match some_moment(row, "revoked_at")? {
        Some(at) => Some((at, parsed(row, "revoke_reason", RevokeReason::from_name)?)),
        None => None,
    };
    Ok(Session {
        id: SessionId::new(uuid(row, "id")?),
        namespace: namespace(row)?,
        user: UserId::new(uuid(row, "user_id")?),
        salt: Salt(get(row, "salt")?),
        mac_key: MacKeyId(get(row, "mac_key")?),
        credential_epoch: CredentialEpoch(get(row, "credential_epoch")?),
        body: Chain {
            generation: get(row, "body_generation")?,
            rotated_at: moment(row, "body_rotated_at")?,
            previous_rotated_at: moment(row, "body_previous_rotated_at")?,
        },
        cookie: Chain {
            generation: get(row, "cookie_generation")?,
            rotated_at: moment(row, "cookie_rotated_at")?,
            previous_rotated_at: moment(row, "cookie_previous_rotated_at")?,
        },
        created_at: moment(row, "created_at")?,
        last_proof_at: moment(row, "last_proof_at")?,
        idle_deadline: moment(row, "idle_deadline")?,
        absolute_deadline: moment(row, "absolute_deadline")?,
        revoked,
        client: ClientInfo { user_agent: get(row, "user_agent")?, address: get(row, "address")? },
    })
}

/// A mail order and where it stands.
pub(crate) fn outbox_row(row: &Row<'_>) -> Result<OutboxRow> {
    let subject = subject(row)?;
    Ok(OutboxRow {
        id: OutboxId::new(uuid(row, "id")?),
        order: MailOrder {
            namespace: namespace(row)?,
            locale: parsed(row, "locale", Locale::from_tag)?,
            subject,
        },
        state: parsed(row, "state", MailState::from_name)?,
        attempts: get(row, "attempts")?,
        created_at: moment(row, "created_at")?,
        next_attempt_at: moment(row, "next_attempt_at")?,
        last_error: get(row, "last_error")?,
    })
}

fn subject(row: &Row<'_>) -> Result<MailSubject> {
    let kind: String = get(row, "kind")?;
    let user = || uuid(row, "user_id").map(UserId::new);
    if let Some(notice) = Notice::from_name(&kind) {
        return Ok(MailSubject::Notice { user: user()?, notice });
    }
    if let Some(notice) = SignInNotice::from_name(&kind) {
        let session = SessionId::new(uuid(row, "session_id")?);
        return Ok(MailSubject::SignIn { user: user()?, session, notice });
    }
    let make = MailSubject::of_address(&kind).ok_or_else(|| unreadable("kind"))?;
    let email = parsed(row, "email", |text| EmailAddress::parse(text).ok())?;
    let redirect = parsed(row, "redirect_to", |text| {
        RedirectAllowlist::new([text.to_owned()]).ok()?.find(text).cloned()
    })?;
    Ok(make(email, redirect))
}
