//! What calls read.

use super::fields::{text, text_or_null};
use super::{Named, object};
use crate::extract::fields::TOKEN_MAX;
use crate::options::HttpNamespace;
use domain::email_address::EMAIL_MAX;
use domain::password::PASSWORD_MAX;
use domain::redirect::REDIRECT_MAX;
use serde_json::{Value, json};

/// Those whose rules are the namespace's.
pub(super) fn of_namespace(rules: &HttpNamespace) -> [Named; 3] {
    let new_password = || {
        let bounds =
            json!({ "format": "password", "minLength": rules.password_min, "maxLength": PASSWORD_MAX });
        text("Any characters, taken exactly as they come, spaces included.", bounds)
    };
    let reset_token = text(
        "The token of the mailed link: what stands behind `#token=`.",
        json!({ "maxLength": TOKEN_MAX }),
    );
    [
        (
            "SignUpRequest",
            object(
                "A new account.",
                &["email", "password"],
                json!({ "email": email(), "password": new_password() }),
            ),
        ),
        (
            "ResetPasswordRequest",
            object(
                "A mailed token, and the password that shall hold from now on.",
                &["token", "password"],
                json!({ "token": reset_token, "password": new_password() }),
            ),
        ),
        (
            "ChangePasswordRequest",
            object(
                "The password that holds, and the one that shall.",
                &["current_password", "new_password"],
                json!({ "current_password": password(), "new_password": new_password() }),
            ),
        ),
    ]
}

/// Those that are the same everywhere.
pub(super) fn for_all() -> [Named; 6] {
    let refresh_token = || {
        text_or_null(
            "A refresh token. It counts before any other credential of the request.",
            json!({ "maxLength": TOKEN_MAX }),
        )
    };
    let scope = json!({
        "type": ["string", "null"],
        "enum": ["local", "others", "global", null],
        "default": "local",
        "description": "Which sessions end: this one, all but this one, or all of the account.",
    });
    let verification_token = text(
        "The token of the mailed link: what stands behind `#token=`.",
        json!({ "maxLength": TOKEN_MAX }),
    );
    let redirect_to = text_or_null(
        "Where the mailed link leads: exactly one of the addresses that the namespace allows. Left out, it leads to the \
         server's own page.",
        json!({ "format": "uri", "maxLength": REDIRECT_MAX }),
    );
    [
        (
            "SignInRequest",
            object(
                "Who signs in.",
                &["email", "password"],
                json!({ "email": email(), "password": password() }),
            ),
        ),
        (
            "RefreshRequest",
            object(
                "Empty, or left out altogether, if the token is in the header or the cookie.",
                &[],
                json!({ "refresh_token": refresh_token() }),
            ),
        ),
        (
            "SignOutRequest",
            object(
                "Empty, or left out altogether, to end the session of the header's or the cookie's token.",
                &[],
                json!({ "refresh_token": refresh_token(), "scope": scope }),
            ),
        ),
        (
            "ForgotPasswordRequest",
            object(
                "Whose password is forgotten.",
                &["email"],
                json!({ "email": email(), "redirect_to": redirect_to.clone() }),
            ),
        ),
        ("VerifyEmailRequest", object("A mailed token.", &["token"], json!({ "token": verification_token }))),
        (
            "ResendVerificationRequest",
            object(
                "Whose address is to be confirmed.",
                &["email"],
                json!({ "email": email(), "redirect_to": redirect_to }),
            ),
        ),
    ]
}

fn email() -> Value {
    text(
        "One plain mailbox. Capital letters do not matter, and a domain may be in any script.",
        json!({ "format": "email", "minLength": 5, "maxLength": EMAIL_MAX }),
    )
}

fn password() -> Value {
    text(
        "The password, exactly as it was chosen.",
        json!({ "format": "password", "minLength": 1, "maxLength": PASSWORD_MAX }),
    )
}
