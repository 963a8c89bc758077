//! Values with everything filled in. A test changes what it is about: `OpenSession { policy, ..open(&kari) }`.

use app::audit::{Actor, AuditContext};
use app::outbox::{MailOrder, MailSubject, Notice};
use app::ports::keys::{SigningAlgorithm, SigningKeyRecord};
use app::ports::password_hasher::SealedPassword;
use app::ports::store::{
    EndSession, EndSessions, HeldSession, MailboxProof, NewAccount, NewApiKey, OpenSession, PendingReset,
    PendingVerification, RedeemReset, RefreshSession, SetPassword, SignUpMails, VerifyEmail,
};
use domain::account::User;
use domain::api_key::{ApiKeyName, Rotation};
use domain::email_address::EmailAddress;
use domain::ids::{ApiKeyId, SessionId, UserId};
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::redirect::{RedirectAllowlist, RedirectTarget};
use domain::refresh_token::MacKeyId;
use domain::session::{ClientInfo, Presented, RevokeReason, Salt, Session, SessionPolicy, Slot};
use domain::time::UnixMillis;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// An hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// The smallest step of a store's clock.
pub const TICK: Duration = Duration::from_millis(1);

/// A UUID that no other call in this process gives.
pub fn fresh_uuid() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(crate::FAKE_START.as_millis().unsigned_abs(), &random)
        .into_uuid()
}

/// The Car Owner namespace.
pub fn co() -> NamespaceName {
    NamespaceName::parse("co").unwrap()
}

/// The Workshop namespace.
pub fn ws() -> NamespaceName {
    NamespaceName::parse("ws").unwrap()
}

/// The address of somebody by that name.
pub fn email(name: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{name}@example.com")).unwrap()
}

/// A sealed password. No store ever looks inside.
pub fn sealed(text: &str) -> SealedPassword {
    SealedPassword(format!("sealed:{text}"))
}

/// A client that calls from somewhere.
pub fn audit() -> AuditContext {
    AuditContext {
        actor: Actor::Client,
        request_id: Some("0198c8f0-request".to_owned()),
        address: Some("192.0.2.7".to_owned()),
    }
}

/// The client of [`audit`].
pub fn client() -> ClientInfo {
    ClientInfo { user_agent: Some("testkit/1".to_owned()), address: Some("192.0.2.7".to_owned()) }
}

/// The policy of a namespace that configures nothing.
pub const fn policy() -> SessionPolicy {
    SessionPolicy {
        idle: Duration::from_secs(30 * 24 * 3600),
        absolute: Duration::from_secs(180 * 24 * 3600),
        grace: Duration::from_secs(60),
        bearer_chain: DAY,
        max_live: 20,
    }
}

/// An account in [`co`].
pub fn new_account(name: &str) -> NewAccount {
    NewAccount {
        id: UserId::new(fresh_uuid()),
        namespace: co(),
        email: email(name),
        password: sealed("first"),
        mails: None,
        audit: audit(),
    }
}

/// An account in [`co`] whose mailbox is told what became of its sign-up, and nobody else.
pub fn new_account_in_secret(name: &str) -> NewAccount {
    let order = |subject| MailOrder { namespace: co(), locale: Locale::Norwegian, subject };
    let redirect = redirect("https://platform.minbil.no/page");
    let made = order(MailSubject::VerifyEmail { email: email(name), redirect: redirect.clone() });
    let taken = order(MailSubject::SignUpTaken { email: email(name), redirect });
    NewAccount { mails: Some(SignUpMails { made, taken }), ..new_account(name) }
}

/// A session of `user`, whose password was just right.
pub fn open(user: &User) -> OpenSession {
    let id = fresh_uuid();
    OpenSession {
        id: SessionId::new(id),
        namespace: user.namespace.clone(),
        user: user.id,
        expected_epoch: user.credential_epoch,
        salt: Salt(*id.as_bytes()),
        mac_key: MacKeyId(1),
        policy: policy(),
        client: client(),
        rehash: None,
        notice: None,
        held: None,
        audit: audit(),
    }
}

/// What a browser holds of `session`, by a cookie of that generation.
pub const fn held(session: &Session, generation: u32) -> HeldSession {
    HeldSession { session: session.id, salt: session.salt, presented: full(Slot::Cookie, generation) }
}

/// What a full token of a chain presents.
pub const fn full(slot: Slot, generation: u32) -> Presented {
    Presented::Full { slot, generation }
}

/// What an access token of a chain presents.
pub const fn access(slot: Slot, generation: u32) -> Presented {
    Presented::Access { slot, generation }
}

