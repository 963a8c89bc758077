//! Between rows and values. A stored value that cannot be one of ours is a failure that names its column.

use crate::failure::Failure;
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
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

/// The columns that [`user`] reads, in its order, of the table `u`.
pub(crate) const USER_COLUMNS: &str = "u.id, u.namespace, u.email, u.email_verified, u.status, u.credential_epoch, \
    u.created_at, u.updated_at, u.last_sign_in_at";
/// How many they are.
pub(crate) const USER_WIDTH: usize = 9;

/// The columns that [`session`] reads, in its order, of the table `s`.
pub(crate) const SESSION_COLUMNS: &str = "s.id, s.namespace, s.user_id, s.salt, s.mac_key, s.credential_epoch, \
    s.body_generation, s.body_rotated_at, s.body_previous_rotated_at, \
    s.cookie_generation, s.cookie_rotated_at, s.cookie_previous_rotated_at, \
    s.created_at, s.last_proof_at, s.idle_deadline, s.absolute_deadline, s.revoked_at, s.revoke_reason, \
    s.user_agent, s.address";
/// How many they are.
pub(crate) const SESSION_WIDTH: usize = 20;

/// The columns that [`outbox_row`] reads, in its order, of the table `o`.
pub(crate) const OUTBOX_COLUMNS: &str = "o.id, o.namespace, o.locale, o.kind, o.user_id, o.email, o.redirect_to, o.session_id, \
    o.state, o.attempts, o.created_at, o.next_attempt_at, o.last_error";

/// Reads the cells of a row one after another.
pub(crate) struct Cells<'a> {
    row: &'a Row,
    at: usize,
}

impl<'a> Cells<'a> {
    /// Begins with the cell at `at`.
    pub(crate) const fn new(row: &'a Row, at: usize) -> Self {
        Self { row, at }
    }

    /// The next cell as it is.
    pub(crate) fn cell<T: FromSql<'a>>(&mut self) -> Result<T, Failure> {
        let at = self.at;
        self.at += 1;
        Ok(self.row.try_get(at)?)
    }

    /// Passes over as many cells.
    pub(crate) const fn skip(&mut self, cells: usize) {
        self.at += cells;
    }

    /// The next cell, a count. PostgreSQL has no unsigned numbers, so counts are stored one size up.
    pub(crate) fn count(&mut self) -> Result<u32, Failure> {
        let stored: i64 = self.cell()?;
        u32::try_from(stored).map_err(|_| self.unreadable())
    }

    /// The next cell, a moment.
    pub(crate) fn moment(&mut self) -> Result<UnixMillis, Failure> {
        self.cell().map(UnixMillis::from_millis)
    }

    /// The next cell, perhaps a moment.
    pub(crate) fn some_moment(&mut self) -> Result<Option<UnixMillis>, Failure> {
        Ok(self.cell::<Option<i64>>()?.map(UnixMillis::from_millis))
    }

    /// The next cell, text that is parsed.
    pub(crate) fn parsed<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
        let text: Option<&str> = self.cell()?;
        text.and_then(parse).ok_or_else(|| self.unreadable())
    }

    /// The next cell, bytes of one length.
    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let stored: &[u8] = self.cell()?;
        stored.try_into().map_err(|_| self.unreadable())
    }

    /// The next cell, a namespace.
    pub(crate) fn namespace(&mut self) -> Result<NamespaceName, Failure> {
        self.parsed(|text| NamespaceName::parse(text).ok())
    }

    /// The next cell, an address.
    pub(crate) fn email(&mut self) -> Result<EmailAddress, Failure> {
        self.parsed(|text| EmailAddress::parse(text).ok())
    }

    /// The next cell, a user's id.
    pub(crate) fn user_id(&mut self) -> Result<UserId, Failure> {
        self.cell().map(UserId::new)
    }

    /// The failure that names the cell read last.
    pub(crate) fn unreadable(&self) -> Failure {
        let column = self.row.columns().get(self.at.saturating_sub(1));
        Failure::Unreadable(column.map_or("a column", |column| column.name()).to_owned())
    }

    fn chain(&mut self) -> Result<Chain, Failure> {
        Ok(Chain {
            generation: self.count()?,
            rotated_at: self.moment()?,
            previous_rotated_at: self.moment()?,
        })
    }
}

