//! One call of a namespace: everything about it but the body.

use super::idempotency_key::{self, IdempotencyHeader};
use super::{api_key, authorization, cookie, page_origin};
use crate::options::{HttpNamespace, HttpOptions};
use crate::problem::{Problem, ProblemCode};
use crate::request_id::RequestId;
use crate::state::HttpState;
use app::allowances::DeviceProof;
use app::api_keys;
use app::authenticate::{Caller, authenticate};
use app::credentials::{BrowserCookie, HeaderText, PresentedTexts};
use app::service::{Namespace, Origin};

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method};
use domain::client_address::client_address;
use domain::credential::CookieGate;
use domain::idempotency::IdempotencyKey;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use domain::session::{ClientInfo, USER_AGENT_MAX};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A call of a namespace, by an application that may make it. There is no other way to one, so that no call can forget
/// to ask which application it is.
pub(crate) struct Call {
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) origin: Origin,
    /// Whether a sign-in may set the cookie.
    pub(crate) with_cookie: bool,
    /// Whether a sign-in may mark the device as known.
    pub(crate) may_be_remembered: bool,
    header: HeaderText,
    cookie: Option<SecretText>,
    gate: CookieGate,
    idempotency: IdempotencyHeader,
}

impl Call {
    /// The credentials it carries, with the body's.
    pub(crate) fn presented(&self, body: Option<SecretText>) -> PresentedTexts {
        PresentedTexts { body, header: self.header.clone(), cookie: self.cookie.clone(), gate: self.gate }
    }

    /// The refresh cookie of the browser that signs in.
    pub(crate) fn browser_cookie(&self) -> BrowserCookie {
        BrowserCookie { may_be_set: self.with_cookie, held: self.cookie.clone(), gate: self.gate }
    }

    /// The key under which it is to happen once. Calls that take none do not look.
    pub(crate) fn idempotency_key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.idempotency.key()
    }

    /// The `Authorization` header.
    pub(crate) const fn header(&self) -> &HeaderText {
        &self.header
    }

    /// Who calls, by access token.
    pub(crate) async fn caller(&self, state: &HttpState) -> Result<Caller, Problem> {
        Ok(authenticate(&state.service, &self.namespace, &self.header).await?)
    }
}

impl FromRequestParts<Arc<HttpState>> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<HttpState>) -> Result<Self, Problem> {
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        let (namespace, rules) = path
            .ok()
            .and_then(|Path(path)| find_namespace(state, path.get("ns")?))
            .ok_or(ProblemCode::NotFound)?;
        let headers = &parts.headers;
        // Only what is posted is read.
        let is_read = parts.method == Method::POST;
        if is_read && announced_length(headers).is_some_and(|length| length > state.options.body_max_bytes) {
            return Err(ProblemCode::PayloadTooLarge.into());
        }
        let origin = origin(parts, &state.options, &namespace.name);
        api_keys::admit(&state.service, &namespace, &api_key::read(headers), &origin).await?;
        let cookie_name = cookie::name(state.options.mode, &namespace.name);
        Ok(Self {
            with_cookie: page_origin::may_hold_cookie(headers, rules, &state.options),
            may_be_remembered: page_origin::may_be_remembered(headers, rules, &state.options),
            gate: page_origin::gate(headers, rules, &state.options),
            header: authorization::read(headers),
            cookie: cookie::read(headers, &cookie_name),
            idempotency: idempotency_key::read(headers),
            origin,
            namespace,
        })
    }
}

/// How long the body is to be, by its own word. A body that is too long is refused before anything else; one that does
/// not say is measured as it comes.
fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The namespace of a path, if it is configured.
pub(crate) fn find_namespace<'a>(
    state: &'a HttpState,
    text: &str,
) -> Option<(Arc<Namespace>, &'a HttpNamespace)> {
    let name = NamespaceName::parse(text).ok()?;
    Some((Arc::clone(state.service.namespaces.get(&name)?), state.options.namespaces.get(&name)?))
}

fn origin(parts: &Parts, options: &HttpOptions, namespace: &NamespaceName) -> Origin {
    let source = parts.extensions.get::<ClientAddress>().map(|found| found.0);
    let device = cookie::read(&parts.headers, &cookie::device_name(options.mode, namespace));
    Origin {
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
        client: ClientInfo {
            user_agent: user_agent(&parts.headers),
            address: source.map(|address| address.to_string()),
        },
        locale: locale(&parts.headers),
        source,
        device: device.and_then(|text| DeviceProof::read(text.expose())),
    }
}

/// The network address that a request comes from, found once for each and kept among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Finds out which it is.
pub(crate) fn source(extensions: &Extensions, headers: &HeaderMap, options: &HttpOptions) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(client(peer.ip(), headers, options))
}

/// Whom the request comes from, by the word of the proxies that are ours. A line that is not text counts as one that
/// is not an address.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, options: &HttpOptions) -> IpAddr {
    let mut lines =
        headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("unreadable")).peekable();
    let is_ignored = lines.peek().is_some() && !options.is_trusted(peer);
    if is_ignored && !UNKNOWN_PROXY_TOLD.swap(true, Ordering::Relaxed) {
        // The one mistake of a new deployment that looks like an attack: everybody shares the proxy's budgets.
        tracing::warn!(
            %peer,
            "X-Forwarded-For is not believed, because http.trusted_proxies does not name who sent it; if that is your \
             proxy, all its clients share one address and its limits"
        );
    }
    client_address(peer, lines, &options.trusted_proxies)
}

/// Who a proxy says it speaks for.
pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";
/// Anybody can send the header, so it is worth one line in the log of a process and no more.
static UNKNOWN_PROXY_TOLD: AtomicBool = AtomicBool::new(false);

/// The client's language, if it names one of ours.
pub(crate) fn locale(headers: &HeaderMap) -> Option<Locale> {
    Locale::negotiate(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?)
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    // `to_str` lets visible ASCII through alone, so it can be cut anywhere.
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.get(..USER_AGENT_MAX).unwrap_or(text).to_owned())
}
