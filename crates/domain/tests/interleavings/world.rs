//! The rows, and the statements that change them. Each statement is one step: what a database guarantees is that nothing happens
//! inside of one, and this is all that is taken from it. What they decide by are the rules of the domain.

use minbil_auth_domain::account::CredentialEpoch;
use minbil_auth_domain::ids::{SessionId, UserId};
use minbil_auth_domain::namespace::NamespaceName;
use minbil_auth_domain::refresh_token::MacKeyId;
use minbil_auth_domain::session::{
    Chain, ClientInfo, Presented, RevokeReason, Salt, Session, SessionPolicy, Slot, Verdict, classify,
};
use minbil_auth_domain::time::UnixMillis;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const GRACE: Duration = Duration::from_secs(60);
pub(crate) const POLICY: SessionPolicy = SessionPolicy {
    idle: Duration::from_secs(30 * 86_400),
    absolute: Duration::from_secs(180 * 86_400),
    grace: GRACE,
    bearer_chain: Duration::from_secs(86_400),
    max_live: 20,
};

/// The rows that three actors meet at, and what only an observer knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) now: UnixMillis,
    pub(crate) chain: Chain,
    pub(crate) idle_deadline: UnixMillis,
    pub(crate) revoked: Option<(UnixMillis, RevokeReason)>,
    /// The account: which credential is in force, and whether it may sign in.
    pub(crate) epoch: u32,
    pub(crate) is_active: bool,
    /// Whether a session lives that a sign-in opened beside.
    pub(crate) has_second_session: bool,
    /// When each generation was replaced: the observer's, not the server's.
    pub(crate) replaced_at: Vec<UnixMillis>,
}

/// What a refresh is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// Tokens of this generation.
    Granted(u32),
    /// A problem.
    Refused(Verdict),
}

/// What may be sabotaged.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Whether the conditional update of a refresh hits the row.
    pub(crate) hits: fn(&Session, u32, UnixMillis) -> bool,
    /// What the second statement judges by: the row as it is, or as it was when the request came.
    pub(crate) judges: fn(&Session, &Session, Presented, UnixMillis) -> Verdict,
    /// Whether a sign-in that read an epoch may open a session on the row of now.
    pub(crate) may_open: fn(u32, &World) -> bool,
    /// What a reset does beside changing the password.
    pub(crate) reset: fn(&mut World),
}

/// As they are.
pub(crate) const REAL: Rules = Rules {
    hits: |session, generation, now| session.body.generation == generation && session.ended(now).is_none(),
    judges: |row, _, presented, now| classify(row, presented, now, &POLICY),
    may_open: |epoch, world| epoch == world.epoch && world.is_active,
    reset: |world| world.end_all(RevokeReason::PasswordReset),
};

pub(crate) const fn presented(generation: u32) -> Presented {
    Presented::Full { slot: Slot::Body, generation }
}

impl World {
    pub(crate) fn signed_in() -> Self {
        let now = UnixMillis::from_secs(1_000_000);
        Self {
            now,
            chain: Chain::begin(now),
            idle_deadline: now.plus(POLICY.idle),
            revoked: None,
            epoch: 0,
            is_active: true,
            has_second_session: false,
            replaced_at: Vec::new(),
        }
    }

    /// The row, as the domain has it.
    pub(crate) fn session(&self) -> Session {
        let begun = UnixMillis::from_secs(1_000_000);
        Session {
            id: SessionId::new(Uuid::from_u128(1)),
            namespace: NamespaceName::parse("co").unwrap(),
            user: UserId::new(Uuid::from_u128(2)),
            salt: Salt([3; 16]),
            mac_key: MacKeyId(4),
            credential_epoch: CredentialEpoch(0),
            body: self.chain,
            cookie: Chain::begin(begun),
            created_at: begun,
            last_proof_at: self.chain.rotated_at,
            idle_deadline: self.idle_deadline,
            absolute_deadline: begun.plus(POLICY.absolute),
            revoked: self.revoked,
            client: ClientInfo::default(),
        }
    }

    /// `UPDATE … WHERE generation = … AND revoked_at IS NULL AND … RETURNING`.
    pub(crate) fn rotate(&mut self, rules: &Rules, generation: u32) -> Option<Answer> {
        let session = self.session();
        if !(rules.hits)(&session, generation, self.now) {
            return None;
        }
        let rotated = session.rotated(Slot::Body, self.now, &POLICY);
        self.replaced_at.push(self.now);
        (self.chain, self.idle_deadline) = (rotated.body, rotated.idle_deadline);
        Some(Answer::Granted(self.chain.generation))
    }

    /// The statement that says why the first one hit nothing, with what it carries out on the row that it holds.
    pub(crate) fn judge(&mut self, rules: &Rules, generation: u32, seen: &Session) -> Answer {
        let verdict = (rules.judges)(&self.session(), seen, presented(generation), self.now);
        match verdict {
            Verdict::Regrant => Answer::Granted(self.chain.generation),
            Verdict::Reused => {
                self.revoked = Some((self.now, RevokeReason::RefreshReused));
                Answer::Refused(verdict)
            }
            _ => Answer::Refused(verdict),
        }
    }

    /// Ends the session, unless it has ended.
    pub(crate) fn end(&mut self, reason: RevokeReason) {
        if self.session().ended(self.now).is_none() {
            self.revoked = Some((self.now, reason));
        }
    }

    /// Ends every session of the account.
    pub(crate) fn end_all(&mut self, reason: RevokeReason) {
        self.end(reason);
        self.has_second_session = false;
    }
}
