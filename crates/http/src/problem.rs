//! Every way a call can fail, and the document that says so (RFC 9457).
//!
//! One enum holds every code: the pages under `/docs/problems/`, the OpenAPI document and the snapshot of the
//! whole table come from it. Codes that a client acts on differently differ.

use app::fault::Fault;
use app::limits::Limited;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $status:literal, $title:literal, $detail:literal,
      $remedy:literal;)+) => {
        /// A way a call can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemCode {
            $($(#[$doc])* $name,)+
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The `code` that clients branch on.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// The `title`, one per code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The `detail` when nothing more precise is said.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail,)+ }
            }

            /// What a client does about it, for the page of the problem. Code stands between backticks.
            pub(crate) const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)+ }
            }
        }
    };
}

problems! {
    /// Address or password is wrong.
    InvalidCredentials, "invalid_credentials", 401, "Invalid credentials", "Email or password is wrong.",
        "Show the form again with one message for both fields: which of the two is wrong is not said, on purpose. Where addresses must be confirmed, an account whose address is not answers so as well: offer to send the mail again (resend-verification). Do not repeat the call by itself.";
    /// The password is right, the account is switched off.
    AccountDisabled, "account_disabled", 403, "Account disabled", "This account is switched off. Contact support.",
        "Say that the account is switched off and how to reach support. Repeating the call changes nothing.";
    /// A field of the body is not as it should be.
    ValidationFailed, "validation_failed", 400, "Validation failed", "The request has fields that are missing or wrong.",
        "Show each entry of `errors` beside the field that it names, and send again when it is corrected.";
    /// The body is not one JSON object.
    MalformedJson, "malformed_json", 400, "Malformed JSON", "The body is not one JSON object with distinct keys.",
        "This is a mistake in the client: send one JSON object, encoded in UTF-8, that names each key once.";
    /// The address has an account.
    EmailTaken, "email_taken", 409, "Email taken", "An account with this email address exists already.",
        "Offer sign-in and a reset link in place of sign-up.";
    /// The key came with another body before.
    IdempotencyKeyReused, "idempotency_key_reused", 422, "Idempotency key reused", "This Idempotency-Key came with another body before.",
        "Make a new key for each thing that is to happen, and send the old one only with the same body. What came with the first body has happened or not, whatever this call says.";
    /// The first call under the key is still running.
    IdempotencyKeyInUse, "idempotency_key_in_use", 409, "Idempotency key in use", "The first call with this Idempotency-Key is still running.",
        "Wait as many seconds as `Retry-After` says, then send the same call with the same key: it gets the answer of the first one.";
    /// The target is not on the list.
    RedirectNotAllowed, "redirect_not_allowed", 400, "Redirect not allowed", "redirect_to is not one of the addresses that this server may send people to.",
        "Send one of the addresses that the operator allows for this namespace, letter for letter, or leave `redirect_to` out to use the server's own page.";
    /// No credential at all.
    CredentialsMissing, "credentials_missing", 401, "Credentials missing", "This call needs a token, and the request carries none.",
        "Send the access token as `Authorization: Bearer <token>`. If the client has none, let the user sign in.";
    /// A credential that is not one of ours.
    InvalidToken, "invalid_token", 401, "Invalid token", "The token is not valid here.",
        "Forget the token and let the user sign in. Refreshing with the same token does not help; a token of another namespace or another server is not valid either.";
    /// An access token whose time is over.
    TokenExpired, "token_expired", 401, "Token expired", "The access token has expired. Refresh, and try again.",
        "Refresh once, then repeat the call with the new access token. Better still, refresh before `expires_at`.";
    /// A newer token exists, the session lives.
    TokenSuperseded, "token_superseded", 401, "Token superseded", "A newer token has taken this one's place. Use the newest one; the session goes on.",
        "Read the tokens again from where the client keeps them, and repeat the call with the newest: another tab or an earlier request has refreshed already. Do not sign the user out.";
    /// The namespace asks for an API key, and there is none.
    ApiKeyMissing, "api_key_missing", 401, "API key missing", "This call needs an API key in x-api-key, and the request carries none.",
        "Send the key that the operator made for your application as `x-api-key`. It names the application; a user's token does not take its place.";
    /// The API key is no good here.
    ApiKeyInvalid, "api_key_invalid", 401, "API key invalid", "The API key is not valid here.",
        "This is a mistake in how the application is set up: the key is mistyped, has expired, was revoked, or belongs to another namespace. Ask the operator for a new one; signing in again does not help.";
    /// The bearer chain is over.
    ReauthenticationRequired, "reauthentication_required", 401, "Reauthentication required", "Access tokens alone cannot extend this session any further. Use the refresh token, or sign in.",
        "Refresh with the refresh token if the client has it; else let the user sign in.";
    /// The session was ended.
    SessionRevoked, "session_revoked", 401, "Session revoked", "This session has been ended. Sign in again.",
        "Forget the tokens and let the user sign in. The session was ended by a sign-out, from another device, or by an operator.";
    /// The session's time is over.
    SessionExpired, "session_expired", 401, "Session expired", "This session has expired. Sign in again.",
        "Forget the tokens and let the user sign in.";
    /// The password changed, so the session ended.
    PasswordChanged, "password_changed", 401, "Password changed", "The password was changed, and every session with it has ended. Sign in with the new one.",
        "Forget the tokens and let the user sign in with the new password. Somebody who did not change it should ask for a reset link at once.";
    /// A spent refresh token came back.
    RefreshReused, "refresh_reused", 401, "Refresh token reused", "A refresh token was used a second time, so the session was ended to protect the account. Sign in again.",
        "Forget the tokens, let the user sign in, and say why: two places used the same refresh token, which is how a stolen one shows. If it happens to honest users, the client keeps a spent token or has two refreshes in flight.";
    /// Two credentials of different sessions.
    SessionMismatch, "session_mismatch", 401, "Session mismatch", "The refresh token and the access token belong to different sessions.",
        "Send only tokens of the same sign-in. The client has mixed up what two sessions gave it; keep each pair together.";
    /// A page of another site used the cookie.
    CsrfRejected, "csrf_rejected", 403, "Cross-site request rejected", "The cookie was sent by a page that may not use it. Nothing was changed.",
        "Call from a page of an origin that the operator allows for this namespace, or send a token in place of the cookie.";
    /// The mailed token is not live.
    ResetTokenInvalid, "reset_token_invalid", 400, "Reset link invalid", "This reset link is not valid, or was used already. Ask for a new one.",
        "Offer to send a new link. A used link, an older link after a success, and a shortened one all end here.";
    /// The mailed token is too old.
    ResetTokenExpired, "reset_token_expired", 400, "Reset link expired", "This reset link has expired. Ask for a new one.",
        "Offer to send a new link.";
    /// The mailed proof is not live.
    VerificationTokenInvalid, "verification_token_invalid", 400, "Verification link invalid", "This verification link is not valid, or was used already. Sign in, or ask for a new one.",
        "Offer sign-in, because a link that was used already has done its work, and offer to send a new link. A link that a newer one replaced, one from before a change of the password, and a shortened one all end here.";
    /// The mailed proof is too old.
    VerificationTokenExpired, "verification_token_expired", 400, "Verification link expired", "This verification link has expired. Ask for a new one.",
        "Offer to send a new link.";
    /// The current password is wrong.
    CurrentPasswordWrong, "current_password_wrong", 403, "Current password wrong", "The current password is wrong.",
        "Let the user type the current password again, or offer a reset link. The session goes on.";
    /// Too many of these.
    RateLimited, "rate_limited", 429, "Too many requests", "Too many requests of this kind. Wait, and try again.",
        "Wait as many seconds as `Retry-After` says, then try again. Do not retry earlier: that does not help.";
    /// The hashing queue is full.
    ServerBusy, "server_busy", 503, "Server busy", "The server is checking as many passwords as it can. Try again shortly.",
        "Wait as many seconds as `Retry-After` says, then repeat the same call. Nothing was changed.";
    /// A dependency does not answer.
    ServiceUnavailable, "service_unavailable", 503, "Service unavailable", "The server cannot do this right now. Try again shortly.",
        "Wait as many seconds as `Retry-After` says, then repeat the same call, with growing pauses if it goes on.";
    /// No such path.
    NotFound, "not_found", 404, "Not found", "There is nothing at this address.",
        "Check the address: the namespace, the path, and that nothing follows it.";
    /// No such session of this account.
    SessionNotFound, "session_not_found", 404, "Session not found", "This account has no such session.",
        "List the sessions again: this one has gone, or belongs to another account.";
    /// The path exists, the method does not.
    MethodNotAllowed, "method_not_allowed", 405, "Method not allowed", "This address does not take this method; Allow names those it takes.",
        "This is a mistake in the client: use a method that `Allow` names.";
    /// The request did not come in time.
    RequestTimeout, "request_timeout", 408, "Request timeout", "The request took too long.",
        "Send the request again, at once and in one piece.";
    /// The body is too large.
    PayloadTooLarge, "payload_too_large", 413, "Payload too large", "The body is larger than any call needs.",
        "This is a mistake in the client: send the documented fields alone.";
    /// The address is too long.
    UriTooLong, "uri_too_long", 414, "URI too long", "The address is longer than any of ours.",
        "This is a mistake in the client: nothing belongs into the address but the documented path.";
    /// The body is not JSON.
    UnsupportedMediaType, "unsupported_media_type", 415, "Unsupported media type", "Send the body as application/json.",
        "Send `Content-Type: application/json`, and no `Content-Encoding`.";
    /// A development server was called by another name.
    HostNotAllowed, "host_not_allowed", 421, "Host not allowed", "This server runs in development mode and answers on this machine alone.",
        "Call `http://localhost:5000`, or whatever address the server printed when it started. To serve others, run it in production mode.";
    /// The header section is too large.
    HeadersTooLarge, "headers_too_large", 431, "Headers too large", "The headers are larger than any call needs.",
        "Clear the cookies of this site, and send no headers that the call does not need.";
    /// A bug.
    InternalError, "internal_error", 500, "Internal error", "Something went wrong on our side. The request id helps us find it.",
        "Repeat the call once; if it fails again, report it with the `request_id`.";
}

