//! Sessions and the rules of refresh.
//!
//! A session has two independent chains, one per *slot*: the refresh token that a body carries and the one
//! that a cookie carries. Each chain counts its rotations. Everything a refresh can come to is decided by
//! [`classify`] from the row, the credential and the moment; a store only carries the verdict out.

use crate::access_token::AccessClaims;
use crate::account::CredentialEpoch;
use crate::ids::{SessionId, UserId};
use crate::namespace::NamespaceName;
use crate::refresh_token::{MacKeyId, RefreshToken, TokenClass};
use crate::time::UnixMillis;
use std::time::Duration;

pub use crate::slot::{Salt, Slot};

/// How long sessions of a namespace live and how forgiving their refresh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// A session ends this long after its last rotation (or its beginning).
    pub idle: Duration,
    /// A session ends this long after its beginning, whatever happens.
    pub absolute: Duration,
    /// How long a replaced full token still gets its successor again.
    pub grace: Duration,
    /// How long a bearer chain lives after the last real proof.
    pub bearer_chain: Duration,
    /// How many sessions of one user may live; the idlest ends first.
    pub max_live: u32,
}

/// One chain: how often it rotated, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// The current generation; sign-in makes generation 0.
    pub generation: u32,
    /// When the current generation came to be: at sign-in or at the last rotation. It is also the chain's last
    /// real proof, from which bearer deadlines count.
    pub rotated_at: UnixMillis,
    /// When the generation before it came to be.
    pub previous_rotated_at: UnixMillis,
}

impl Chain {
    /// The chain of a session that begins at `now`.
    pub const fn begin(now: UnixMillis) -> Self {
        Self { generation: 0, rotated_at: now, previous_rotated_at: now }
    }

    /// The chain after one rotation at `now`.
    #[must_use]
    pub const fn rotated(self, now: UnixMillis) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            rotated_at: now,
            previous_rotated_at: self.rotated_at,
        }
    }
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevokeReason {
    /// Its owner signed out.
    SignOut,
    /// Its owner ended it from another session.
    EndedElsewhere,
    /// Somebody signed in again in the browser that held it.
    SignedInAgain,
    /// A newer session took its place.
    Evicted,
    /// A spent refresh token came back.
    RefreshReused,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// The account was disabled.
    AccountDisabled,
    /// The account was deleted.
    AccountDeleted,
    /// An operator ended it.
    Operator,
    /// A backup was put back.
    Restored,
}

impl RevokeReason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::SignOut,
        Self::EndedElsewhere,
        Self::SignedInAgain,
        Self::Evicted,
        Self::RefreshReused,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::AccountDisabled,
        Self::AccountDeleted,
        Self::Operator,
        Self::Restored,
    ];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::EndedElsewhere => "ended_elsewhere",
            Self::SignedInAgain => "signed_in_again",
            Self::Evicted => "evicted",
            Self::RefreshReused => "refresh_reused",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::AccountDisabled => "account_disabled",
            Self::AccountDeleted => "account_deleted",
            Self::Operator => "operator",
            Self::Restored => "restored",
        }
    }

    /// The reason of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Why a session does not live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It was ended before its time.
    Revoked(RevokeReason),
    /// Its idle or absolute deadline passed, or it was purged after that.
    Expired,
}

/// What a client says of itself, shown to the owner in the list of sessions. Shortened at the door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// `User-Agent`, at most [`USER_AGENT_MAX`] bytes.
    pub user_agent: Option<String>,
    /// The address that the request came from.
    pub address: Option<String>,
}

/// How many bytes of a `User-Agent` are kept.
pub const USER_AGENT_MAX: usize = 200;

/// One session, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id; the `sid` claim.
    pub id: SessionId,
    /// The namespace it opens, and no other.
    pub namespace: NamespaceName,
    /// Whose it is.
    pub user: UserId,
    /// What its tokens carry beside the MAC.
    pub salt: Salt,
    /// The MAC key its tokens are made under, kept while it lives.
    pub mac_key: MacKeyId,
    /// The credential it grew from.
    pub credential_epoch: CredentialEpoch,
    /// The chain of body tokens.
    pub body: Chain,
    /// The chain of cookie tokens.
    pub cookie: Chain,
    /// When it began: the last time a password was given.
    pub created_at: UnixMillis,
    /// The last rotation of either chain, or the beginning.
    pub last_proof_at: UnixMillis,
    /// When it ends if nothing rotates.
    pub idle_deadline: UnixMillis,
    /// When it ends whatever happens.
    pub absolute_deadline: UnixMillis,
    /// When and why it was ended before its time.
    pub revoked: Option<(UnixMillis, RevokeReason)>,
    /// The client that began it.
    pub client: ClientInfo,
}

impl Session {
    /// The chain of a slot.
    pub const fn chain(&self, slot: Slot) -> Chain {
        match slot {
            Slot::Body => self.body,
            Slot::Cookie => self.cookie,
        }
    }

    /// Why the session does not live at `now`; `None` while it does. A deadline is the first moment at which
    /// nothing is accepted any more.
    pub fn ended(&self, now: UnixMillis) -> Option<Ended> {
        match self.revoked {
            Some((_, reason)) => Some(Ended::Revoked(reason)),
            None if now >= self.idle_deadline || now >= self.absolute_deadline => Some(Ended::Expired),
            None => None,
        }
    }

