//! The server's row and everything that anybody holds: the clients, the thieves, and what is on its way.
//!
//! Moments and generations are real ones and go through the real functions. A held full token also remembers when it was
//! replaced, which no client knows: the invariants are stated in terms of it, and not of the row.

use crate::rules::Rules;
use minbil_auth_domain::access_token::AccessClaims;
use minbil_auth_domain::account::CredentialEpoch;
use minbil_auth_domain::credential::{Carried, Choice, CookieGate, Credentials, HeaderCredential, Place};
use minbil_auth_domain::ids::{SessionId, UserId};
use minbil_auth_domain::namespace::NamespaceName;
use minbil_auth_domain::refresh_token::{MacKeyId, RefreshToken, TokenClass};
use minbil_auth_domain::session::{
    Chain, ClientInfo, Presented, RevokeReason, Salt, Session, SessionPolicy, Slot, Verdict,
};
use minbil_auth_domain::time::UnixMillis;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const ACCESS_TTL: Duration = Duration::from_secs(3600);

/// A full refresh token that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) slot: Slot,
    pub(crate) generation: u32,
    /// When its chain rotated past it.
    pub(crate) replaced_at: Option<UnixMillis>,
}

/// A bearer-class refresh token that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) slot: Slot,
    pub(crate) generation: u32,
    pub(crate) deadline: UnixMillis,
}

/// An access token that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) slot: Slot,
    pub(crate) generation: u32,
    pub(crate) expires_at: UnixMillis,
}

/// Who holds a full token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FullHolder {
    /// The storage that both tabs share.
    Storage,
    /// What the second tab read from the storage some time ago.
    SecondTab,
    /// A copy of a tab's request that is still on its way.
    TabDuplicate,
    /// The browser's cookie jar.
    Jar,
    /// A copy of a cookie-borne request that is still on its way.
    JarDuplicate,
    /// A thief of a body token.
    BodyThief,
    /// A thief of a cookie.
    CookieThief,
}

/// Who holds an access token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AccessHolder {
    /// The tabs' storage.
    Storage,
    /// A client that only ever sends its access token, or what it got for one.
    BearerOnly,
    /// A thief of one access token or of a page's bearer-class token.
    AccessThief,
}

/// Who holds a bearer-class token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BearerHolder {
    /// The page whose calls are cookie-borne.
    Page,
    /// See [`AccessHolder::BearerOnly`].
    BearerOnly,
    /// See [`AccessHolder::AccessThief`].
    AccessThief,
}

pub(crate) const FULL_HOLDERS: usize = 7;
pub(crate) const ACCESS_HOLDERS: usize = 3;
pub(crate) const BEARER_HOLDERS: usize = 3;

/// Everything there is.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: UnixMillis,
    pub(crate) session: Session,
    pub(crate) full: [Option<Full>; FULL_HOLDERS],
    pub(crate) access: [Option<Access>; ACCESS_HOLDERS],
    pub(crate) bearer: [Option<Bearer>; BEARER_HOLDERS],
}

/// What a granted call answers with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    pub(crate) full: Option<Full>,
    pub(crate) bearer: Option<Bearer>,
    pub(crate) access: Access,
}

/// The credential that a caller means to be judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent {
    Full(Full),
    Bearer(Bearer),
    Access(Access),
}

/// One call and what came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) sent: Sent,
    /// `None` if no credential counted, or only an expired access token.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) granted: Option<Granted>,
}

/// A session without anything but its row.
pub(crate) fn session(now: UnixMillis, policy: &SessionPolicy) -> Session {
    Session {
        id: SessionId::new(Uuid::from_u128(1)),
        namespace: NamespaceName::parse("co").unwrap(),
        user: UserId::new(Uuid::from_u128(2)),
        salt: Salt([3; 16]),
        mac_key: MacKeyId(4),
        credential_epoch: CredentialEpoch(0),
        body: Chain::begin(now),
        cookie: Chain::begin(now),
        created_at: now,
        last_proof_at: now,
        idle_deadline: now.plus(policy.idle).min(now.plus(policy.absolute)),
        absolute_deadline: now.plus(policy.absolute),
        revoked: None,
        client: ClientInfo::default(),
    }
}

impl World {
    /// Right after a sign-in from a page that may hold the cookie.
    pub(crate) fn signed_in(now: UnixMillis, policy: &SessionPolicy) -> Self {
        let session = session(now, policy);
        let full = |slot| Some(Full { slot, generation: 0, replaced_at: None });
        let access = Some(Access { slot: Slot::Body, generation: 0, expires_at: now.plus(ACCESS_TTL) });
        let (body, cookie) = (full(Slot::Body), full(Slot::Cookie));
        Self {
            now,
            session,
            full: [body, body, None, cookie, None, None, None],
            access: [access, access, None],
            bearer: [None; BEARER_HOLDERS],
        }
    }

