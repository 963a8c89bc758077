//! What the audit log records. Rotations are a metric, not an event: there are too many and each says nothing.

use crate::session::RevokeReason;

/// A security event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An account was made.
    SignUp,
    /// Somebody tried to sign up with an address that has an account, and was not told so.
    SignUpTaken,
    /// Somebody asked for a verification mail.
    ResendVerification,
    /// An address was proved by a mailed token, or vouched for by an operator.
    EmailVerified,
    /// A password was right and a session began.
    SignIn,
    /// A password was wrong, or its account unknown or closed.
    SignInRefused,
    /// A session ended at its owner's word, or because somebody signed in again in its browser.
    SignOut,
    /// A predecessor was presented within the grace and got the same successor.
    RefreshGrace,
    /// A spent refresh token came back; the session ended.
    RefreshReused,
    /// Somebody asked for a reset mail.
    ForgotPassword,
    /// A mailed token set a new password.
    PasswordReset,
    /// A signed-in user set a new password.
    PasswordChanged,
    /// An operator switched an account off.
    AccountDisabled,
    /// An operator switched an account on again.
    AccountEnabled,
    /// An account was deleted.
    AccountDeleted,
    /// A session was ended to make room for a newer one.
    SessionEvicted,
    /// A session was ended by another session of the user, or by an operator.
    SessionRevoked,
    /// A signing key was made, promoted or retired.
    SigningKeyRotated,
    /// An API key was made for an application.
    ApiKeyCreated,
    /// An API key got a new secret.
    ApiKeyRotated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// A signing key was forgotten: nothing it signed can be valid any more.
    SigningKeyRetired,
    /// A root key was used with this database for the first time.
    RootKeyRemembered,
    /// A backup was put back: all sessions ended, all mailed tokens void.
    DatabaseRestored,
    /// A server started; what it was told is in the detail.
    ServerStarted,
    /// A signed-in user gave a wrong current password for a change.
    PasswordChangeRefused,
    /// An operator took a chain of the log apart that had been tampered with, and began a new one.
    AuditRestarted,
    /// Calls that were refused: a limit, a credential, a gate. Counted, one row for many.
    CallsRefused,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 28] = [
        Self::SignUp,
        Self::SignUpTaken,
        Self::ResendVerification,
        Self::EmailVerified,
        Self::SignIn,
        Self::SignInRefused,
        Self::SignOut,
        Self::RefreshGrace,
        Self::RefreshReused,
        Self::ForgotPassword,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::AccountDeleted,
        Self::SessionEvicted,
        Self::SessionRevoked,
        Self::SigningKeyRotated,
        Self::ApiKeyCreated,
        Self::ApiKeyRotated,
        Self::ApiKeyRevoked,
        Self::SigningKeyRetired,
        Self::RootKeyRemembered,
        Self::DatabaseRestored,
        Self::ServerStarted,
        Self::PasswordChangeRefused,
        Self::AuditRestarted,
        Self::CallsRefused,
    ];

    /// What the end of a session before its time is recorded as, where it is not part of something larger.
    pub const fn of_session_end(reason: RevokeReason) -> Self {
        match reason {
            RevokeReason::SignOut | RevokeReason::SignedInAgain => Self::SignOut,
            _ => Self::SessionRevoked,
        }
    }

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignUpTaken => "sign_up_taken",
            Self::ResendVerification => "resend_verification",
            Self::EmailVerified => "email_verified",
            Self::SignIn => "sign_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignOut => "sign_out",
            Self::RefreshGrace => "refresh_grace",
            Self::RefreshReused => "refresh_reused",
            Self::ForgotPassword => "forgot_password",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::AccountDisabled => "account_disabled",
            Self::AccountEnabled => "account_enabled",
            Self::AccountDeleted => "account_deleted",
            Self::SessionEvicted => "session_evicted",
            Self::SessionRevoked => "session_revoked",
            Self::SigningKeyRotated => "signing_key_rotated",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRotated => "api_key_rotated",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::SigningKeyRetired => "signing_key_retired",
            Self::RootKeyRemembered => "root_key_remembered",
            Self::DatabaseRestored => "database_restored",
            Self::ServerStarted => "server_started",
            Self::PasswordChangeRefused => "password_change_refused",
            Self::AuditRestarted => "audit_restarted",
            Self::CallsRefused => "calls_refused",
        }
    }

    /// The kind of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the client had proved to be the user before it was written: by a password, a token or a mailed link.
    pub const fn is_of_a_proven_user(self) -> bool {
        match self {
            Self::SignIn
            | Self::EmailVerified
            | Self::SignOut
            | Self::RefreshGrace
            | Self::PasswordReset
            | Self::PasswordChanged
            | Self::SessionEvicted
            | Self::SessionRevoked
            | Self::PasswordChangeRefused => true,
            Self::SignUp
            | Self::SignUpTaken
            | Self::ResendVerification
            | Self::SignInRefused
            | Self::RefreshReused
            | Self::ForgotPassword
            | Self::AccountDisabled
            | Self::AccountEnabled
            | Self::AccountDeleted
            | Self::SigningKeyRotated
            | Self::ApiKeyCreated
            | Self::ApiKeyRotated
            | Self::ApiKeyRevoked
            | Self::SigningKeyRetired
            | Self::RootKeyRemembered
            | Self::DatabaseRestored
            | Self::ServerStarted
            | Self::AuditRestarted
            | Self::CallsRefused => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_leads_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(EventKind::from_name("party"), None);
    }
}
