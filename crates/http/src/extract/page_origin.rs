//! Which page a browser's request comes from, and what that page may do with the cookie.

use crate::options::{HttpNamespace, HttpOptions};
use axum::http::HeaderMap;
use axum::http::header::ORIGIN;
use domain::credential::CookieGate;

/// Whether the page of the `Origin` header is ours or one of the namespace's.
pub(crate) fn is_allowed(origin: &str, namespace: &HttpNamespace, options: &HttpOptions) -> bool {
    // `null` stands for any sandboxed page of anybody.
    let is_listed = |list: &[String]| list.iter().any(|known| known == origin);
    origin != "null" && (is_listed(&options.own_origins) || is_listed(&namespace.allowed_origins))
}

/// Whether a sign-in may set the cookie: only for a page that may use it later.
pub(crate) fn may_hold_cookie(headers: &HeaderMap, namespace: &HttpNamespace, options: &HttpOptions) -> bool {
    origin(headers).is_some_and(|origin| is_allowed(origin, namespace, options))
}

/// Whether a sign-in may leave the mark by which the device is known later: for a page that may hold the cookie, and
/// for what is no page at all but keeps cookies, such as an app.
pub(crate) fn may_be_remembered(
    headers: &HeaderMap,
    namespace: &HttpNamespace,
    options: &HttpOptions,
) -> bool {
    headers.get(ORIGIN).is_none() || may_hold_cookie(headers, namespace, options)
}

/// Whether this request may use the cookie. A browser says where it comes from in Fetch Metadata, an old
/// one in `Origin` at least; a request with neither does not come from a page. (OWASP CSRF, RFC 6265bis 8.8)
pub(crate) fn gate(headers: &HeaderMap, namespace: &HttpNamespace, options: &HttpOptions) -> CookieGate {
    let page_is_allowed = || may_hold_cookie(headers, namespace, options);
    let is_open = match headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or("unreadable")) {
        Some("same-origin" | "none") => true,
        Some("same-site") => namespace.same_site_is_allowed || page_is_allowed(),
        Some(_) => page_is_allowed(),
        None => headers.get(ORIGIN).is_none() || page_is_allowed(),
    };
    if is_open { CookieGate::Open } else { CookieGate::Shut }
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{DocsOptions, Mode};
    use axum::http::HeaderValue;
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn options() -> HttpOptions {
        HttpOptions {
            base_url: "https://api.example.com".to_owned(),
            mode: Mode::Production,
            own_origins: vec!["https://api.example.com".to_owned()],
            namespaces: BTreeMap::new(),
            trusted_proxies: Vec::new(),
            body_max_bytes: 4096,
            uri_max_bytes: 4096,
            head_max_bytes: 4096,
            request_deadline: Duration::from_secs(1),
            docs: DocsOptions { enabled: true, console: true },
            version: "0",
        }
    }

    fn gate_of(site: Option<&'static str>, origin: Option<&'static str>, same_site_is_allowed: bool) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(site) = site {
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
        }
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let namespace = HttpNamespace {
            title: "CarOwner".to_owned(),
            allowed_origins: vec!["https://app.example.com".to_owned()],
            same_site_is_allowed,
            refresh_tokens_in_bodies: true,
            api_key_required: false,
            password_min: 8,
        };
        gate(&headers, &namespace, &options()) == CookieGate::Open
    }

    #[test]
    fn asvs_3_5_1_only_pages_that_may_use_the_cookie_pass() {
        let app = Some("https://app.example.com");
        let evil = Some("https://evil.example");
        assert!(gate_of(None, None, false), "not a browser");
        assert!(gate_of(Some("same-origin"), None, false));
        assert!(gate_of(Some("none"), None, false));
        assert!(gate_of(Some("cross-site"), app, false));
        assert!(gate_of(Some("same-site"), app, false));
        assert!(gate_of(Some("same-site"), None, true));
        assert!(gate_of(None, app, false));
        assert!(gate_of(None, Some("https://api.example.com"), false));
        for refused in [
            (Some("cross-site"), None),
            (Some("cross-site"), evil),
            (Some("same-site"), None),
            (Some("same-site"), evil),
            (Some("banana"), None),
            (None, evil),
            (None, Some("null")),
            (None, Some("https://app.example.com.evil.example")),
            (None, Some("https://app.example.com/")),
            (None, Some("HTTPS://app.example.com")),
        ] {
            assert!(!gate_of(refused.0, refused.1, false), "{refused:?}");
        }
    }
}
