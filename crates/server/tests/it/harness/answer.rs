//! One answer of the router, and what must hold for every one of them.

use super::site::Signed;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A `Set-Cookie` header, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// In their order, as they stand.
    pub attributes: Vec<String>,
}

impl SetCookie {
    fn parse(text: &str) -> Self {
        let mut parts = text.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: parts.map(str::to_owned).collect(),
        }
    }

    fn is_device(&self) -> bool {
        self.name.contains("minbil_device_")
    }

    /// Whether it takes the cookie away.
    pub fn is_cleared(&self) -> bool {
        self.value.is_empty() && self.attributes.iter().any(|one| one == "Max-Age=0")
    }
}

impl Answer {
    pub(super) async fn read(asked: &str, method: &Method, response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let answer =
            Self { asked: asked.to_owned(), status: parts.status.as_u16(), headers: parts.headers, body };
        check_always(&answer, method == Method::HEAD);
        answer
    }

    /// One header; two of a name are a mistake.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{}: two {name} headers", self.asked);
        first
    }

    /// All lines of a header, joined.
    pub fn all(&self, name: &str) -> String {
        let lines: Vec<_> = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        lines.join(", ")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The JSON of a success.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.asked, self.status, self.text());
        self.json()
    }

    /// The document of a refusal with this code.
    pub fn problem(&self, code: &str) -> Value {
        let document = self.json();
        assert_eq!(document["code"], code, "{}: {document}", self.asked);
        document
    }

    /// Every cookie it sets, but for the one by which the device is known.
    pub fn cookies(&self) -> Vec<SetCookie> {
        self.all_cookies().filter(|cookie| !cookie.is_device()).collect()
    }

    /// The cookie by which the device is known.
    pub fn device(&self) -> Option<SetCookie> {
        self.all_cookies().find(SetCookie::is_device)
    }

    fn all_cookies(&self) -> impl Iterator<Item = SetCookie> {
        let values = self.headers.get_all("set-cookie").iter();
        values.map(|value| SetCookie::parse(value.to_str().unwrap()))
    }

    /// The one cookie it sets.
    pub fn cookie(&self) -> SetCookie {
        let mut cookies = self.cookies();
        assert_eq!(cookies.len(), 1, "{}: {cookies:?}", self.asked);
        cookies.remove(0)
    }

    /// The tokens of a success.
    pub fn signed(&self) -> Signed {
        let body = self.ok();
        let text = |field: &str| body[field].as_str().map(str::to_owned);
        let cookie = self.cookies().into_iter().next().filter(|cookie| !cookie.is_cleared());
        Signed {
            access: text("access_token").unwrap(),
            refresh: text("refresh_token").unwrap_or_default(),
            cookie: cookie.map(|cookie| cookie.value).unwrap_or_default(),
        }
    }

    /// The codes of the fields that are wrong, as `field:code`.
    pub fn field_errors(&self) -> Vec<String> {
        let document = self.problem("validation_failed");
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|one| format!("{}:{}", text_of(one, "field"), text_of(one, "code"))).collect()
    }
}

/// The claims of an access token, unverified.
pub fn claims_of(access_token: &str) -> Value {
    let payload = access_token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// What holds for every answer (contract section 2; ASVS 3.4.4, 3.4.5, 3.4.6, 14.3.2).
fn check_always(answer: &Answer, is_head: bool) {
    let asked = &answer.asked;
    let id = answer.header("x-request-id").unwrap_or_else(|| panic!("{asked}: no request id"));
    assert!(!id.is_empty(), "{asked}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{asked}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{asked}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'"), "{asked}: {policy}");
    if answer.headers.get("access-control-allow-credentials").is_some() {
        assert_ne!(answer.header("access-control-allow-origin"), Some("*"), "{asked}");
    }
    if answer.headers.get("set-cookie").is_some() || answer.holds_tokens() {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{asked}");
    }
    if answer.status >= 400 {
        check_problem(answer, id, is_head);
    }
}

impl Answer {
    /// Whether it is a refusal with this code.
    pub(super) fn is_problem(&self, code: &str) -> bool {
        self.status >= 400 && !self.body.is_empty() && self.json()["code"] == code
    }

    /// The OpenAPI document speaks of tokens too, and holds none.
    fn holds_tokens(&self) -> bool {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        json.is_some_and(|body| body.get("access_token").is_some())
    }
}

fn check_problem(answer: &Answer, id: &str, is_head: bool) {
    let asked = &answer.asked;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{asked}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{asked}");
    let waits = answer.header("retry-after").map(|text| text.parse::<u64>().unwrap());
    let says_when = matches!(answer.status, 429 | 503) || answer.is_problem("idempotency_key_in_use");
    assert_eq!(waits.is_some_and(|seconds| seconds > 0), says_when, "{asked}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge.is_some_and(|text| text.starts_with("Bearer")), answer.status == 401, "{asked}");
    assert_eq!(answer.header("allow").is_some(), answer.status == 405, "{asked}");
    if is_head {
        assert!(answer.body.is_empty(), "{asked}");
        return;
    }
    let document = answer.json();
    assert_eq!(document["status"], answer.status, "{asked}: {document}");
    assert_eq!(document["request_id"], id, "{asked}: {document}");
    assert_eq!(document["message"], document["detail"], "{asked}: {document}");
    let code = text_of(&document, "code");
    let address = format!("/docs/problems/{}", code.replace('_', "-"));
    assert!(text_of(&document, "type").ends_with(&address), "{asked}: {document}");
    assert!(
        !text_of(&document, "title").is_empty() && !text_of(&document, "detail").is_empty(),
        "{document}"
    );
}

impl Answer {
    /// Everything a client can tell answers apart by, without the request's id.
    pub fn bytes_but_request_id(&self) -> String {
        let id = self.header("x-request-id").unwrap();
        let mut lines: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        lines.sort();
        format!("{}\n{}\n\n{}", self.status, lines.join("\n"), self.text()).replace(id, "REQUEST-ID")
    }
}
