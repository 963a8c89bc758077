//! The table of operations against what the use cases can refuse. A refusal that is added to a use case does not
//! compile here until it is on a list below, and then fails until the table has its problem.

use crate::operations::{Body, Group, Operation};
use crate::options::Mode;
use crate::problem::{Problem, ProblemCode};
use app::api_keys::ApiKeyError;
use app::authenticate::AuthenticateError;
use app::change_password::ChangePasswordError;
use app::choose_password::PasswordBlocked;
use app::fault::Fault;
use app::forgot_password::ForgotPasswordError;
use app::idempotency::IdempotencyError;
use app::limits::Limited;
use app::ports::limiter::Limit;
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
use std::collections::BTreeSet;
use std::time::Duration;

const FULL: QueueFull = QueueFull { retry_after: Duration::from_secs(1) };

const LIMITED: Limited = Limited {
    limit: Limit::SignInAccount,
    quota: 100,
    window: Duration::from_secs(86_400),
    retry_after: Duration::from_secs(30),
};

/// Every variant of an enum, which a match without a catch-all proves to be all.
macro_rules! every {
    ($type:ident { $($pattern:pat => [$($sample:expr),+ $(,)?]),+ $(,)? }) => {{
        let _ = |value: &$type| match value { $($pattern => {})+ };
        vec![$($($sample),+),+]
    }};
}

fn ended() -> Vec<Ended> {
    let revoked = RevokeReason::ALL.map(Ended::Revoked);
    let mut all = every!(Ended { Ended::Expired => [Ended::Expired], Ended::Revoked(_) => [revoked[0]] });
    all.extend(revoked);
    all
}

fn no_choices() -> Vec<NoChoice> {
    every!(NoChoice {
        NoChoice::Missing => [NoChoice::Missing],
        NoChoice::NotGenuine => [NoChoice::NotGenuine],
        NoChoice::SessionMismatch => [NoChoice::SessionMismatch],
        NoChoice::CsrfRejected => [NoChoice::CsrfRejected],
    })
}

fn token_refusals() -> Vec<Refusal> {
    let mut all = every!(Refusal {
        Refusal::AccessTokenExpired => [Refusal::AccessTokenExpired],
        Refusal::Superseded => [Refusal::Superseded],
        Refusal::ReauthenticationRequired => [Refusal::ReauthenticationRequired],
        Refusal::Ended(_) => [Refusal::Ended(Ended::Expired)],
        Refusal::NotGenuine => [Refusal::NotGenuine],
    });
    all.extend(ended().into_iter().map(Refusal::Ended));
    all
}

fn down() -> Fault {
    Fault::unavailable("down")
}

fn faults() -> Vec<Problem> {
    vec![down().into(), Fault::internal("wrong").into()]
}

fn problems<T: Into<Problem>>(errors: Vec<T>) -> Vec<Problem> {
    errors.into_iter().map(Into::into).collect()
}

fn of_api_keys() -> Vec<Problem> {
    problems(every!(ApiKeyError {
        ApiKeyError::Missing => [ApiKeyError::Missing],
        ApiKeyError::Invalid => [ApiKeyError::Invalid],
        ApiKeyError::Limited(_) => [ApiKeyError::Limited(LIMITED)],
        ApiKeyError::Fault(_) => [ApiKeyError::Fault(down())],
    }))
}

fn of_idempotency() -> Vec<Problem> {
    problems(every!(IdempotencyError {
        IdempotencyError::Reused => [IdempotencyError::Reused],
        IdempotencyError::InUse => [IdempotencyError::InUse],
        IdempotencyError::Fault(_) => [IdempotencyError::Fault(down())],
    }))
}

fn of_authenticate() -> Vec<Problem> {
    let mut all = every!(AuthenticateError {
        AuthenticateError::Missing => [AuthenticateError::Missing],
        AuthenticateError::NotGenuine => [AuthenticateError::NotGenuine],
        AuthenticateError::Expired => [AuthenticateError::Expired],
        AuthenticateError::Ended(_) => [AuthenticateError::Ended(Ended::Expired)],
        AuthenticateError::Fault(_) => [AuthenticateError::Fault(down())],
    });
    all.extend(ended().into_iter().map(AuthenticateError::Ended));
    problems(all)
}

fn of_refresh() -> Vec<Problem> {
    let refused = |refusal| RefreshError::Refused { refusal, clear_cookie: false };
    let mut all = every!(RefreshError {
        RefreshError::NoCredential(_) => [RefreshError::NoCredential(NoChoice::Missing)],
        RefreshError::Refused { .. } => [refused(Refusal::NotGenuine)],
        RefreshError::Limited(_) => [RefreshError::Limited(LIMITED)],
        RefreshError::Fault(_) => [RefreshError::Fault(down())],
    });
    all.extend(no_choices().into_iter().map(RefreshError::NoCredential));
    all.extend(token_refusals().into_iter().map(refused));
    problems(all)
}

fn of_sign_out() -> Vec<Problem> {
    let mut all = every!(SignOutError {
        SignOutError::NoCredential(_) => [SignOutError::NoCredential(NoChoice::Missing)],
        SignOutError::Refused(_) => [SignOutError::Refused(Refusal::NotGenuine)],
        SignOutError::Fault(_) => [SignOutError::Fault(down())],
    });
    all.extend(no_choices().into_iter().map(SignOutError::NoCredential));
    all.extend(token_refusals().into_iter().map(SignOutError::Refused));
    problems(all)
}

