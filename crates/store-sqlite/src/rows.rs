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
use rusqlite::types::{FromSql, Type, ValueRef};
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

/// Says which column of a row is meant.
pub(crate) trait Column: Copy {
    /// What it holds.
    fn of<'row>(self, row: &'row Row<'_>) -> Result<ValueRef<'row>>;
    /// What it is called in the schema.
    fn name(self) -> &'static str;
}

impl Column for &'static str {
    fn of<'row>(self, row: &'row Row<'_>) -> Result<ValueRef<'row>> {
        row.get_ref(self)
    }

    fn name(self) -> &'static str {
        self
    }
}

/// A column of [`SESSION_COLUMNS`] by its position: every refresh reads a session, and to look the names up takes longer
/// than to read the values.
#[derive(Clone, Copy)]
struct SessionColumn(usize);

impl Column for SessionColumn {
    fn of<'row>(self, row: &'row Row<'_>) -> Result<ValueRef<'row>> {
        row.get_ref(self.0)
    }

    fn name(self) -> &'static str {
        SESSION_COLUMNS.split(", ").nth(self.0).unwrap_or("a column of a session")
    }
}

/// A column's value.
pub(crate) fn get<T: FromSql>(row: &Row<'_>, column: impl Column) -> Result<T> {
    T::column_result(column.of(row)?).map_err(|_| unreadable(column.name()))
}

/// A UUID column.
pub(crate) fn uuid(row: &Row<'_>, column: impl Column) -> Result<Uuid> {
    get(row, column).map(Uuid::from_bytes)
}

/// A UUID column that may be empty.
pub(crate) fn some_uuid(row: &Row<'_>, column: impl Column) -> Result<Option<Uuid>> {
    Ok(get::<Option<_>>(row, column)?.map(Uuid::from_bytes))
}

/// A moment column.
pub(crate) fn moment(row: &Row<'_>, column: impl Column) -> Result<UnixMillis> {
    get(row, column).map(UnixMillis::from_millis)
}

/// A moment column that may be empty.
pub(crate) fn some_moment(row: &Row<'_>, column: impl Column) -> Result<Option<UnixMillis>> {
    Ok(get::<Option<i64>>(row, column)?.map(UnixMillis::from_millis))
}

/// A text column that is parsed.
pub(crate) fn parsed<T>(row: &Row<'_>, column: impl Column, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    let text = column.of(row)?;
    text.as_str().ok().and_then(parse).ok_or_else(|| unreadable(column.name()))
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
    let column = SessionColumn;
    let revoked = match some_moment(row, column(16))? {
        Some(at) => Some((at, parsed(row, column(17), RevokeReason::from_name)?)),
        None => None,
    };
    Ok(Session {
        id: SessionId::new(uuid(row, column(0))?),
        namespace: parsed(row, column(1), |text| NamespaceName::parse(text).ok())?,
        user: UserId::new(uuid(row, column(2))?),
        salt: Salt(get(row, column(3))?),
        mac_key: MacKeyId(get(row, column(4))?),
        credential_epoch: CredentialEpoch(get(row, column(5))?),
        body: Chain {
            generation: get(row, column(6))?,
            rotated_at: moment(row, column(7))?,
            previous_rotated_at: moment(row, column(8))?,
        },
        cookie: Chain {
            generation: get(row, column(9))?,
            rotated_at: moment(row, column(10))?,
            previous_rotated_at: moment(row, column(11))?,
        },
        created_at: moment(row, column(12))?,
        last_proof_at: moment(row, column(13))?,
        idle_deadline: moment(row, column(14))?,
        absolute_deadline: moment(row, column(15))?,
        revoked,
        client: ClientInfo { user_agent: get(row, column(18))?, address: get(row, column(19))? },
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
