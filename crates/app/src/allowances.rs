//! How much of what a stranger can call there may be, and what shows that somebody is no stranger. The counting is in
//! `limits`.

use domain::device_token::DeviceToken;
use domain::refresh_token::Tag;
use domain::throttle::{Budget, Ladder};
use std::time::Duration;

/// How much of each there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed sign-ins from one network address.
    pub sign_in_address: Budget,
    /// Failed sign-ins to one account from unknown devices, all together.
    pub sign_in_account: Ladder,
    /// Failed sign-ins to one account from one known device; wrong current passwords of one user as well.
    pub sign_in_device: Ladder,
    /// Sign-ups from one network address.
    pub sign_up_address: Budget,
    /// Requests for reset mails from one network address.
    pub forgot_password_address: Budget,
    /// Mails that strangers can order in one namespace.
    pub namespace_mail: Budget,
    /// Wrong reset tokens from one network address.
    pub reset_address: Budget,
    /// Refused refreshes and API keys from one network address.
    pub refresh_address: Budget,
    /// How long a device is known after its last sign-in.
    pub device_known_for: Duration,
}

/// A device token as it came, well formed but not yet known to be genuine.
#[derive(Clone, Copy)]
pub struct DeviceProof {
    pub(crate) token: DeviceToken,
    pub(crate) tag: Tag,
}

impl DeviceProof {
    /// Reads a token's text; `None` for anything that cannot be one of ours.
    pub fn read(text: &str) -> Option<Self> {
        DeviceToken::decode(text).map(|(token, tag)| Self { token, tag })
    }
}
