//! Sessions: open, refresh, end.

use crate::events::{About, record};
use crate::open::SqliteStore;
use crate::rows::{SESSION_COLUMNS, USER_COLUMNS, session, user, uuid};
use crate::tables::sessions::{LIVE, find, insert, revoke};
use crate::tables::{outbox, users};
use crate::writer::Write;
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
use rusqlite::{OptionalExtension as _, Result, params};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn open_session(&self, open: OpenSession) -> Result<OpenSessionOutcome, Fault> {
        self.writer.submit(move |write| open_session(write, &open)).await
    }

    async fn refresh_session(&self, refresh: RefreshSession) -> Result<RefreshOutcome, Fault> {
        match refresh.presented {
            Presented::Full { slot, generation } => {
                self.writer.submit(move |write| present_full(write, &refresh, slot, generation)).await
            }
            // Nothing of a bearer credential is ever written, so a reader is enough: it sees every rotation and
            // every revocation that was answered.
            Presented::Bearer { .. } | Presented::Access { .. } => {
                let now = self.clock.now();
                self.readers.read(|connection| {
                    let found = find(connection, &refresh.namespace, refresh.session)?;
                    Ok(refresh.judge(found, now))
                })
            }
        }
    }

    async fn find_session(
        &self,
        namespace: &NamespaceName,
        id: SessionId,
    ) -> Result<Option<SessionView>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| {
            let Some(session) = find(connection, namespace, id)? else { return Ok(None) };
            let user = users::find_user(connection, namespace, session.user)?;
            Ok(Some(SessionView { session, user, now }))
        })
    }

    async fn list_sessions(&self, namespace: &NamespaceName, user: UserId) -> Result<Vec<Session>, Fault> {
        let now = self.clock.now();
        self.readers.read(|connection| {
            let sql = format!(
                "SELECT {SESSION_COLUMNS} FROM sessions WHERE user_id = ?1 AND namespace = ?2 AND {LIVE}
                  ORDER BY last_proof_at DESC, id DESC"
            );
            let mut select = connection.prepare_cached(&sql)?;
            let user = user.uuid();
            let key = params![user.as_bytes(), namespace.as_str(), now.as_millis()];
            select.query_map(key, session)?.collect()
        })
    }

    async fn end_session(&self, end: EndSession) -> Result<EndSessionOutcome, Fault> {
        self.writer.submit(move |write| end_session(write, &end)).await
    }

    async fn end_sessions(&self, end: EndSessions) -> Result<u32, Fault> {
        self.writer.submit(move |write| end_sessions(write, &end)).await
    }
}

fn open_session(write: &Write<'_>, open: &OpenSession) -> Result<OpenSessionOutcome> {
    let sql = format!(
        "UPDATE users SET last_sign_in_at = ?4, password = coalesce(?5, password)
          WHERE namespace = ?1 AND id = ?2 AND credential_epoch = ?3 AND status = 'active'
          RETURNING {USER_COLUMNS}"
    );
    let signed_in = write
        .connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                open.namespace.as_str(),
                open.user.uuid().as_bytes(),
                open.expected_epoch.0,
                write.now.as_millis(),
                open.rehash.as_ref().map(|sealed| &sealed.0)
            ],
            user,
        )
        .optional()?;
    let Some(user) = signed_in else { return Ok(OpenSessionOutcome::CredentialChanged) };
    let held_ended = end_held(write, open)?;
    evict_idlest(write, open)?;
    let session = open.begin(write.now);
    insert(write, &session)?;
    let about = about(&session);
    if let Some(notice) = &open.notice {
        outbox::insert(write, notice)?;
    }
    record(write, EventKind::SignIn, about, &open.audit)?;
    Ok(OpenSessionOutcome::Opened(Box::new(OpenedSession { session, user, held_ended, now: write.now })))
}

/// Ends the session that the browser held, if it gives way; whether it did.
fn end_held(write: &Write<'_>, open: &OpenSession) -> Result<bool> {
    let Some(held) = &open.held else { return Ok(false) };
    let found = find(write.connection, &open.namespace, held.session)?;
    let found = found.filter(|session| held.gives_way(session, write.now, &open.policy));
    let Some(session) = found else { return Ok(false) };
    let reason = RevokeReason::SignedInAgain;
    revoke(write, session.id, reason)?;
    let about = About { detail: Some(reason.name()), ..about(&session) };
    record(write, EventKind::of_session_end(reason), about, &open.audit)?;
    Ok(true)
}

/// Makes room for one more session of the user.
fn evict_idlest(write: &Write<'_>, open: &OpenSession) -> Result<()> {
    let sql = format!(
        "SELECT id FROM sessions WHERE user_id = ?1 AND namespace = ?2 AND {LIVE}
          ORDER BY last_proof_at DESC, id DESC LIMIT -1 OFFSET ?4"
    );
    let evicted: Vec<_> = write
        .connection
        .prepare_cached(&sql)?
        .query_map(
            params![
                open.user.uuid().as_bytes(),
                open.namespace.as_str(),
                write.now.as_millis(),
                open.policy.max_live.saturating_sub(1)
            ],
            |row| Ok(SessionId::new(uuid(row, "id")?)),
        )?
        .collect::<Result<_>>()?;
    for id in evicted {
        revoke(write, id, RevokeReason::Evicted)?;
        let about = About {
            namespace: Some(&open.namespace),
            user: Some(open.user),
            session: Some(id),
            ..About::default()
        };
        record(write, EventKind::SessionEvicted, about, &open.audit)?;
    }
    Ok(())
}

