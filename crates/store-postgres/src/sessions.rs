//! Sessions: open, refresh, end.

use crate::clock::now;
use crate::credentials::lock_user;
use crate::events::{About, record};
use crate::failure::Failure;
use crate::open::PostgresStore;
use crate::orders;
use crate::rotation::Rotation;
use crate::rows::{SESSION_COLUMNS, SESSION_WIDTH, USER_COLUMNS, is_there, session, user};
use crate::session_rows::{insert, lock, revoke};
use crate::writer::{Intention, Write};
use app::fault::Fault;
use app::outbox::{MailOrder, MailSubject, Notice};
use app::ports::store::{
    EndSession, EndSessionOutcome, EndSessions, OpenSession, OpenSessionOutcome, OpenedSession,
    RefreshOutcome, RefreshSession, SessionStore, SessionView,
};
use async_trait::async_trait;
use domain::event::EventKind;
use domain::ids::{SessionId, UserId};
use domain::namespace::NamespaceName;
use domain::session::{Presented, RevokeReason, Session, Slot, Verdict};
use domain::time::{UnixMillis, millis};
use uuid::Uuid;

#[async_trait]
impl SessionStore for PostgresStore {
    async fn open_session(&self, open: OpenSession) -> Result<OpenSessionOutcome, Fault> {
        Ok(self.writers.transact(&open).await?)
    }

    async fn refresh_session(&self, refresh: RefreshSession) -> Result<RefreshOutcome, Fault> {
        let Presented::Full { slot, generation } = refresh.presented else {
            // Nothing of a bearer credential is ever written, so reading is enough: a read sees every rotation and
            // every revocation that was answered.
            let (found, now) = self.read_session(&refresh.namespace, refresh.session).await?;
            return Ok(refresh.judge(found, now));
        };
        for _ in 0..ROTATE_TRIES {
            if let Some(rotated) = self.rotate(&refresh, slot, generation).await? {
                return Ok(rotated);
            }
            let outcome = self.writers.transact(&refresh).await?;
            if outcome.verdict != Verdict::Rotate {
                return Ok(outcome);
            }
        }
        Err(Failure::Overtaken.into())
    }

    async fn find_session(
        &self,
        namespace: &NamespaceName,
        id: SessionId,
    ) -> Result<Option<SessionView>, Fault> {
        let sql = format!(
            "SELECT {SESSION_COLUMNS}, {USER_COLUMNS}, {NOW} FROM sessions s
               LEFT JOIN users u ON u.namespace = s.namespace AND u.id = s.user_id
              WHERE s.id = $2 AND s.namespace = $3"
        );
        let values = (self.clock.parameter(), id.uuid(), namespace.as_str());
        let row = self.readers.query_opt(&sql, &[&values.0, &values.1, &values.2]).await?;
        Ok(row.map(|row| view(&row)).transpose()?)
    }