fn of_change_password() -> Vec<Problem> {
    let mut all = of_authenticate();
    all.extend(problems(every!(ChangePasswordError {
        ChangePasswordError::WrongPassword => [ChangePasswordError::WrongPassword],
        ChangePasswordError::CredentialChanged => [ChangePasswordError::CredentialChanged],
        ChangePasswordError::PasswordBlocked(_) => [ChangePasswordError::PasswordBlocked(PasswordBlocked::Breached)],
        ChangePasswordError::Idempotency(_) => [ChangePasswordError::Idempotency(IdempotencyError::Reused)],
        ChangePasswordError::Limited(_) => [ChangePasswordError::Limited(LIMITED)],
        ChangePasswordError::Busy(_) => [ChangePasswordError::Busy(FULL)],
        ChangePasswordError::Fault(_) => [ChangePasswordError::Fault(down())],
    })));
    all
}

/// What the use case of a call can refuse.
fn refusals(operation: Operation) -> Vec<Problem> {
    match operation {
        Operation::SignUp => problems(every!(SignUpError {
            SignUpError::EmailTaken => [SignUpError::EmailTaken],
            SignUpError::PasswordBlocked(_) => [SignUpError::PasswordBlocked(PasswordBlocked::Breached)],
            SignUpError::Idempotency(_) => [SignUpError::Idempotency(IdempotencyError::Reused)],
            SignUpError::Limited(_) => [SignUpError::Limited(LIMITED)],
            SignUpError::Busy(_) => [SignUpError::Busy(FULL)],
            SignUpError::Fault(_) => [SignUpError::Fault(down())],
        })),
        Operation::SignIn => problems(every!(SignInError {
            SignInError::InvalidCredentials => [SignInError::InvalidCredentials],
            SignInError::AccountDisabled => [SignInError::AccountDisabled],
            SignInError::Limited(_) => [SignInError::Limited(LIMITED)],
            SignInError::Busy(_) => [SignInError::Busy(FULL)],
            SignInError::Fault(_) => [SignInError::Fault(down())],
        })),
        Operation::Refresh => of_refresh(),
        Operation::SignOut => of_sign_out(),
        Operation::ForgotPassword => problems(every!(ForgotPasswordError {
            ForgotPasswordError::RedirectNotAllowed => [ForgotPasswordError::RedirectNotAllowed],
            ForgotPasswordError::Idempotency(_) => [ForgotPasswordError::Idempotency(IdempotencyError::Reused)],
            ForgotPasswordError::Limited(_) => [ForgotPasswordError::Limited(LIMITED)],
            ForgotPasswordError::Fault(_) => [ForgotPasswordError::Fault(down())],
        })),
        Operation::ResetPassword => problems(every!(ResetPasswordError {
            ResetPasswordError::TokenInvalid => [ResetPasswordError::TokenInvalid],
            ResetPasswordError::TokenExpired => [ResetPasswordError::TokenExpired],
            ResetPasswordError::PasswordBlocked(_) => [ResetPasswordError::PasswordBlocked(PasswordBlocked::Breached)],
            ResetPasswordError::Limited(_) => [ResetPasswordError::Limited(LIMITED)],
            ResetPasswordError::Busy(_) => [ResetPasswordError::Busy(FULL)],
            ResetPasswordError::Fault(_) => [ResetPasswordError::Fault(down())],
        })),
        Operation::ResendVerification => problems(every!(ResendVerificationError {
            ResendVerificationError::RedirectNotAllowed => [ResendVerificationError::RedirectNotAllowed],
            ResendVerificationError::Limited(_) => [ResendVerificationError::Limited(LIMITED)],
            ResendVerificationError::Fault(_) => [ResendVerificationError::Fault(down())],
        })),
        Operation::VerifyEmail => problems(every!(VerifyEmailError {
            VerifyEmailError::TokenInvalid => [VerifyEmailError::TokenInvalid],
            VerifyEmailError::TokenExpired => [VerifyEmailError::TokenExpired],
            VerifyEmailError::Limited(_) => [VerifyEmailError::Limited(LIMITED)],
            VerifyEmailError::Fault(_) => [VerifyEmailError::Fault(down())],
        })),
        Operation::ChangePassword => of_change_password(),
        Operation::Me | Operation::ListSessions => of_authenticate(),
        Operation::EndSession => {
            let mut all = of_authenticate();
            all.push(ProblemCode::SessionNotFound.into());
            all
        }
        Operation::Jwks | Operation::OpenapiJson | Operation::Healthz | Operation::Readyz => Vec::new(),
    }
}

/// What reading a body can come to: see `extract::json_body` and `extract::fields`.
const READING_A_BODY: [ProblemCode; 5] = [
    ProblemCode::ValidationFailed,
    ProblemCode::MalformedJson,
    ProblemCode::RequestTimeout,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
];

#[test]
fn every_call_documents_exactly_what_it_can_refuse() {
    for operation in Operation::ALL {
        let of_body: &[ProblemCode] = if operation.body() == Body::None { &[] } else { &READING_A_BODY };
        let of_keys = if operation.group() == Group::Auth { of_api_keys() } else { Vec::new() };
        let of_once = if operation.can_happen_once() { of_idempotency() } else { Vec::new() };
        let may = refusals(operation)
            .into_iter()
            .chain(of_keys)
            .chain(of_once)
            .chain(faults())
            .map(|problem| problem.code);
        let may: BTreeSet<_> = may.chain(of_body.iter().copied()).collect();
        let documented = operation.problems(Mode::Production, true);
        assert_eq!(documented.iter().copied().collect::<BTreeSet<_>>(), may, "{operation:?}");
        assert_eq!(documented.len(), may.len(), "{operation:?} lists a problem twice");
        let mut without = operation.problems(Mode::Production, false);
        without
            .extend(documented.contains(&ProblemCode::ApiKeyMissing).then_some(ProblemCode::ApiKeyMissing));
        assert_eq!(
            without.into_iter().collect::<BTreeSet<_>>(),
            may,
            "{operation:?} without the need of a key"
        );
    }
}
