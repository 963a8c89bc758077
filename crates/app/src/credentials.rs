//! Reading the credentials that a refresh or sign-out carries, before anything is queried. Only texts that
//! we made ourselves come out of here as genuine.

use crate::ports::store::HeldSession;
use crate::service::{Namespace, Service};
use domain::credential::{self, Carried, CookieGate, Credentials, HeaderCredential};
use domain::refresh_token::{REFRESH_PREFIX, RefreshToken};
use domain::secret::SecretText;
use domain::session::Presented;

/// The texts as they came.
#[derive(Clone)]
pub struct PresentedTexts {
    /// `refresh_token` of the body.
    pub body: Option<SecretText>,
    /// The `Authorization` header.
    pub header: HeaderText,
    /// The namespace's cookie. A request that carries two of that name counts as carrying none: somebody may
    /// have tossed one in from a sibling domain.
    pub cookie: Option<SecretText>,
    /// Whether the cookie may be used.
    pub gate: CookieGate,
}

/// The refresh cookie of the browser that signs in.
#[derive(Clone)]
pub struct BrowserCookie {
    /// Whether the answer may set it.
    pub may_be_set: bool,
    /// The one that came; its session ends with the beginning of the new one (ASVS 7.2.4).
    pub held: Option<SecretText>,
    /// Whether that one may be used.
    pub gate: CookieGate,
}

/// What the `Authorization` header says.
#[derive(Clone)]
pub enum HeaderText {
    /// There is none.
    Absent,
    /// One bearer token.
    Bearer(SecretText),
    /// Anything else.
    Other,
}

/// Reads and authenticates all of them.
pub fn read(service: &Service, namespace: &Namespace, texts: &PresentedTexts) -> Credentials {
    Credentials {
        body: refresh_token(service, namespace, texts.body.as_ref()),
        header: header(service, namespace, &texts.header),
        cookie: refresh_token(service, namespace, texts.cookie.as_ref()),
        gate: texts.gate,
    }
}

/// The session that a browser holds as somebody signs in there.
pub(crate) fn held(service: &Service, namespace: &Namespace, cookie: &BrowserCookie) -> Option<HeldSession> {
    let token = credential::held(refresh_token(service, namespace, cookie.held.as_ref()), cookie.gate)?;
    let presented = Presented::refresh_token(&token);
    Some(HeldSession { session: token.session, salt: token.salt, presented })
}

fn header(service: &Service, namespace: &Namespace, text: &HeaderText) -> HeaderCredential {
    match text {
        HeaderText::Absent => HeaderCredential::Absent,
        HeaderText::Other => HeaderCredential::Unreadable,
        HeaderText::Bearer(text) if text.expose().starts_with(REFRESH_PREFIX) => {
            HeaderCredential::Refresh(refresh_token(service, namespace, Some(text)))
        }
        HeaderText::Bearer(text) => service
            .access_tokens
            .read(&namespace.name, text.expose())
            .map_or(HeaderCredential::Unreadable, HeaderCredential::Access),
    }
}

fn refresh_token(service: &Service, namespace: &Namespace, text: Option<&SecretText>) -> Carried {
    let Some(text) = text else { return Carried::Absent };
    match RefreshToken::decode(text.expose()) {
        Some((token, tag))
            if service.macs.is_genuine(token.key, &token.signed_bytes(&namespace.name), &tag) =>
        {
            Carried::Genuine(token)
        }
        _ => Carried::NotGenuine,
    }
}
