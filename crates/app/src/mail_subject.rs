//! What a mail is about, and the names by which it is stored.

use domain::email_address::{EMAIL_MAX, EmailAddress};
use domain::ids::{SessionId, UserId};
use domain::redirect::{REDIRECT_MAX, RedirectTarget};

const FORGOT_PASSWORD: &str = "forgot_password";
const VERIFY_EMAIL: &str = "verify_email";
const SIGN_UP_TAKEN: &str = "sign_up_taken";

/// What a mail is about.
///
/// Whether an address of the first three has an account is found out by the worker, long after the answer, so that the
/// answer cannot tell. Their stored row has one size whatever they, the address and the target are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailSubject {
    /// Somebody asked for a reset link for this address.
    ForgotPassword {
        /// The address as canonicalised at the door.
        email: EmailAddress,
        /// Where the link leads; the server's own page when none was asked for.
        redirect: RedirectTarget,
    },
    /// Somebody signed up with this address, or asked once more for the link that proves it.
    VerifyEmail {
        /// See above.
        email: EmailAddress,
        /// See above.
        redirect: RedirectTarget,
    },
    /// Somebody tried to sign up with this address, which has an account.
    SignUpTaken {
        /// See above.
        email: EmailAddress,
        /// Where the owner gets a reset link.
        redirect: RedirectTarget,
    },
    /// A notice to the owner of an account.
    Notice {
        /// Whom to tell.
        user: UserId,
        /// What happened.
        notice: Notice,
    },
    /// A notice of a sign-in. What it says of the device is read from the session.
    SignIn {
        /// Whom to tell.
        user: UserId,
        /// The session that began.
        session: SessionId,
        /// What is remarkable about it.
        notice: SignInNotice,
    },
}

impl MailSubject {
    /// The stored name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ForgotPassword { .. } => FORGOT_PASSWORD,
            Self::VerifyEmail { .. } => VERIFY_EMAIL,
            Self::SignUpTaken { .. } => SIGN_UP_TAKEN,
            Self::Notice { notice, .. } => notice.name(),
            Self::SignIn { notice, .. } => notice.name(),
        }
    }

    /// How a subject that is about an address is made, by its stored name.
    pub fn of_address(kind: &str) -> Option<fn(EmailAddress, RedirectTarget) -> Self> {
        match kind {
            FORGOT_PASSWORD => Some(|email, redirect| Self::ForgotPassword { email, redirect }),
            VERIFY_EMAIL => Some(|email, redirect| Self::VerifyEmail { email, redirect }),
            SIGN_UP_TAKEN => Some(|email, redirect| Self::SignUpTaken { email, redirect }),
            _ => None,
        }
    }

    /// The address, and where the link leads, of a subject that is about an address.
    pub const fn address(&self) -> Option<(&EmailAddress, &RedirectTarget)> {
        match self {
            Self::ForgotPassword { email, redirect }
            | Self::VerifyEmail { email, redirect }
            | Self::SignUpTaken { email, redirect } => Some((email, redirect)),
            Self::Notice { .. } | Self::SignIn { .. } => None,
        }
    }

    /// Whom to tell, where that is known.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Notice { user, .. } | Self::SignIn { user, .. } => Some(*user),
            Self::ForgotPassword { .. } | Self::VerifyEmail { .. } | Self::SignUpTaken { .. } => None,
        }
    }

    /// The session it is about.
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::SignIn { session, .. } => Some(*session),
            _ => None,
        }
    }

    /// How many bytes fill the row up to one size: the growth of the database must not tell who was asked for, nor
    /// which of the two mails of a sign-up it is.
    pub fn padding(&self) -> usize {
        let longest = EMAIL_MAX + REDIRECT_MAX + FORGOT_PASSWORD.len();
        self.address().map_or(0, |(email, redirect)| {
            longest.saturating_sub(email.as_str().len() + redirect.as_str().len() + self.kind().len())
        })
    }
}

/// Something an owner should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// The password was changed by a signed-in client.
    PasswordChanged,
    /// The password was reset by a mailed link.
    PasswordReset,
    /// A spent refresh token came back, and the session was ended.
    RefreshReused,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 3] = [Self::PasswordChanged, Self::PasswordReset, Self::RefreshReused];

    /// The stored name, which is also the template's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset_done",
            Self::RefreshReused => "refresh_reused",
        }
    }

    /// The notice of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }
}

/// What an owner should know of a sign-in (ASVS 6.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignInNotice {
    /// It came from a device that never signed in before.
    NewDevice,
    /// It came from such a device after many wrong passwords.
    AfterFailures,
}

impl SignInNotice {
    /// Every notice.
    pub const ALL: [Self; 2] = [Self::NewDevice, Self::AfterFailures];

    /// The stored name, which is also the template's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewDevice => "new_device",
            Self::AfterFailures => "sign_in_after_failures",
        }
    }

    /// The notice of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::redirect::RedirectAllowlist;
    use std::collections::BTreeSet;

    #[test]
    fn rows_about_an_address_have_one_size_whatever_they_are_about() {
        let mut sizes = BTreeSet::new();
        for kind in [FORGOT_PASSWORD, VERIFY_EMAIL, SIGN_UP_TAKEN] {
            for (address, target) in [("a@b.no", "https://a.no/x"), ("longer@example.com", "https://b.no/")] {
                let targets = RedirectAllowlist::new([target.to_owned()]).unwrap();
                let make = MailSubject::of_address(kind).unwrap();
                let subject =
                    make(EmailAddress::parse(address).unwrap(), targets.find(target).unwrap().clone());
                assert_eq!(subject.kind(), kind);
                sizes.insert(kind.len() + address.len() + target.len() + subject.padding());
            }
        }
        assert_eq!(sizes.len(), 1, "{sizes:?}");
    }
}
