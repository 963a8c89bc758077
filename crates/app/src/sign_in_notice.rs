//! Whether a sign-in is one that its owner should hear of (ASVS 6.3.5), and the order that says so.

use crate::fault::Fault;
use crate::limits::{Due, LimitError, Reservation};
use crate::outbox::{MailOrder, MailSubject, SignInNotice};
use crate::ports::limiter::Limit;
use crate::ports::store::Credential;
use crate::service::{Namespace, Origin, Service};
use domain::client_address;
use domain::device_name::DeviceName;
use domain::device_token::AccountDigest;
use domain::ids::SessionId;
use domain::session::ClientInfo;
use domain::throttle::Budget;
use std::time::Duration;

/// A device is told of once in this long, even if it never brings its mark along.
const ONCE_IN: Budget = Budget { burst: 1, refill: Duration::from_secs(30 * 24 * 3600) };
/// How many wrong passwords in a row are worth a mail of their own.
pub(crate) const FAILURES_TOLD: u32 = 5;

/// A sign-in whose password was right.
pub(crate) struct Arrival<'a> {
    pub(crate) account: &'a AccountDigest,
    pub(crate) credential: &'a Credential,
    /// Whether its device proved that it signed in before.
    pub(crate) is_known: bool,
    /// How many wrong passwords strangers had in a row before it.
    pub(crate) failures: u32,
    pub(crate) session: SessionId,
}

/// What the owner is told of it, if anything.
///
/// # Errors
/// When the store or the counters cannot be reached.
pub(crate) async fn of(
    service: &Service,
    namespace: &Namespace,
    arrival: Arrival<'_>,
    origin: &Origin,
) -> Result<Option<MailOrder>, Fault> {
    if arrival.is_known {
        return Ok(None);
    }
    let is_new = is_new(service, namespace, &arrival, origin).await?;
    let is_new = is_new && arrival.credential.has_signed_in && namespace.new_device_mails;
    let notice = if arrival.failures >= FAILURES_TOLD {
        SignInNotice::AfterFailures
    } else if is_new {
        SignInNotice::NewDevice
    } else {
        return Ok(None);
    };
    Ok(Some(MailOrder {
        namespace: namespace.name.clone(),
        locale: origin.locale_or(namespace),
        subject: MailSubject::SignIn { user: arrival.credential.user, session: arrival.session, notice },
    }))
}

/// Whether nothing like it has been seen lately. It is remembered here, also on the first sign-in of all, which is told
/// to nobody: the next one from the same place is no news.
async fn is_new(
    service: &Service,
    namespace: &Namespace,
    arrival: &Arrival<'_>,
    origin: &Origin,
) -> Result<bool, Fault> {
    let Some(key) = key(service, arrival.account, &origin.client) else { return Ok(false) };
    match Reservation::of(service, [Due::pace(Limit::NewDevice, key, ONCE_IN)]).await {
        Ok(paid) => paid.keep(),
        Err(LimitError::Limited(_)) => return Ok(false),
        Err(LimitError::Fault(fault)) => return Err(fault),
    }
    // The counters of one process end with it; the sessions do not.
    let sessions = service.store.list_sessions(&namespace.name, arrival.credential.user).await?;
    let resembles = |client: &ClientInfo| likeness(client) == likeness(&origin.client);
    Ok(!sessions.iter().any(|session| resembles(&session.client)))
}

/// What a device without a mark is recognised by: its families, and the network it calls from.
fn likeness(client: &ClientInfo) -> (DeviceName, [u8; 32]) {
    let address = client.address.as_deref().and_then(|text| text.parse().ok());
    (DeviceName::of(client.user_agent.as_deref()), client_address::limiter_key(address))
}

/// What it is counted under: a keyed hash, so that the counters say nothing about anybody.
fn key(service: &Service, account: &AccountDigest, client: &ClientInfo) -> Option<[u8; 32]> {
    let (name, network) = likeness(client);
    let mut message = b"minbil-auth new device v1".to_vec();
    message.extend_from_slice(account);
    message.extend_from_slice(&network);
    for family in [name.program, name.system] {
        let family = family.unwrap_or_default();
        message.extend_from_slice(&(family.len() as u64).to_be_bytes());
        message.extend_from_slice(family.as_bytes());
    }
    service.macs.tag(service.macs.current_key(), &message)
}