/// A user, from the cell at `at` on.
pub(crate) fn user(row: &Row, at: usize) -> Result<User, Failure> {
    let mut cells = Cells::new(row, at);
    Ok(User {
        id: cells.user_id()?,
        namespace: cells.namespace()?,
        email: cells.email()?,
        email_verified: cells.cell()?,
        status: cells.parsed(AccountStatus::from_name)?,
        credential_epoch: CredentialEpoch(cells.count()?),
        created_at: cells.moment()?,
        updated_at: cells.moment()?,
        last_sign_in_at: cells.some_moment()?,
    })
}

/// A session, from the cell at `at` on.
pub(crate) fn session(row: &Row, at: usize) -> Result<Session, Failure> {
    let mut cells = Cells::new(row, at);
    Ok(Session {
        id: SessionId::new(cells.cell()?),
        namespace: cells.namespace()?,
        user: cells.user_id()?,
        salt: Salt(cells.bytes()?),
        mac_key: MacKeyId(cells.count()?),
        credential_epoch: CredentialEpoch(cells.count()?),
        body: cells.chain()?,
        cookie: cells.chain()?,
        created_at: cells.moment()?,
        last_proof_at: cells.moment()?,
        idle_deadline: cells.moment()?,
        absolute_deadline: cells.moment()?,
        revoked: revocation(&mut cells)?,
        client: ClientInfo { user_agent: cells.cell()?, address: cells.cell()? },
    })
}

fn revocation(cells: &mut Cells<'_>) -> Result<Option<(UnixMillis, RevokeReason)>, Failure> {
    let at = cells.some_moment()?;
    let name: Option<&str> = cells.cell()?;
    let Some(at) = at else { return Ok(None) };
    let reason = name.and_then(RevokeReason::from_name).ok_or_else(|| cells.unreadable())?;
    Ok(Some((at, reason)))
}

/// Whether an outer join found a row: its first column, a key, is there.
pub(crate) fn is_there(row: &Row, at: usize) -> Result<bool, Failure> {
    Ok(row.try_get::<_, Option<Uuid>>(at)?.is_some())
}

/// A mail order and where it stands, from the cell at `at` on.
pub(crate) fn outbox_row(row: &Row, at: usize) -> Result<OutboxRow, Failure> {
    let mut cells = Cells::new(row, at);
    let id = OutboxId::new(cells.cell()?);
    let namespace = cells.namespace()?;
    let locale = cells.parsed(Locale::from_tag)?;
    let subject = subject(&mut cells)?;
    Ok(OutboxRow {
        id,
        order: MailOrder { namespace, locale, subject },
        state: cells.parsed(MailState::from_name)?,
        attempts: cells.count()?,
        created_at: cells.moment()?,
        next_attempt_at: cells.moment()?,
        last_error: cells.cell()?,
    })
}

fn subject(cells: &mut Cells<'_>) -> Result<MailSubject, Failure> {
    let kind: String = cells.cell()?;
    let unknown_kind = cells.unreadable();
    let user: Option<Uuid> = cells.cell()?;
    let unknown_user = cells.unreadable();
    let user = || user.map(UserId::new).ok_or(unknown_user);
    if let Some(make) = MailSubject::of_address(&kind) {
        let email = cells.email()?;
        let target = |text: &str| RedirectAllowlist::new([text.to_owned()]).ok()?.find(text).cloned();
        let redirect = cells.parsed(target)?;
        cells.skip(1);
        return Ok(make(email, redirect));
    }
    // The address and the target of a notice are empty.
    cells.skip(2);
    let session: Option<Uuid> = cells.cell()?;
    let unknown_session = cells.unreadable();
    if let Some(notice) = Notice::from_name(&kind) {
        return Ok(MailSubject::Notice { user: user()?, notice });
    }
    let notice = SignInNotice::from_name(&kind).ok_or(unknown_kind)?;
    let session = session.map(SessionId::new).ok_or(unknown_session)?;
    Ok(MailSubject::SignIn { user: user()?, session, notice })
}