impl ProblemCode {
    /// The last part of the `type` address: the code with hyphens.
    pub fn slug(self) -> String {
        self.code().replace('_', "-")
    }

    /// The code of a slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }

    /// Whether calls that end so are counted in the audit log (ASVS 16.3.2, 16.3.3): who was not let in, or tried what is
    /// not allowed. What has an event of its own is not counted again.
    pub(crate) const fn is_counted(self) -> bool {
        match self {
            Self::InvalidCredentials | Self::AccountDisabled | Self::CurrentPasswordWrong => false,
            Self::EmailTaken
            | Self::RedirectNotAllowed
            | Self::ResetTokenInvalid
            | Self::ResetTokenExpired
            | Self::HostNotAllowed => true,
            _ => matches!(self.status(), 401 | 403 | 429),
        }
    }

    /// Whether honest clients end so every day. Such calls are counted without their source.
    pub(crate) const fn is_everyday(self) -> bool {
        matches!(
            self,
            Self::CredentialsMissing | Self::TokenExpired | Self::TokenSuperseded | Self::SessionExpired
        )
    }

    /// What stands for a bare status that a library answered with.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::InvalidToken,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            421 => Self::HostNotAllowed,
            429 => Self::RateLimited,
            431 => Self::HeadersTooLarge,
            503 => Self::ServiceUnavailable,
            400..=499 => Self::MalformedJson,
            _ => Self::InternalError,
        }
    }
}

