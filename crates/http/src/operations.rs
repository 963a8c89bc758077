//! Every call there is, in one table: its address, and exactly the problems it can answer. The router and the
//! OpenAPI document are both made from it, and the documentation pages from the document, so that none of them
//! can know a call, or a problem of a call, that another does not.

use crate::options::Mode;
use crate::problem::ProblemCode::{self as Code};

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    SignUp,
    SignIn,
    Refresh,
    SignOut,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
    ResendVerification,
    ChangePassword,
    Me,
    ListSessions,
    EndSession,
    Jwks,
    OpenapiJson,
    Healthz,
    Readyz,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

impl Method {
    /// As the OpenAPI document writes it.
    pub(crate) const fn lower(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Delete => "delete",
        }
    }
}

/// Whom a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The accounts of a namespace: there is one of it in each.
    Auth,
    /// Public keys of a namespace.
    Keys,
    /// The server's own description.
    Description,
    /// What a load balancer asks.
    Health,
}

/// How a caller proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Not at all.
    Nothing,
    /// With an access token.
    AccessToken,
    /// With an access token, a refresh token, or the cookie.
    AnyToken,
}

/// What a call reads from the request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Nothing.
    None,
    /// An object, or nothing at all.
    Optional,
    /// An object.
    Required,
}

/// What reading a body can come to.
const OF_BODIES: [Code; 5] = [
    Code::ValidationFailed,
    Code::MalformedJson,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
];

/// What checking an access token can come to.
const OF_ACCESS_TOKENS: [Code; 7] = [
    Code::CredentialsMissing,
    Code::InvalidToken,
    Code::TokenExpired,
    Code::SessionRevoked,
    Code::SessionExpired,
    Code::PasswordChanged,
    Code::RefreshReused,
];

/// What choosing among several tokens can come to besides.
const OF_ANY_TOKENS: [Code; 4] =
    [Code::TokenSuperseded, Code::ReauthenticationRequired, Code::SessionMismatch, Code::CsrfRejected];

/// What asking which application calls can come to, where nobody has to say.
const OF_API_KEYS: [Code; 2] = [Code::ApiKeyInvalid, Code::RateLimited];

/// What asking a call to happen once can come to.
const OF_IDEMPOTENCY: [Code; 2] = [Code::IdempotencyKeyReused, Code::IdempotencyKeyInUse];

/// What every call can come to.
const OF_ALL: [Code; 2] = [Code::ServiceUnavailable, Code::InternalError];

/// What a request that reaches no call comes to: a wrong address or method, or a head that is refused before it is
/// looked at which call it is for.
pub(crate) const OF_NO_CALL: [Code; 4] =
    [Code::NotFound, Code::MethodNotAllowed, Code::UriTooLong, Code::HeadersTooLarge];

impl Operation {
    /// Every call, in the order of the documentation.
    pub(crate) const ALL: [Self; 16] = [
        Self::SignIn,
        Self::Refresh,
        Self::SignOut,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::SignUp,
        Self::VerifyEmail,
        Self::ResendVerification,
        Self::ChangePassword,
        Self::Me,
        Self::ListSessions,
        Self::EndSession,
        Self::Jwks,
        Self::OpenapiJson,
        Self::Healthz,
        Self::Readyz,
    ];

    /// The method and the path, `{ns}` standing for any namespace.
    pub(crate) const fn address(self) -> (Method, &'static str) {
        match self {
            Self::SignUp => (Method::Post, "/api/{ns}/auth/sign-up"),
            Self::SignIn => (Method::Post, "/api/{ns}/auth/sign-in"),
            Self::Refresh => (Method::Post, "/api/{ns}/auth/refresh"),
            Self::SignOut => (Method::Post, "/api/{ns}/auth/sign-out"),
            Self::ForgotPassword => (Method::Post, "/api/{ns}/auth/forgot-password"),
            Self::ResetPassword => (Method::Post, "/api/{ns}/auth/reset-password"),
            Self::VerifyEmail => (Method::Post, "/api/{ns}/auth/verify-email"),
            Self::ResendVerification => (Method::Post, "/api/{ns}/auth/resend-verification"),
            Self::ChangePassword => (Method::Post, "/api/{ns}/auth/change-password"),
            Self::Me => (Method::Get, "/api/{ns}/auth/me"),
            Self::ListSessions => (Method::Get, "/api/{ns}/auth/sessions"),
            Self::EndSession => (Method::Delete, "/api/{ns}/auth/sessions/{id}"),
            Self::Jwks => (Method::Get, "/api/{ns}/.well-known/jwks.json"),
            Self::OpenapiJson => (Method::Get, "/openapi.json"),
            Self::Healthz => (Method::Get, "/healthz"),
            Self::Readyz => (Method::Get, "/readyz"),
        }
    }

