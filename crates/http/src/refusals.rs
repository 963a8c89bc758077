//! From what a use case says to what a client is told. One file, no catch-all arms: a new refusal does not
//! compile until somebody has decided what it looks like from outside.

use crate::problem::{FieldProblem, Problem, ProblemCode};
use app::api_keys::ApiKeyError;
use app::authenticate::AuthenticateError;
use app::change_password::ChangePasswordError;
use app::choose_password::PasswordBlocked;
use app::fault::{Fault, FaultKind};
use app::forgot_password::ForgotPasswordError;
use app::idempotency::{IN_USE_RETRY_AFTER, IdempotencyError};
use app::ports::password_hasher::QueueFull;
use app::refresh::{RefreshError, Refusal};
use app::resend_verification::ResendVerificationError;
use app::reset_password::ResetPasswordError;
use app::sign_in::SignInError;
use app::sign_out::SignOutError;
use app::sign_up::SignUpError;
use app::verify_email::VerifyEmailError;
use domain::credential::NoChoice;
use domain::session::{Ended, RevokeReason};
use std::sync::Arc;

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let code = match fault.kind() {
            FaultKind::Unavailable => ProblemCode::ServiceUnavailable,
            FaultKind::Internal => ProblemCode::InternalError,
        };
        Self { fault: Some(Arc::new(fault)), ..Self::new(code) }
    }
}

impl From<QueueFull> for Problem {
    fn from(full: QueueFull) -> Self {
        Self::retry_after(ProblemCode::ServerBusy, full.retry_after)
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::Reused => ProblemCode::IdempotencyKeyReused.into(),
            IdempotencyError::InUse => {
                Self::retry_after(ProblemCode::IdempotencyKeyInUse, IN_USE_RETRY_AFTER)
            }
            IdempotencyError::Fault(fault) => fault.into(),
        }
    }
}

/// The field that the password came in is wrong, with the reason (NIST SP 800-63B-4 section 3.1.1.2).
fn blocked_password(field: &'static str, blocked: PasswordBlocked) -> Problem {
    Problem::invalid(vec![FieldProblem { field, code: "password_blocked", message: blocked.to_string() }])
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Missing => ProblemCode::ApiKeyMissing.into(),
            ApiKeyError::Invalid => ProblemCode::ApiKeyInvalid.into(),
            ApiKeyError::Limited(limited) => limited.into(),
            ApiKeyError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::EmailTaken => ProblemCode::EmailTaken.into(),
            SignUpError::PasswordBlocked(blocked) => blocked_password("password", blocked),
            SignUpError::Idempotency(error) => error.into(),
            SignUpError::Limited(limited) => limited.into(),
            SignUpError::Busy(full) => full.into(),
            SignUpError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => ProblemCode::InvalidCredentials.into(),
            SignInError::AccountDisabled => ProblemCode::AccountDisabled.into(),
            SignInError::Limited(limited) => limited.into(),
            SignInError::Busy(full) => full.into(),
            SignInError::Fault(fault) => fault.into(),
        }
    }
}

impl From<NoChoice> for Problem {
    fn from(none: NoChoice) -> Self {
        match none {
            NoChoice::Missing => ProblemCode::CredentialsMissing.into(),
            NoChoice::NotGenuine => Self::bad_token(ProblemCode::InvalidToken),
            NoChoice::SessionMismatch => Self::bad_token(ProblemCode::SessionMismatch),
            NoChoice::CsrfRejected => ProblemCode::CsrfRejected.into(),
        }
    }
}

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        Self::bad_token(match ended {
            Ended::Expired => ProblemCode::SessionExpired,
            Ended::Revoked(RevokeReason::RefreshReused) => ProblemCode::RefreshReused,
            Ended::Revoked(RevokeReason::PasswordChanged | RevokeReason::PasswordReset) => {
                ProblemCode::PasswordChanged
            }
            Ended::Revoked(
                RevokeReason::SignOut
                | RevokeReason::EndedElsewhere
                | RevokeReason::SignedInAgain
                | RevokeReason::Evicted
                | RevokeReason::AccountDisabled
                | RevokeReason::AccountDeleted
                | RevokeReason::Operator
                | RevokeReason::Restored,
            ) => ProblemCode::SessionRevoked,
        })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AccessTokenExpired => Self::bad_token(ProblemCode::TokenExpired),
            Refusal::Superseded => Self::bad_token(ProblemCode::TokenSuperseded),
            Refusal::ReauthenticationRequired => Self::bad_token(ProblemCode::ReauthenticationRequired),
            Refusal::Ended(ended) => ended.into(),
            Refusal::NotGenuine => Self::bad_token(ProblemCode::InvalidToken),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::NoCredential(none) => none.into(),
            RefreshError::Refused { refusal, clear_cookie: _ } => refusal.into(),
            RefreshError::Limited(limited) => limited.into(),
            RefreshError::Fault(fault) => fault.into(),
        }
    }
}

impl From<SignOutError> for Problem {
    fn from(error: SignOutError) -> Self {
        match error {
            SignOutError::NoCredential(none) => none.into(),
            SignOutError::Refused(refusal) => refusal.into(),
            SignOutError::Fault(fault) => fault.into(),
        }
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Missing => ProblemCode::CredentialsMissing.into(),
            AuthenticateError::NotGenuine => Self::bad_token(ProblemCode::InvalidToken),
            AuthenticateError::Expired => Self::bad_token(ProblemCode::TokenExpired),
            AuthenticateError::Ended(ended) => ended.into(),
            AuthenticateError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ForgotPasswordError> for Problem {
    fn from(error: ForgotPasswordError) -> Self {
        match error {
            ForgotPasswordError::RedirectNotAllowed => ProblemCode::RedirectNotAllowed.into(),
            ForgotPasswordError::Idempotency(error) => error.into(),
            ForgotPasswordError::Limited(limited) => limited.into(),
            ForgotPasswordError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ResendVerificationError> for Problem {
    fn from(error: ResendVerificationError) -> Self {
        match error {
            ResendVerificationError::RedirectNotAllowed => ProblemCode::RedirectNotAllowed.into(),
            ResendVerificationError::Limited(limited) => limited.into(),
            ResendVerificationError::Fault(fault) => fault.into(),
        }
    }
}

impl From<VerifyEmailError> for Problem {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::TokenInvalid => ProblemCode::VerificationTokenInvalid.into(),
            VerifyEmailError::TokenExpired => ProblemCode::VerificationTokenExpired.into(),
            VerifyEmailError::Limited(limited) => limited.into(),
            VerifyEmailError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::TokenInvalid => ProblemCode::ResetTokenInvalid.into(),
            ResetPasswordError::TokenExpired => ProblemCode::ResetTokenExpired.into(),
            ResetPasswordError::PasswordBlocked(blocked) => blocked_password("password", blocked),
            ResetPasswordError::Limited(limited) => limited.into(),
            ResetPasswordError::Busy(full) => full.into(),
            ResetPasswordError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => ProblemCode::CurrentPasswordWrong.into(),
            ChangePasswordError::CredentialChanged => Self::bad_token(ProblemCode::PasswordChanged),
            ChangePasswordError::PasswordBlocked(blocked) => blocked_password("new_password", blocked),
            ChangePasswordError::Idempotency(error) => error.into(),
            ChangePasswordError::Limited(limited) => limited.into(),
            ChangePasswordError::Busy(full) => full.into(),
            ChangePasswordError::Fault(fault) => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests;