    /// The session after `slot` rotated at `now`. The idle deadline moves, never past the absolute one.
    #[must_use]
    pub fn rotated(mut self, slot: Slot, now: UnixMillis, policy: &SessionPolicy) -> Self {
        match slot {
            Slot::Body => self.body = self.body.rotated(now),
            Slot::Cookie => self.cookie = self.cookie.rotated(now),
        }
        self.last_proof_at = now;
        self.idle_deadline = now.plus(policy.idle).min(self.absolute_deadline);
        self
    }

    /// The deadline of a bearer chain that begins at the current generation of `slot`.
    pub fn bearer_deadline(&self, slot: Slot, policy: &SessionPolicy) -> UnixMillis {
        self.chain(slot).rotated_at.plus(policy.bearer_chain).min(self.absolute_deadline)
    }
}

/// A genuine credential, presented to refresh a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presented {
    /// A full refresh token.
    Full {
        /// Its chain.
        slot: Slot,
        /// Its generation.
        generation: u32,
    },
    /// A bearer-class refresh token.
    Bearer {
        /// Its chain.
        slot: Slot,
        /// Its generation.
        generation: u32,
        /// The end it was given when it was minted.
        deadline: UnixMillis,
    },
    /// An access token that has not expired.
    Access {
        /// The chain that minted it.
        slot: Slot,
        /// That chain's generation then.
        generation: u32,
    },
}

impl Presented {
    /// What a genuine refresh token presents.
    pub const fn refresh_token(token: &RefreshToken) -> Self {
        let (slot, generation) = (token.slot, token.generation);
        match token.class {
            TokenClass::Full => Self::Full { slot, generation },
            TokenClass::Bearer { deadline } => Self::Bearer { slot, generation, deadline },
        }
    }

    /// What an unexpired access token presents.
    pub const fn access_token(claims: &AccessClaims) -> Self {
        Self::Access { slot: claims.slot, generation: claims.generation }
    }

    /// The chain it belongs to.
    pub const fn slot(self) -> Slot {
        match self {
            Self::Full { slot, .. } | Self::Bearer { slot, .. } | Self::Access { slot, .. } => slot,
        }
    }

    const fn generation(self) -> u32 {
        match self {
            Self::Full { generation, .. }
            | Self::Bearer { generation, .. }
            | Self::Access { generation, .. } => generation,
        }
    }
}

/// What a refresh comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The current full token: the slot rotates.
    Rotate,
    /// The predecessor, within the grace: the same successor again, nothing moves.
    Regrant,
    /// A bearer credential of the current generation: new access until `deadline`, nothing moves.
    Extend {
        /// The end of the bearer chain, copied on.
        deadline: UnixMillis,
    },
    /// An honest latecomer: refused, the session stays.
    Superseded,
    /// A spent full token outside every allowance: the session is to be revoked.
    Reused,
    /// The bearer chain is over; the session stays.
    ReauthenticationRequired,
    /// The session does not live.
    Ended(Ended),
    /// The credential names a generation that never was. Only a store that lost writes could meet one, and it
    /// must not be trusted to tell a thief from an owner.
    NeverIssued,
}

/// Decides what presenting `presented` to `session` at `now` comes to.
pub fn classify(session: &Session, presented: Presented, now: UnixMillis, policy: &SessionPolicy) -> Verdict {
    if let Some(ended) = session.ended(now) {
        return Verdict::Ended(ended);
    }
    let chain = session.chain(presented.slot());
    let Some(behind) = chain.generation.checked_sub(presented.generation()) else {
        return Verdict::NeverIssued;
    };
    match presented {
        Presented::Full { .. } => classify_full(chain, behind, now, policy.grace),
        _ if behind > 0 => Verdict::Superseded,
        Presented::Bearer { slot, deadline, .. } => {
            extend(deadline.min(session.bearer_deadline(slot, policy)), now)
        }
        Presented::Access { slot, .. } => extend(session.bearer_deadline(slot, policy), now),
    }
}

fn classify_full(chain: Chain, behind: u32, now: UnixMillis, grace: Duration) -> Verdict {
    match behind {
        0 => Verdict::Rotate,
        1 if now.since(chain.rotated_at) <= grace => Verdict::Regrant,
        // Two behind and no more: a thief who keeps rotating must not be able to pass the owner's spent
        // token off as a delayed duplicate.
        2 if now.since(chain.previous_rotated_at) <= grace => Verdict::Superseded,
        _ => Verdict::Reused,
    }
}

fn extend(deadline: UnixMillis, now: UnixMillis) -> Verdict {
    if now < deadline { Verdict::Extend { deadline } } else { Verdict::ReauthenticationRequired }
}

/// Whether a session gives way to one that begins in the browser that presents this (ASVS 7.2.4): exactly if a refresh
/// would have given new tokens for it. What is spent ends nothing here and raises no alarm: whoever signs in has a password to show.
pub fn gives_way(session: &Session, presented: Presented, now: UnixMillis, policy: &SessionPolicy) -> bool {
    matches!(
        classify(session, presented, now, policy),
        Verdict::Rotate | Verdict::Regrant | Verdict::Extend { .. }
    )
}