/// What a bearer-class token of a chain presents.
pub const fn bearer(slot: Slot, generation: u32, deadline: UnixMillis) -> Presented {
    Presented::Bearer { slot, generation, deadline }
}

/// A refresh of `session` by its own client, with the salt if the credential carries one.
pub fn refresh(session: &Session, presented: Presented) -> RefreshSession {
    let carries_salt = !matches!(presented, Presented::Access { .. });
    RefreshSession {
        session: session.id,
        namespace: session.namespace.clone(),
        salt: carries_salt.then_some(session.salt),
        presented,
        policy: policy(),
        client: session.client.clone(),
        notice_locale: Locale::Norwegian,
        audit: audit(),
    }
}

/// The end of `session`, by a token of its own.
pub fn end(session: &Session) -> EndSession {
    EndSession {
        namespace: session.namespace.clone(),
        session: session.id,
        user: None,
        salt: Some(session.salt),
        reason: RevokeReason::SignOut,
        audit: audit(),
    }
}

/// The end of every session of `user`.
pub fn end_all(user: &User) -> EndSessions {
    EndSessions {
        namespace: user.namespace.clone(),
        user: user.id,
        except: None,
        reason: RevokeReason::SignOut,
        audit: audit(),
    }
}

/// A password change by `user`, with a notice.
pub fn set_password(user: &User) -> SetPassword {
    SetPassword {
        namespace: user.namespace.clone(),
        user: user.id,
        expected_epoch: Some(user.credential_epoch),
        password: sealed("second"),
        reason: RevokeReason::PasswordChanged,
        notice: Some(notice(user, Notice::PasswordChanged)),
        audit: audit(),
    }
}

/// A target of mailed links.
pub fn redirect(text: &str) -> RedirectTarget {
    RedirectAllowlist::new([text.to_owned()]).unwrap().find(text).unwrap().clone()
}

/// An order for a reset mail in [`co`].
pub fn forgot(name: &str) -> MailOrder {
    MailOrder {
        namespace: co(),
        locale: Locale::Norwegian,
        subject: MailSubject::ForgotPassword {
            email: email(name),
            redirect: redirect("https://platform.minbil.no/reset-password"),
        },
    }
}

/// An order for a verification mail in [`co`].
pub fn verification(name: &str) -> MailOrder {
    let redirect = redirect("https://platform.minbil.no/verify");
    let subject = MailSubject::VerifyEmail { email: email(name), redirect };
    MailOrder { namespace: co(), locale: Locale::Norwegian, subject }
}

/// The use of a mailed proof that works for an hour.
pub fn verify(pending: &PendingVerification) -> VerifyEmail {
    VerifyEmail {
        namespace: pending.user.namespace.clone(),
        user: pending.user.id,
        proof: Some(MailboxProof {
            verification: pending.id,
            epoch: pending.user.credential_epoch,
            expires_at: pending.now.plus(HOUR),
        }),
        audit: audit(),
    }
}

/// A notice to `user`.
pub fn notice(user: &User, notice: Notice) -> MailOrder {
    MailOrder {
        namespace: user.namespace.clone(),
        locale: Locale::English,
        subject: MailSubject::Notice { user: user.id, notice },
    }
}

/// The use of a mailed reset.
pub fn redeem(user: &User, pending: &PendingReset) -> RedeemReset {
    RedeemReset {
        namespace: user.namespace.clone(),
        reset: pending.id,
        user: pending.user,
        expected_epoch: pending.epoch,
        password: sealed("reset"),
        notice: notice(user, Notice::PasswordReset),
        audit: audit(),
    }
}

/// A signing key of [`co`], made and at work at `at`.
pub fn signing_key(kid: &str, at: UnixMillis) -> SigningKeyRecord {
    SigningKeyRecord {
        kid: kid.to_owned(),
        namespace: co(),
        algorithm: SigningAlgorithm::Es256,
        sealed: kid.as_bytes().to_vec(),
        created_at: at,
        activates_at: at,
    }
}

/// An API key of [`co`] whose secret's hash is all ones, for ever.
pub fn new_api_key(name: &str) -> NewApiKey {
    NewApiKey {
        id: ApiKeyId::new(fresh_uuid()),
        namespace: co(),
        name: ApiKeyName::parse(name).unwrap(),
        digest: [1; 32],
        lifetime: None,
        audit: AuditContext::operator(),
    }
}

/// A new secret for a key, with an hour for the one before.
pub const fn rotation(digest: u8) -> Rotation {
    Rotation { digest: [digest; 32], overlap: HOUR, lifetime: None }
}