    /// Whom it belongs to.
    pub(crate) const fn group(self) -> Group {
        match self {
            Self::SignUp
            | Self::SignIn
            | Self::Refresh
            | Self::SignOut
            | Self::ForgotPassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::ResendVerification
            | Self::ChangePassword
            | Self::Me
            | Self::ListSessions
            | Self::EndSession => Group::Auth,
            Self::Jwks => Group::Keys,
            Self::OpenapiJson => Group::Description,
            Self::Healthz | Self::Readyz => Group::Health,
        }
    }

    /// How a caller proves itself.
    pub(crate) const fn proof(self) -> Proof {
        match self {
            Self::Refresh | Self::SignOut => Proof::AnyToken,
            Self::ChangePassword | Self::Me | Self::ListSessions | Self::EndSession => Proof::AccessToken,
            Self::SignUp
            | Self::SignIn
            | Self::ForgotPassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::ResendVerification
            | Self::Jwks
            | Self::OpenapiJson
            | Self::Healthz
            | Self::Readyz => Proof::Nothing,
        }
    }

    /// What it reads from the body.
    pub(crate) const fn body(self) -> Body {
        match self {
            Self::SignUp
            | Self::SignIn
            | Self::ForgotPassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::ResendVerification
            | Self::ChangePassword => Body::Required,
            Self::Refresh | Self::SignOut => Body::Optional,
            Self::Me
            | Self::ListSessions
            | Self::EndSession
            | Self::Jwks
            | Self::OpenapiJson
            | Self::Healthz
            | Self::Readyz => Body::None,
        }
    }

    /// Whether it takes an `Idempotency-Key`.
    pub(crate) const fn can_happen_once(self) -> bool {
        matches!(self, Self::SignUp | Self::ForgotPassword | Self::ChangePassword)
    }

    /// Every problem it can answer, its own first. The test beside `refusals` holds this against what the use
    /// cases can refuse.
    pub(crate) fn problems(self, mode: Mode, api_key_required: bool) -> Vec<Code> {
        let of_proof: &[&[Code]] = match self.proof() {
            Proof::Nothing => &[],
            Proof::AccessToken => &[&OF_ACCESS_TOKENS],
            Proof::AnyToken => &[&OF_ACCESS_TOKENS, &OF_ANY_TOKENS],
        };
        let of_body: &[Code] = if self.body() == Body::None { &[] } else { &OF_BODIES };
        let of_mode: &[Code] = if mode == Mode::Development { &[Code::HostNotAllowed] } else { &[] };
        let of_missing_key: &[Code] = if api_key_required { &[Code::ApiKeyMissing] } else { &[] };
        let of_keys: [&[Code]; 2] =
            if self.group() == Group::Auth { [of_missing_key, &OF_API_KEYS] } else { [&[], &[]] };
        let parts = [self.own_problems()].into_iter().chain(of_proof.iter().copied());
        let of_once: &[Code] = if self.can_happen_once() { &OF_IDEMPOTENCY } else { &[] };
        let parts = parts.chain([of_once, of_body]).chain(of_keys).chain([OF_ALL.as_slice(), of_mode]);
        let mut problems = Vec::new();
        for code in parts.flatten().copied() {
            // A call may have limits of its own beside the one of keys.
            if !problems.contains(&code) {
                problems.push(code);
            }
        }
        problems
    }

    /// Beside what its proof, its body and the server at large bring about.
    const fn own_problems(self) -> &'static [Code] {
        match self {
            Self::SignUp => &[Code::EmailTaken, Code::RateLimited, Code::ServerBusy],
            Self::SignIn => {
                &[Code::InvalidCredentials, Code::AccountDisabled, Code::RateLimited, Code::ServerBusy]
            }
            Self::ForgotPassword | Self::ResendVerification => &[Code::RedirectNotAllowed, Code::RateLimited],
            Self::VerifyEmail => {
                &[Code::VerificationTokenInvalid, Code::VerificationTokenExpired, Code::RateLimited]
            }
            Self::ResetPassword => {
                &[Code::ResetTokenInvalid, Code::ResetTokenExpired, Code::RateLimited, Code::ServerBusy]
            }
            Self::ChangePassword => &[Code::CurrentPasswordWrong, Code::RateLimited, Code::ServerBusy],
            Self::EndSession => &[Code::SessionNotFound],
            Self::Refresh => &[Code::RateLimited],
            Self::SignOut
            | Self::Me
            | Self::ListSessions
            | Self::Jwks
            | Self::OpenapiJson
            | Self::Healthz
            | Self::Readyz => &[],
        }
    }
}
