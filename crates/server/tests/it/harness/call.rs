//! One request to the router, built step by step and awaited.

use super::answer::Answer;
use super::described;
use super::watch::Watch;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::{Value, json};
use std::future::{Future, IntoFuture};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::str::FromStr as _;
use std::sync::Arc;
use tower::ServiceExt as _;

/// Where everybody calls from who does not say.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// Where a credential is put.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// `refresh_token` of the body.
    Body(&'a str),
    /// `Authorization: Bearer`, with a token of either kind.
    Bearer(&'a str),
    /// The namespace's cookie, by its value.
    Cookie(&'a str),
}

/// A way to the router.
#[derive(Clone)]
pub struct Client {
    pub(super) router: Router,
    pub(super) host: String,
    pub(super) cookie_prefix: &'static str,
    pub(super) document: Arc<Value>,
    pub(super) watch: Arc<Watch>,
}

impl Client {
    /// A request to any path.
    pub fn call(&self, method: Method, path: &str) -> Draft {
        let request = Draft {
            client: self.clone(),
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Body::empty(),
            peer: PEER,
        };
        request.header("host", &self.host)
    }

    /// `GET` of any path.
    pub fn fetch(&self, path: &str) -> Draft {
        self.call(Method::GET, path)
    }
}

/// A request that is not sent yet.
#[must_use = "a request is sent when it is awaited"]
pub struct Draft {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Body,
    peer: IpAddr,
}

impl Draft {
    /// Another network address than that of all others.
    pub fn from(mut self, peer: impl Into<IpAddr>) -> Self {
        self.peer = peer.into();
        self
    }

    /// The cookie by which the device is known in the namespace of the path.
    pub fn device(self, value: &str) -> Self {
        let namespace = self.path.split('/').nth(2).unwrap_or_default();
        let pair = format!("{}minbil_device_{namespace}={value}", self.client.cookie_prefix);
        self.header("cookie", pair)
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_str(name).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// Puts a header line in the place of those there are.
    pub fn instead(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.remove(name);
        self.header(name, value)
    }

    /// Another method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// A body of JSON.
    pub fn json(self, body: &Value) -> Self {
        self.client.watch.sent(body);
        self.raw("application/json", body.to_string())
    }

    /// A body of anything.
    pub fn raw(self, content_type: &str, body: impl Into<Body>) -> Self {
        let mut draft = self.header("content-type", content_type);
        draft.body = body.into();
        draft
    }

    /// A body without a content type.
    pub fn bare(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// `Authorization: Bearer`.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The refresh cookie of the namespace in the path.
    pub fn cookie(self, value: &str) -> Self {
        let namespace = self.path.split('/').nth(2).unwrap_or_default();
        let pair = format!("{}minbil_rt_{namespace}={value}", self.client.cookie_prefix);
        self.header("cookie", pair)
    }

    /// One credential where it belongs; a body only for the one that needs it.
    pub fn presenting(self, credential: Credential<'_>) -> Self {
        match credential {
            Credential::Body(token) => self.json(&json!({ "refresh_token": token })),
            Credential::Bearer(token) => self.bearer(token),
            Credential::Cookie(value) => self.cookie(value),
        }
    }

    /// Sends it and loses the answer, as a client does whose connection breaks.
    pub async fn lose(self) {
        let (router, request) = self.request();
        drop(router.oneshot(request).await.unwrap());
    }

    fn request(self) -> (Router, Request<Body>) {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.peer, 40_000)));
        (self.client.router, request)
    }

    async fn send(self) -> Answer {
        let (client, method, path) = (self.client.clone(), self.method.clone(), self.path.clone());
        // What is ordered may be a problem that the call has not.
        let is_ordered = self.headers.contains_key("x-minbil-fault");
        let (router, request) = self.request();
        let response = router.oneshot(request).await.unwrap();
        let answer = Answer::read(&format!("{method} {path}"), &method, response).await;
        client.watch.came(&answer);
        if !is_ordered {
            described::check(&client.document, &method, &path, &answer);
        }
        answer
    }
}

impl IntoFuture for Draft {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