    /// A refresh: one credential is chosen, judged, and the verdict carried out.
    pub(crate) fn refresh(
        &mut self,
        rules: &Rules,
        policy: &SessionPolicy,
        sent: Sent,
        credentials: Credentials,
    ) -> Call {
        let refused = Call { sent, verdict: None, granted: None };
        let (presented, place) = match (rules.choose)(credentials) {
            Ok(Choice::Refresh { token, place }) => (Presented::refresh_token(&token), Some(place)),
            Ok(Choice::Access(claims)) if claims.is_unexpired(self.now) => {
                (Presented::access_token(&claims), None)
            }
            Ok(Choice::Access(_)) | Err(_) => return refused,
        };
        let verdict = (rules.classify)(&self.session, presented, self.now, policy);
        let before = self.session.clone();
        self.session = (rules.carry_out)(before, presented, verdict, self.now, policy);
        self.age_tokens();
        let granted = self.grant(verdict, presented.slot(), place, policy);
        Call { sent, verdict: Some(verdict), granted }
    }

    /// Every token that its chain has just rotated past learns so.
    fn age_tokens(&mut self) {
        for full in self.full.iter_mut().flatten() {
            if full.replaced_at.is_none() && full.generation < self.session.chain(full.slot).generation {
                full.replaced_at = Some(self.now);
            }
        }
    }

    /// What the answer carries: the rules of `app::tokens`.
    fn grant(
        &self,
        verdict: Verdict,
        slot: Slot,
        place: Option<Place>,
        policy: &SessionPolicy,
    ) -> Option<Granted> {
        let generation = self.session.chain(slot).generation;
        let full = Some(Full { slot, generation, replaced_at: None });
        let bearer = |deadline| Some(Bearer { slot, generation, deadline });
        let access =
            |end: UnixMillis| Access { slot, generation, expires_at: self.now.plus(ACCESS_TTL).min(end) };
        match verdict {
            Verdict::Rotate | Verdict::Regrant => {
                let is_cookie = place == Some(Place::Cookie);
                let bearer = bearer(self.session.bearer_deadline(slot, policy)).filter(|_| is_cookie);
                Some(Granted { full, bearer, access: access(self.session.absolute_deadline) })
            }
            Verdict::Extend { deadline } => {
                Some(Granted { full: None, bearer: bearer(deadline), access: access(deadline) })
            }
            Verdict::Superseded
            | Verdict::Reused
            | Verdict::ReauthenticationRequired
            | Verdict::Ended(_)
            | Verdict::NeverIssued => None,
        }
    }

    /// The owner signs out: any genuine token of the session does.
    pub(crate) fn sign_out(&mut self) {
        if self.session.ended(self.now).is_none() {
            self.session.revoked = Some((self.now, RevokeReason::SignOut));
        }
    }

    fn token(&self, slot: Slot, generation: u32, class: TokenClass) -> Carried {
        Carried::Genuine(RefreshToken {
            key: self.session.mac_key,
            salt: self.session.salt,
            session: self.session.id,
            slot,
            generation,
            class,
        })
    }

    /// A held full token on the wire; absent if there is none.
    pub(crate) fn full_token(&self, full: Option<Full>) -> Carried {
        full.map_or(Carried::Absent, |full| self.token(full.slot, full.generation, TokenClass::Full))
    }

    /// A held bearer-class token on the wire.
    pub(crate) fn bearer_token(&self, bearer: Bearer) -> Carried {
        self.token(bearer.slot, bearer.generation, TokenClass::Bearer { deadline: bearer.deadline })
    }

    /// A held access token in the `Authorization` header.
    pub(crate) fn header(&self, access: Option<Access>) -> HeaderCredential {
        access.map_or(HeaderCredential::Absent, |access| {
            HeaderCredential::Access(AccessClaims {
                user: self.session.user,
                session: self.session.id,
                slot: access.slot,
                generation: access.generation,
                token_id: Uuid::from_u128(5),
                authenticated_at: self.session.created_at,
                issued_at: self.now,
                expires_at: access.expires_at,
            })
        })
    }
}

/// What a call carries, from a page that may use the cookie or from no page at all.
pub(crate) fn carrying(body: Carried, header: HeaderCredential, cookie: Carried) -> Credentials {
    Credentials { body, header, cookie, gate: CookieGate::Open }
}