    async fn list_sessions(&self, namespace: &NamespaceName, user: UserId) -> Result<Vec<Session>, Fault> {
        let sql = format!(
            "SELECT {SESSION_COLUMNS} FROM sessions s CROSS JOIN (SELECT {NOW} AS now) clock
              WHERE s.user_id = $2 AND s.namespace = $3 AND s.revoked_at IS NULL
                AND s.idle_deadline > clock.now AND s.absolute_deadline > clock.now
              ORDER BY s.last_proof_at DESC, s.id DESC"
        );
        let values = (self.clock.parameter(), user.uuid(), namespace.as_str());
        let rows = self.readers.query(&sql, &[&values.0, &values.1, &values.2]).await?;
        Ok(rows.iter().map(|row| session(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn end_session(&self, end: EndSession) -> Result<EndSessionOutcome, Fault> {
        Ok(self.writers.transact(&end).await?)
    }

    async fn end_sessions(&self, end: EndSessions) -> Result<u32, Fault> {
        Ok(self.writers.transact(&end).await?)
    }
}

const NOW: &str = now!();
/// A clock that is put back between the two steps of a refresh makes a session live that was over a moment ago; the
/// next try rotates it.
const ROTATE_TRIES: usize = 3;

impl PostgresStore {
    async fn rotate(
        &self,
        refresh: &RefreshSession,
        slot: Slot,
        generation: u32,
    ) -> Result<Option<RefreshOutcome>, Failure> {
        let Some(salt) = refresh.salt else { return Ok(None) };
        let rotation = Rotation {
            slot,
            session: refresh.session.uuid(),
            namespace: refresh.namespace.clone(),
            salt,
            generation: i64::from(generation),
            idle: millis(refresh.policy.idle),
        };
        let rotated = self.rotations.rotate(rotation).await?;
        Ok(rotated.map(|(session, now)| RefreshOutcome {
            now,
            verdict: Verdict::Rotate,
            session: Some(session),
        }))
    }

    async fn read_session(
        &self,
        namespace: &NamespaceName,
        id: SessionId,
    ) -> Result<(Option<Session>, UnixMillis), Failure> {
        let sql = format!(
            "SELECT {SESSION_COLUMNS}, clock.now FROM (SELECT {NOW} AS now) clock
               LEFT JOIN sessions s ON s.id = $2 AND s.namespace = $3"
        );
        let values = (self.clock.parameter(), id.uuid(), namespace.as_str());
        let row = self.readers.query_one(&sql, &[&values.0, &values.1, &values.2]).await?;
        let found = if is_there(&row, 0)? { Some(session(&row, 0)?) } else { None };
        Ok((found, UnixMillis::from_millis(row.try_get(SESSION_WIDTH)?)))
    }
}

fn view(row: &tokio_postgres::Row) -> Result<SessionView, Failure> {
    let user = if is_there(row, SESSION_WIDTH)? { Some(user(row, SESSION_WIDTH)?) } else { None };
    let now = row.try_get(SESSION_WIDTH + crate::rows::USER_WIDTH)?;
    Ok(SessionView { session: session(row, 0)?, user, now: UnixMillis::from_millis(now) })
}

impl Intention for OpenSession {
    type Outcome = OpenSessionOutcome;

    async fn run(&self, write: &Write<'_>) -> Result<OpenSessionOutcome, Failure> {
        // Locks the user, and is itself the question whether epoch and status are still what they were.
        let sql = format!(
            "UPDATE users AS u SET last_sign_in_at = $4, password = coalesce($5, password)
              WHERE namespace = $1 AND id = $2 AND credential_epoch = $3 AND status = 'active'
              RETURNING {USER_COLUMNS}"
        );
        let epoch = i64::from(self.expected_epoch.0);
        let rehash = self.rehash.as_ref().map(|sealed| sealed.0.as_str());
        let signed_in = write
            .query_opt(&sql, &[&self.namespace.as_str(), &self.user.uuid(), &epoch, &write.at(), &rehash])
            .await?;
        let Some(row) = signed_in else { return Ok(OpenSessionOutcome::CredentialChanged) };
        let user = user(&row, 0)?;
        let held_ended = end_held(write, self).await?;
        evict_idlest(write, self).await?;
        let session = self.begin(write.now);
        insert(write, &session).await?;
        if let Some(notice) = &self.notice {
            orders::insert(write, notice).await?;
        }
        record(write, EventKind::SignIn, about(&session), &self.audit).await?;
        Ok(OpenSessionOutcome::Opened(Box::new(OpenedSession { session, user, held_ended, now: write.now })))
    }
}

/// Ends the session that the browser held, if it gives way; whether it did. It may be another user's, who is not locked: two
/// that sign in crosswise, each about to evict what the other's browser holds, can only meet in a deadlock, and run again.
async fn end_held(write: &Write<'_>, open: &OpenSession) -> Result<bool, Failure> {
    let Some(held) = &open.held else { return Ok(false) };
    let found = lock(write, &open.namespace, held.session).await?;
    let found = found.filter(|session| held.gives_way(session, write.now, &open.policy));
    let Some(session) = found else { return Ok(false) };
    let reason = RevokeReason::SignedInAgain;
    revoke(write, session.id, reason).await?;
    let about = About { detail: Some(reason.name()), ..about(&session) };
    record(write, EventKind::of_session_end(reason), about, &open.audit).await?;
    Ok(true)
}

/// Makes room for one more session of the user. One that is ended by its owner in the same moment is not evicted.
async fn evict_idlest(write: &Write<'_>, open: &OpenSession) -> Result<(), Failure> {
    let sql = "SELECT id FROM sessions
                WHERE user_id = $1 AND namespace = $2 AND revoked_at IS NULL
                  AND idle_deadline > $3 AND absolute_deadline > $3
                ORDER BY last_proof_at DESC, id DESC OFFSET $4";
    let kept = i64::from(open.policy.max_live.saturating_sub(1));
    let over = write.query(sql, &[&open.user.uuid(), &open.namespace.as_str(), &write.at(), &kept]).await?;
    for row in over {
        let id = SessionId::new(row.try_get(0)?);
        if revoke(write, id, RevokeReason::Evicted).await? {
            let about = About {
                namespace: Some(&open.namespace),
                user: Some(open.user),
                session: Some(id),
                ..About::default()
            };
            record(write, EventKind::SessionEvicted, about, &open.audit).await?;
        }
    }
    Ok(())
}

/// The second step of a refresh that hit no row: what is it, decided on the locked row.
impl Intention for RefreshSession {
    type Outcome = RefreshOutcome;

    async fn run(&self, write: &Write<'_>) -> Result<RefreshOutcome, Failure> {
        let found = lock(write, &self.namespace, self.session).await?;
        let mut outcome = self.judge(found, write.now);
        let Some(session) = &outcome.session else { return Ok(outcome) };
        match outcome.verdict {
            Verdict::Regrant => {
                let detail = (session.client != self.client).then_some("other_client");
                let about = About { detail, ..about(session) };
                record(write, EventKind::RefreshGrace, about, &self.audit).await?;
            }
            Verdict::Reused => {
                revoke(write, session.id, RevokeReason::RefreshReused).await?;
                let about = About { problem: Some("refresh_reused"), ..about(session) };
                record(write, EventKind::RefreshReused, about, &self.audit).await?;
                let subject = MailSubject::Notice { user: session.user, notice: Notice::RefreshReused };
                let namespace = self.namespace.clone();
                let order = MailOrder { namespace, locale: self.notice_locale, subject };
                orders::insert(write, &order).await?;
                outcome.session = lock(write, &self.namespace, self.session).await?;
            }
            Verdict::Rotate
            | Verdict::Extend { .. }
            | Verdict::Superseded
            | Verdict::ReauthenticationRequired
            | Verdict::Ended(_)
            | Verdict::NeverIssued => {}
        }
        Ok(outcome)
    }
}

impl Intention for EndSession {
    type Outcome = EndSessionOutcome;

    async fn run(&self, write: &Write<'_>) -> Result<EndSessionOutcome, Failure> {
        let Some(session) = lock(write, &self.namespace, self.session).await? else {
            return Ok(EndSessionOutcome::NotFound);
        };
        let is_meant = self.user.is_none_or(|user| user == session.user)
            && self.salt.is_none_or(|salt| salt == session.salt);
        if !is_meant {
            return Ok(EndSessionOutcome::NotFound);
        }
        if session.ended(write.now).is_some() {
            return Ok(EndSessionOutcome::AlreadyEnded);
        }
        revoke(write, session.id, self.reason).await?;
        record(write, EventKind::of_session_end(self.reason), about(&session), &self.audit).await?;
        Ok(EndSessionOutcome::Ended)
    }
}

impl Intention for EndSessions {
    type Outcome = u32;

    async fn run(&self, write: &Write<'_>) -> Result<u32, Failure> {
        // The user's lock keeps the order of locks. Whether there is a user does not matter.
        lock_user(write, &self.namespace, self.user).await?;
        let sql = "UPDATE sessions SET revoked_at = $3, revoke_reason = $4
                    WHERE user_id = $1 AND namespace = $2 AND revoked_at IS NULL
                      AND idle_deadline > $3 AND absolute_deadline > $3 AND ($5 IS NULL OR id <> $5)";
        let except: Option<Uuid> = self.except.map(SessionId::uuid);
        let (user, namespace) = (self.user.uuid(), self.namespace.as_str());
        let ended =
            write.execute(sql, &[&user, &namespace, &write.at(), &self.reason.name(), &except]).await?;
        if ended > 0 {
            let count = ended.to_string();
            let about = About {
                namespace: Some(&self.namespace),
                user: Some(self.user),
                detail: Some(&count),
                ..About::default()
            };
            record(write, EventKind::of_session_end(self.reason), about, &self.audit).await?;
        }
        Ok(u32::try_from(ended).unwrap_or(u32::MAX))
    }
}

fn about(session: &Session) -> About<'_> {
    About {
        namespace: Some(&session.namespace),
        user: Some(session.user),
        session: Some(session.id),
        ..About::default()
    }
}
