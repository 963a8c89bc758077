//! What the document says about each call.

use crate::operations::Operation;

/// In a few words.
pub(super) const fn summary(operation: Operation) -> &'static str {
    match operation {
        Operation::SignUp => "Make an account",
        Operation::SignIn => "Sign in with email and password",
        Operation::Refresh => "Get new tokens",
        Operation::SignOut => "Sign out",
        Operation::ForgotPassword => "Ask for a password reset link",
        Operation::ResetPassword => "Set a new password with a mailed token",
        Operation::VerifyEmail => "Confirm an address with a mailed token",
        Operation::ResendVerification => "Ask for a verification link",
        Operation::ChangePassword => "Change the password",
        Operation::Me => "Who is signed in",
        Operation::ListSessions => "List the account's sessions",
        Operation::EndSession => "End one of the account's sessions",
        Operation::Jwks => "Public keys of the access tokens",
        Operation::OpenapiJson => "This document",
        Operation::Healthz => "Whether the process answers",
        Operation::Readyz => "Whether traffic should come here",
    }
}

/// In full.
pub(super) const fn description(operation: Operation) -> &'static str {
    match operation {
        Operation::SignUp => SIGN_UP,
        Operation::SignIn => SIGN_IN,
        Operation::Refresh => REFRESH,
        Operation::SignOut => SIGN_OUT,
        Operation::ForgotPassword => FORGOT_PASSWORD,
        Operation::ResetPassword => RESET_PASSWORD,
        Operation::VerifyEmail => VERIFY_EMAIL,
        Operation::ResendVerification => RESEND_VERIFICATION,
        Operation::ChangePassword => CHANGE_PASSWORD,
        Operation::Me => ME,
        Operation::ListSessions => LIST_SESSIONS,
        Operation::EndSession => END_SESSION,
        Operation::Jwks => JWKS,
        Operation::OpenapiJson => OPENAPI_JSON,
        Operation::Healthz => HEALTHZ,
        Operation::Readyz => READYZ,
    }
}

/// What the `Idempotency-Key` header is for.
pub(super) const IDEMPOTENCY_KEY: &str = "\
A fresh random text for each thing that is to happen, such as a UUID, sent again with every retry of the same call. For a \
day (unless the server is set otherwise) a retry gets the answer of the first call, and nothing happens a second time. With another body it is \
`idempotency_key_reused`; while the first call is still running, `idempotency_key_in_use`.";

const SIGN_UP: &str = "\
Makes an account. It does not sign in: call sign-in next. An address can have one account in a \
namespace; a taken one is answered with 409.

Where the operator requires confirmed addresses, a taken address gets the same answer as a free one, with a \
`uid` that names nobody, and only its mailbox learns what happened. A new account cannot sign in until its \
address is confirmed with the mailed link.";

const SIGN_IN: &str = "\
Checks the address and the password, opens a session, and answers with its tokens and the user. A wrong \
password and an address without an account get the same answer after the same time, and so does an account \
whose address is not confirmed, where the operator requires that.

A page of the server's own origin, or of one that the namespace allows, also gets the refresh token as \
an HttpOnly cookie: send the request with credentials (`withCredentials: true`, `credentials: \
'include'`). If that request carries the cookie of a session that still lives, that session ends.";

const REFRESH: &str = "\
Answers with a new access token, and a new refresh token that takes the place of the one presented. Send \
no body, or `{}`.

Exactly one credential counts, the first of these: `refresh_token` in the body, a refresh token in the \
`Authorization` header, the cookie, an unexpired access token in the header.

A refresh token is worth one refresh. Keep the newest one and have one refresh in flight. If an answer \
was lost, repeat the call within a minute (unless the server is set otherwise): it gets the same \
successor. Later than that, a spent token counts as stolen: the session ends with `refresh_reused`, and \
the owner gets a mail. With access tokens alone a session goes on for 24 hours after the last sign-in or \
refresh with a refresh token; then the answer is `reauthentication_required`.";

const SIGN_OUT: &str = "\
Signs out the current user and invalidates the refresh token where possible. It takes the same \
credentials as refresh; a refresh token may be an old one, and an access token may have expired within \
the last day. A session that has ended already is no error. Send no body, or `{}`, to end this session.

`scope` ends `others` or, with `global`, every session of the account; that takes a credential that is \
still good.";

const FORGOT_PASSWORD: &str = "\
Sends a mail with a reset link, if the address has an account. The answer is the same for every address, \
with or without one, and so is its time. The link leads to `redirect_to` with `#token=…` behind it, \
works once, and for 30 minutes unless the server is set otherwise. Your page takes the token from the \
fragment and calls reset-password.";

const RESET_PASSWORD: &str = "\
Takes the token of a mailed link and sets a new password. The token works once. Every session of the \
account ends, every other mailed link becomes void, and the owner gets a mail that says so. Nobody is \
signed in: call sign-in next.";

const VERIFY_EMAIL: &str = "\
Takes the token of a mailed verification link and marks the address as confirmed (`email_verified`). The \
token works once; only the newest one mailed works. Nothing else changes: nobody is signed in, and no \
session ends. Call it when a person clicks, never when a page loads: mail scanners open links.";

const RESEND_VERIFICATION: &str = "\
Sends a mail with a verification link, if the address has an account that is not confirmed yet. The answer \
is the same for every address, with or without an account, and so is its time. The link leads to \
`redirect_to` with `#token=…` behind it, works once, and for 24 hours unless the server is set otherwise. \
Your page takes the token from the fragment and calls verify-email.";

const CHANGE_PASSWORD: &str = "\
Changes the password of the caller. Every session of the account ends, this one too, and the answer \
holds the tokens of a new one, so that the caller stays signed in. The owner gets a mail that says so.";

const ME: &str = "\
Answers with the caller, if the access token is good and its session lives.";

const LIST_SESSIONS: &str = "\
Every session of the caller that lives, so that a person can see where they are signed in.";

const END_SESSION: &str = "\
Ends a session of the caller: another device, or this one. A session that has ended already is no error; \
one of somebody else is not found.";

const JWKS: &str = "\
The keys with which another service checks access tokens without asking this server (RFC 7517). The \
issuer is `<base>/api/<namespace>`. Fetch them again when a token names a `kid` that you do not know: \
new keys are published a day before they sign. A service that checks by itself does not see that a \
session has ended; its access token goes on until it expires.";

const OPENAPI_JSON: &str = "\
The OpenAPI document of this server as it is configured.";

const HEALTHZ: &str = "\
Answers as long as the process does. It looks at nothing else: a restart is all that a failure calls \
for.";

const READYZ: &str = "\
Answers with success if the store can write and the server is not on its way out. While it does not, a \
load balancer should send traffic elsewhere; a restart does not help.";
