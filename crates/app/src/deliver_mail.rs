//! The mail worker's one step: claim an order, write the mail, hand it over, record what became of it.
//!
//! Every order that was accepted is delivered at least once, through crashes of this process and failures of
//! the mail server. A resend whose predecessor may have arrived carries the same link and Message-ID.

use crate::fault::Fault;
use crate::outbox::{MailSubject, RetryPolicy, SignInNotice};
use crate::ports::mailer::{Delivery, MailContent, OutgoingMail};
use crate::ports::store::{AccountKey, BeginReset, ClaimedMail, MailResult, PendingReset, SessionView};
use crate::ports::telemetry::Signal;
use crate::service::{Namespace, Service};
use domain::device_name::DeviceName;
use domain::email_address::EmailAddress;
use domain::ids::OutboxId;
use domain::redirect::RedirectTarget;
use domain::reset_token::ResetToken;
use domain::secret::SecretText;
use domain::verification_token::VerificationToken;
use std::time::Duration;

/// How the worker goes about it.
#[derive(Clone, Copy, Debug)]
pub struct MailWork {
    /// How long a claimed order is this worker's; longer than a delivery can take.
    pub lease: Duration,
    /// When to try again and when to give up.
    pub retry: RetryPolicy,
}

/// Delivers one due order; `false` if none was due.
///
/// # Errors
/// When the store fails. The order's lease then ends by itself, and it becomes due again.
pub async fn deliver_next(service: &Service, work: MailWork) -> Result<bool, Fault> {
    let Some(claimed) = service.store.claim_mail(1, work.lease).await?.pop() else { return Ok(false) };
    let result = attempt(service, &claimed, work.retry).await?;
    service.telemetry.count(match result {
        MailResult::Sent => Signal::MailSent,
        MailResult::Retry { .. } => Signal::MailRetried,
        MailResult::Dead { .. } => Signal::MailDead,
    });
    if let MailResult::Retry { reason, .. } | MailResult::Dead { reason } = &result {
        tracing::warn!(mail = %claimed.id, attempts = claimed.attempts, reason, "mail not delivered");
    }
    if !service.store.finish_mail(claimed.lease(), result).await? {
        tracing::warn!(mail = %claimed.id, "the lease ended before the delivery did; another attempt counts");
    }
    Ok(true)
}

async fn attempt(service: &Service, claimed: &ClaimedMail, retry: RetryPolicy) -> Result<MailResult, Fault> {
    let Some(namespace) = service.namespaces.get(&claimed.order.namespace) else {
        return Ok(MailResult::Dead { reason: "its namespace is not configured any more".to_owned() });
    };
    match write(service, namespace, claimed).await {
        Ok(None) => Ok(MailResult::Sent),
        Ok(Some(mail)) => Ok(outcome(service.mailer.deliver(&mail).await, claimed.attempts, retry)),
        Err(fault) => Err(fault),
    }
}

/// The mail of an order; `None` if it is owed to nobody.
async fn write(
    service: &Service,
    namespace: &Namespace,
    claimed: &ClaimedMail,
) -> Result<Option<OutgoingMail>, Fault> {
    let owed = match &claimed.order.subject {
        MailSubject::ForgotPassword { redirect, .. } => {
            reset(service, namespace, claimed.id, redirect).await?
        }
        MailSubject::VerifyEmail { redirect, .. } => {
            verification(service, namespace, claimed.id, redirect).await?
        }
        MailSubject::SignUpTaken { email, redirect } => {
            let key = AccountKey::Email(email.clone());
            let account = service.store.find_account(&namespace.name, &key).await?;
            account.map(|user| (user.email, MailContent::SignUpTaken { page: redirect.clone() }))
        }
        MailSubject::Notice { user, notice } => {
            let account = service.store.find_account(&namespace.name, &AccountKey::Id(*user)).await?;
            account.map(|user| (user.email, MailContent::Notice(*notice)))
        }
        MailSubject::SignIn { session, notice, .. } => {
            let view = service.store.find_session(&namespace.name, *session).await?;
            view.and_then(|view| sign_in(namespace, *notice, view))
        }
    };
    let Some((to, content)) = owed else { return Ok(None) };
    service.mail_writer.write(&namespace.name, claimed.order.locale, claimed.id, &to, &content).map(Some)
}

/// A mail and whom it goes to.
type Owed = Option<(EmailAddress, MailContent)>;

async fn reset(
    service: &Service,
    namespace: &Namespace,
    order: OutboxId,
    redirect: &RedirectTarget,
) -> Result<Owed, Fault> {
    let (key, valid_for) = (service.macs.current_key(), namespace.reset_valid_for);
    let begun = service.store.begin_reset(order, key, valid_for).await?;
    let BeginReset::Send(reset) = begun else { return Ok(None) };
    let link = reset_link(service, namespace, redirect, &reset)?;
    Ok(Some((reset.email, MailContent::PasswordReset { link, valid_for })))
}

/// Every attempt of an order mails a token of its own, and each of them works until its own time is over: they are
/// tokens of one proof, so that whichever mail arrives can be used.
async fn verification(
    service: &Service,
    namespace: &Namespace,
    order: OutboxId,
    redirect: &RedirectTarget,
) -> Result<Owed, Fault> {
    let Some(begun) = service.store.begin_verification(order).await? else { return Ok(None) };
    let (key, valid_for) = (service.macs.current_key(), namespace.verification_valid_for);
    let (verification, expires_at) = (begun.id, begun.now.plus(valid_for));
    let token = VerificationToken { key, user: begun.user.id, verification, expires_at };
    let message = token.signed_bytes(&namespace.name, &begun.user.email, begun.user.credential_epoch);
    let tag =
        service.macs.tag(key, &message).ok_or_else(|| Fault::internal("there is no current MAC key"))?;
    let link = SecretText::new(format!("{redirect}#token={}", token.encode(&tag)));
    Ok(Some((begun.user.email, MailContent::VerifyEmail { link, valid_for })))
}

fn sign_in(namespace: &Namespace, notice: SignInNotice, view: SessionView) -> Owed {
    let client = view.session.client;
    let content = MailContent::SignIn {
        notice,
        at: view.session.created_at,
        device: DeviceName::of(client.user_agent.as_deref()),
        address: client.address,
        page: namespace.reset_page.clone(),
    };
    view.user.map(|user| (user.email, content))
}

/// The link: the target, and the token as its fragment, which no server, log or referrer gets to see.
fn reset_link(
    service: &Service,
    namespace: &Namespace,
    redirect: &RedirectTarget,
    reset: &PendingReset,
) -> Result<SecretText, Fault> {
    let token = ResetToken { key: reset.mac_key, reset: reset.id, expires_at: reset.expires_at };
    let message = token.signed_bytes(&namespace.name, reset.user, reset.epoch);
    let tag = service
        .macs
        .tag(token.key, &message)
        .ok_or_else(|| Fault::internal("the MAC key of a pending reset is not in the root key file"))?;
    Ok(SecretText::new(format!("{redirect}#token={}", token.encode(&tag))))
}

fn outcome(delivery: Delivery, attempts: u32, retry: RetryPolicy) -> MailResult {
    match delivery {
        Delivery::Accepted => MailResult::Sent,
        Delivery::Failed { is_permanent: true, reason, .. } => MailResult::Dead { reason },
        Delivery::Failed { is_permanent: false, may_have_reached_data, reason } => {
            match retry.wait_after(attempts) {
                Some(wait) => MailResult::Retry { wait, may_have_reached_data, reason },
                None => MailResult::Dead { reason },
            }
        }
    }
}
