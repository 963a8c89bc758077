//! Limits: what is counted, and where the counts are kept.
//!
//! Every write is one statement on one row, so that a database can count for many nodes at once. What is counted by
//! network address stays in the process.

use crate::fault::Fault;
use async_trait::async_trait;
use domain::throttle::{Budget, Ladder};
use std::time::Duration;

/// What stands for whoever is limited: a keyed hash, or an address prefix. Never an email address.
pub type LimitKey = [u8; 32];

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Failed sign-ins from one network address.
    SignInAddress,
    /// Failed sign-ins to one account from devices that never signed in to it.
    SignInAccount,
    /// Failed sign-ins to one account from one device that did.
    SignInDevice,
    /// Sign-ups from one network address.
    SignUpAddress,
    /// Requests for reset mails from one network address.
    ForgotPasswordAddress,
    /// Reset mails to one mail address.
    ForgotPassword,
    /// Mails that strangers can order in one namespace.
    NamespaceMail,
    /// Wrong reset tokens from one network address.
    ResetAddress,
    /// Wrong current passwords of one signed-in user.
    CurrentPassword,
    /// Refused refreshes and API keys from one network address.
    RefreshAddress,
    /// Requests for verification mails from one network address.
    VerificationAddress,
    /// Verification mails to one mail address, sign-ups with it included.
    Verification,
    /// Mails about one device that is new to one account.
    NewDevice,
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 13] = [
        Self::SignInAddress,
        Self::SignInAccount,
        Self::SignInDevice,
        Self::SignUpAddress,
        Self::ForgotPasswordAddress,
        Self::ForgotPassword,
        Self::NamespaceMail,
        Self::ResetAddress,
        Self::CurrentPassword,
        Self::RefreshAddress,
        Self::VerificationAddress,
        Self::Verification,
        Self::NewDevice,
    ];

    /// The name, as it is stored and as `RateLimit-Policy` gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInAddress => "sign-in-address",
            Self::SignInAccount => "sign-in-account",
            Self::SignInDevice => "sign-in-device",
            Self::SignUpAddress => "sign-up-address",
            Self::ForgotPasswordAddress => "forgot-password-address",
            Self::ForgotPassword => "forgot-password",
            Self::NamespaceMail => "namespace-mail",
            Self::ResetAddress => "reset-address",
            Self::CurrentPassword => "current-password",
            Self::RefreshAddress => "refresh-address",
            Self::VerificationAddress => "verification-address",
            Self::Verification => "verification",
            Self::NewDevice => "new-device",
        }
    }

    /// Whether it is counted by network address, and so by each process for itself.
    pub const fn is_by_address(self) -> bool {
        match self {
            Self::SignInAddress
            | Self::SignUpAddress
            | Self::ForgotPasswordAddress
            | Self::ResetAddress
            | Self::RefreshAddress
            | Self::VerificationAddress => true,
            Self::SignInAccount
            | Self::SignInDevice
            | Self::ForgotPassword
            | Self::NamespaceMail
            | Self::CurrentPassword
            | Self::Verification
            | Self::NewDevice => false,
        }
    }
}

/// Whether a charge fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// It fitted.
    Accepted,
    /// It did not: 429.
    Refused {
        /// How long until one more would fit.
        retry_after: Duration,
    },
}

/// Counts.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Whether it ever refuses. Nobody stands in line before one that does not.
    fn refuses(&self) -> bool {
        true
    }

    /// Charges one unit to `key` (`domain::throttle::charge`).
    ///
    /// # Errors
    /// When the counters cannot be reached; a caller then refuses, it never lets pass.
    async fn charge(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<Charged, Fault>;
    /// Gives one accepted unit back (`domain::throttle::refund`). A key that was forgotten meanwhile stays forgotten.
    ///
    /// # Errors
    /// When the counters cannot be reached.
    async fn refund(&self, limit: Limit, key: LimitKey, budget: Budget) -> Result<(), Fault>;
    /// Counts one attempt of a row of failures (`domain::throttle::climb`).
    ///
    /// # Errors
    /// When the counters cannot be reached; a caller then refuses, it never lets pass.
    async fn climb(&self, limit: Limit, key: LimitKey, ladder: Ladder) -> Result<Charged, Fault>;
    /// Takes one attempt back that proved nothing (`domain::throttle::step_down`).
    ///
    /// # Errors
    /// When the counters cannot be reached.
    async fn step_down(&self, limit: Limit, key: LimitKey) -> Result<(), Fault>;
    /// Forgets a row of failures; how many there were.
    ///
    /// # Errors
    /// When the counters cannot be reached.
    async fn clear(&self, limit: Limit, key: LimitKey) -> Result<u32, Fault>;
}
