//! Answers `doctor`, who proves that it has the root key, how its request looks from here: which address counts as the
//! client's, and what the proxies made of headers and cookies. For everybody else there is nothing here, and the answer is that of
//! any address that leads nowhere.

use crate::doctor::{PROBE_HEADER, Seen, probe_path};
use crate::extract::{call, cookie};
use crate::state::HttpState;
use axum::Json;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, SET_COOKIE};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use domain::namespace::NamespaceName;
use std::net::SocketAddr;

/// The answer to a genuine probe; nothing for everything else.
pub(crate) fn answer_to_doctor(state: &HttpState, request: &Request) -> Option<Response> {
    asked_by_doctor(state, request).map(|namespace| answer(state, request, &namespace))
}

/// The namespace that a genuine probe asks about.
fn asked_by_doctor(state: &HttpState, request: &Request) -> Option<NamespaceName> {
    let probe = request.headers().get(PROBE_HEADER)?.to_str().ok()?;
    let name = request.uri().path().strip_prefix("/api/")?.split('/').next()?;
    let (namespace, _) = call::find_namespace(state, name)?;
    let is_asked = request.method() == Method::GET && request.uri().path() == probe_path(&namespace.name);
    (is_asked && app::doctor_probe::is_genuine(&state.service, &namespace.name, probe))
        .then(|| namespace.name.clone())
}

fn answer(state: &HttpState, request: &Request, namespace: &NamespaceName) -> Response {
    let (headers, options) = (request.headers(), &state.options);
    let text = |name: &str| headers.get(name).map(|value| lossy(value.as_bytes()));
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let cookie = cookie::read(headers, &cookie::doctor_name(options.mode, namespace));
    let authority = request.uri().authority().map(ToString::to_string);
    let seen = Seen {
        client: peer.map_or_else(String::new, |peer| call::client(peer, headers, options).to_string()),
        peer: peer.map_or_else(String::new, |peer| peer.to_canonical().to_string()),
        peer_is_trusted: peer.is_some_and(|peer| options.is_trusted(peer)),
        forwarded_for: all(headers, call::FORWARDED_FOR),
        forwarded_proto: text("x-forwarded-proto"),
        host: authority.or_else(|| text(HOST.as_str())),
        has_cookie: cookie.is_some_and(|value| value.expose() == cookie::DOCTOR_VALUE),
        has_authorization: headers.contains_key(AUTHORIZATION),
        is_production: options.mode == crate::options::Mode::Production,
        base_url: options.base_url.clone(),
        version: options.version.to_owned(),
        now: state.service.clock.now().as_millis(),
    };
    let mut response = ([(CACHE_CONTROL, "no-store")], Json(seen)).into_response();
    if let Some(cookie) = cookie::set_doctor(options.mode, namespace) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| lossy(value.as_bytes())).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
