//! A user as every use case sees one.

use crate::email_address::EmailAddress;
use crate::ids::UserId;
use crate::namespace::NamespaceName;
use crate::time::UnixMillis;

/// Whether an account may be used. Looked at only after the password is right: the state of an account is
/// nobody else's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// May sign in.
    Active,
    /// Switched off by an operator.
    Disabled,
}

impl AccountStatus {
    /// The stored and printed name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.name() == name)
    }
}

/// Whether a namespace insists that an address is proved before its account is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EmailVerification {
    /// It does not: whoever signs up signs in, and sign-up says that an address is taken.
    #[default]
    Off,
    /// It does, and in return neither sign-up nor sign-in says who has an account.
    Required,
}

impl EmailVerification {
    /// The configured name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Required => "required",
        }
    }

    /// The choice of a configured name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Off, Self::Required].into_iter().find(|choice| choice.name() == name)
    }

    /// Whether an account may be used.
    pub const fn admits(self, email_verified: bool) -> bool {
        email_verified || matches!(self, Self::Off)
    }
}

/// How often this account's credential changed. A write that depends on a password that was read carries
/// the epoch it read, and does nothing when it has risen since. Password change, reset, disable and
/// delete raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialEpoch(pub u32);

/// A user of one namespace, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id; the `sub` claim.
    pub id: UserId,
    /// The namespace the account lives in.
    pub namespace: NamespaceName,
    /// The address that signs in.
    pub email: EmailAddress,
    /// Whether somebody proved to read this mailbox.
    pub email_verified: bool,
    /// Whether the account may be used.
    pub status: AccountStatus,
    /// How often the credential changed.
    pub credential_epoch: CredentialEpoch,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// When anything but the last sign-in changed.
    pub updated_at: UnixMillis,
    /// When the user last signed in with a password.
    pub last_sign_in_at: Option<UnixMillis>,
}