/// What is wrong with one field of the caller's own input. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct FieldProblem {
    /// The field's name.
    pub(crate) field: &'static str,
    /// `missing`, `wrong_type`, `too_short`, `too_long`, `malformed`, `unknown_value` or `password_blocked`.
    pub(crate) code: &'static str,
    /// A sentence.
    pub(crate) message: String,
}

/// How a 401 challenges (RFC 6750 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// The request carried no token: no error code.
    #[default]
    Plain,
    /// It carried one that is not good.
    InvalidToken,
}

/// A failed call. The document is written by the outermost layer, which knows the request's id.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: ProblemCode,
    pub(crate) errors: Vec<FieldProblem>,
    pub(crate) retry_after: Option<Duration>,
    /// The limit that refused it.
    pub(crate) limited: Option<Limited>,
    pub(crate) challenge: Challenge,
    /// What it comes from, for the log alone.
    pub(crate) fault: Option<Arc<Fault>>,
}

impl Problem {
    /// Takes a request back a client may send again after this long when nothing better is known.
    const RETRY_AFTER: Duration = app::fault::UNAVAILABLE_RETRY_AFTER;

    pub(crate) fn new(code: ProblemCode) -> Self {
        let says_when = matches!(code.status(), 429 | 503) || code == ProblemCode::IdempotencyKeyInUse;
        let retry_after = says_when.then_some(Self::RETRY_AFTER);
        let challenge = Challenge::Plain;
        Self { code, errors: Vec::new(), retry_after, limited: None, challenge, fault: None }
    }

    pub(crate) fn invalid(errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..Self::new(ProblemCode::ValidationFailed) }
    }

    pub(crate) fn retry_after(code: ProblemCode, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(code) }
    }

    /// A 401 on a token that was presented.
    pub(crate) fn bad_token(code: ProblemCode) -> Self {
        Self { challenge: Challenge::InvalidToken, ..Self::new(code) }
    }
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        Self { limited: Some(limited), ..Self::retry_after(ProblemCode::RateLimited, limited.retry_after) }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_whole_table_is_as_published() {
        let rows: Vec<_> = ProblemCode::ALL
            .iter()
            .map(|code| {
                let (status, code_name) = (code.status(), code.code());
                format!(
                    "{status} {code_name} | {} | {}\n    -> {}",
                    code.title(),
                    code.detail(),
                    code.remedy()
                )
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn codes_and_slugs_are_unique_and_lead_back() {
        let codes: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert_eq!(ProblemCode::from_slug(&code.slug()), Some(*code));
            assert!(StatusCode::from_u16(code.status()).is_ok_and(|status| !status.is_success()));
        }
    }

    #[test]
    fn every_429_and_503_and_a_call_that_is_still_running_say_when_to_come_back() {
        for code in ProblemCode::ALL {
            let says = Problem::new(*code).retry_after.is_some();
            let should = matches!(code.status(), 429 | 503) || *code == ProblemCode::IdempotencyKeyInUse;
            assert_eq!(says, should, "{code:?}");
        }
    }
}
