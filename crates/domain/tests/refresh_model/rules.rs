//! The rules under test as values, so that sabotaged ones can stand in for them.

use minbil_auth_domain::credential::{self, Choice, Credentials, NoChoice};
use minbil_auth_domain::session::{self, Presented, RevokeReason, Session, SessionPolicy, Verdict};
use minbil_auth_domain::time::UnixMillis;

pub(crate) type Classify = fn(&Session, Presented, UnixMillis, &SessionPolicy) -> Verdict;
pub(crate) type CarryOut = fn(Session, Presented, Verdict, UnixMillis, &SessionPolicy) -> Session;

/// What decides about a refresh.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) choose: fn(Credentials) -> Result<Choice, NoChoice>,
    pub(crate) classify: Classify,
    /// What a store does with a verdict.
    pub(crate) carry_out: CarryOut,
}

/// The rules of the domain.
pub(crate) const REAL: Rules = Rules { choose: credential::choose, classify: session::classify, carry_out };

pub(crate) fn carry_out(
    mut session: Session,
    presented: Presented,
    verdict: Verdict,
    now: UnixMillis,
    policy: &SessionPolicy,
) -> Session {
    match verdict {
        Verdict::Rotate => session.rotated(presented.slot(), now, policy),
        Verdict::Reused => {
            session.revoked = Some((now, RevokeReason::RefreshReused));
            session
        }
        _ => session,
    }
}