/// A full token: the current generation rotates in one statement; everything else is classified after.
fn present_full(
    write: &Write<'_>,
    refresh: &RefreshSession,
    slot: Slot,
    generation: u32,
) -> Result<RefreshOutcome> {
    if let Some(session) = rotate(write, refresh, slot, generation)? {
        return Ok(RefreshOutcome { now: write.now, verdict: Verdict::Rotate, session: Some(session) });
    }
    let found = find(write.connection, &refresh.namespace, refresh.session)?;
    let mut outcome = refresh.judge(found, write.now);
    let Some(session) = &outcome.session else { return Ok(outcome) };
    match outcome.verdict {
        Verdict::Regrant => {
            let detail = (session.client != refresh.client).then_some("other_client");
            let about = About { detail, ..about(session) };
            record(write, EventKind::RefreshGrace, about, &refresh.audit)?;
        }
        Verdict::Reused => {
            revoke(write, session.id, RevokeReason::RefreshReused)?;
            let about = About { problem: Some("refresh_reused"), ..about(session) };
            record(write, EventKind::RefreshReused, about, &refresh.audit)?;
            let subject = MailSubject::Notice { user: session.user, notice: Notice::RefreshReused };
            let namespace = refresh.namespace.clone();
            outbox::insert(write, &MailOrder { namespace, locale: refresh.notice_locale, subject })?;
            outcome.session = find(write.connection, &refresh.namespace, refresh.session)?;
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

fn rotate(
    write: &Write<'_>,
    refresh: &RefreshSession,
    slot: Slot,
    generation: u32,
) -> Result<Option<Session>> {
    let Some(salt) = refresh.salt else { return Ok(None) };
    let slot = slot.name();
    let sql = format!(
        "UPDATE sessions SET {slot}_generation = {slot}_generation + 1, {slot}_previous_rotated_at = {slot}_rotated_at,
                {slot}_rotated_at = ?5, last_proof_at = ?5, idle_deadline = min(?6, absolute_deadline)
          WHERE id = ?1 AND namespace = ?2 AND salt = ?3 AND {slot}_generation = ?4
            AND revoked_at IS NULL AND idle_deadline > ?5 AND absolute_deadline > ?5
          RETURNING {SESSION_COLUMNS}"
    );
    write
        .connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                refresh.session.uuid().as_bytes(),
                refresh.namespace.as_str(),
                salt.0,
                generation,
                write.now.as_millis(),
                write.now.plus(refresh.policy.idle).as_millis()
            ],
            session,
        )
        .optional()
}

fn end_session(write: &Write<'_>, end: &EndSession) -> Result<EndSessionOutcome> {
    let found = find(write.connection, &end.namespace, end.session)?;
    let Some(session) = found else { return Ok(EndSessionOutcome::NotFound) };
    let is_meant =
        end.user.is_none_or(|user| user == session.user) && end.salt.is_none_or(|salt| salt == session.salt);
    if !is_meant {
        return Ok(EndSessionOutcome::NotFound);
    }
    if session.ended(write.now).is_some() {
        return Ok(EndSessionOutcome::AlreadyEnded);
    }
    revoke(write, session.id, end.reason)?;
    record(write, EventKind::of_session_end(end.reason), about(&session), &end.audit)?;
    Ok(EndSessionOutcome::Ended)
}

fn end_sessions(write: &Write<'_>, end: &EndSessions) -> Result<u32> {
    let ended = revoke_live_of(write, end)?;
    if ended > 0 {
        let count = ended.to_string();
        let about = About {
            namespace: Some(&end.namespace),
            user: Some(end.user),
            detail: Some(&count),
            ..About::default()
        };
        record(write, EventKind::of_session_end(end.reason), about, &end.audit)?;
    }
    Ok(ended)
}

/// Ends the live sessions of a user, perhaps but one; how many there were.
fn revoke_live_of(write: &Write<'_>, end: &EndSessions) -> Result<u32> {
    let sql = format!(
        "UPDATE sessions SET revoked_at = ?3, revoke_reason = ?4
          WHERE user_id = ?1 AND namespace = ?2 AND {LIVE} AND (?5 IS NULL OR id <> ?5)"
    );
    let count = write.connection.prepare_cached(&sql)?.execute(params![
        end.user.uuid().as_bytes(),
        end.namespace.as_str(),
        write.now.as_millis(),
        end.reason.name(),
        end.except.map(|id| *id.uuid().as_bytes())
    ])?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn about(session: &Session) -> About<'_> {
    About {
        namespace: Some(&session.namespace),
        user: Some(session.user),
        session: Some(session.id),
        ..About::default()
    }
}
