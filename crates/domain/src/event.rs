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
    /// A session ended at its owner's word.
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
    /// A backup was put back: all sessions ended, all mailed tokens void.
    DatabaseRestored,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
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
        Self::DatabaseRestored,
    ];

    /// What the end of a session before its time is recorded as, where it is not part of something larger.
    pub const fn of_session_end(reason: RevokeReason) -> Self {
        match reason {
            RevokeReason::SignOut => Self::SignOut,
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
            Self::DatabaseRestored => "database_restored",
        }
    }
}
