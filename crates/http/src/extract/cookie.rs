//! The refresh cookie (RFC 6265bis).

use crate::options::Mode;
use app::tokens::CookieGrant;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use domain::namespace::NamespaceName;
use domain::secret::SecretText;
use std::time::Duration;

/// Browsers keep no cookie for longer (RFC 6265bis section 5.5).
const MAX_AGE_MAX: Duration = Duration::from_secs(400 * 24 * 3600);

/// What the doctor's cookie says, and for how long: it opens nothing.
pub(crate) const DOCTOR_VALUE: &str = "probe";
const DOCTOR_MAX_AGE: Duration = Duration::from_secs(60);

/// The cookie's name. `__Secure-` binds it to TLS; `__Host-` would need `Path=/`, and this one goes to the
/// auth calls of its namespace alone. Development speaks plain HTTP, where some clients drop `Secure` cookies.
pub(crate) fn name(mode: Mode, namespace: &NamespaceName) -> String {
    match mode {
        Mode::Production => format!("__Secure-minbil_rt_{namespace}"),
        Mode::Development => format!("minbil_rt_{namespace}"),
    }
}

/// The value of the cookie of that exact name. Two of the same name count as none: a sibling domain can toss
/// one in, and nobody can say which is ours.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<SecretText> {
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        let Ok(text) = header.to_str() else { continue };
        for pair in text.split(';') {
            match pair.trim_matches([' ', '\t']).split_once('=') {
                Some((key, value)) if key == name => {
                    if found.is_some() {
                        tracing::warn!(name, "two cookies of one name in one request; both are ignored");
                        return None;
                    }
                    found = Some(SecretText::new(value.to_owned()));
                }
                _ => {}
            }
        }
    }
    found
}

/// `Set-Cookie` for a grant.
pub(crate) fn set(mode: Mode, namespace: &NamespaceName, grant: &CookieGrant) -> Option<HeaderValue> {
    header(mode, namespace, grant.value.expose(), grant.max_age.min(MAX_AGE_MAX))
}

/// `Set-Cookie` that takes it away: the same attributes, no value, no time.
pub(crate) fn clear(mode: Mode, namespace: &NamespaceName) -> Option<HeaderValue> {
    header(mode, namespace, "", Duration::ZERO)
}

/// The name of the cookie by which a device is known: of a namespace, like the other.
pub(crate) fn device_name(mode: Mode, namespace: &NamespaceName) -> String {
    match mode {
        Mode::Production => format!("__Secure-minbil_device_{namespace}"),
        Mode::Development => format!("minbil_device_{namespace}"),
    }
}

/// `Set-Cookie` that marks a device as known.
pub(crate) fn set_device(mode: Mode, namespace: &NamespaceName, grant: &CookieGrant) -> Option<HeaderValue> {
    let name = device_name(mode, namespace);
    line(&name, mode, namespace, grant.value.expose(), grant.max_age.min(MAX_AGE_MAX))
}

/// The name of the cookie that `doctor` sends through the proxies and back.
pub(crate) fn doctor_name(mode: Mode, namespace: &NamespaceName) -> String {
    match mode {
        Mode::Production => format!("__Secure-minbil_doctor_{namespace}"),
        Mode::Development => format!("minbil_doctor_{namespace}"),
    }
}

/// `Set-Cookie` as a sign-in has it, for `doctor` to see what arrives of it.
pub(crate) fn set_doctor(mode: Mode, namespace: &NamespaceName) -> Option<HeaderValue> {
    line(&doctor_name(mode, namespace), mode, namespace, DOCTOR_VALUE, DOCTOR_MAX_AGE)
}

fn header(mode: Mode, namespace: &NamespaceName, value: &str, max_age: Duration) -> Option<HeaderValue> {
    line(&name(mode, namespace), mode, namespace, value, max_age)
}

fn line(
    name: &str,
    mode: Mode,
    namespace: &NamespaceName,
    value: &str,
    max_age: Duration,
) -> Option<HeaderValue> {
    let secure = if mode == Mode::Production { " Secure;" } else { "" };
    let seconds = max_age.as_secs();
    let text = format!(
        "{name}={value}; Path=/api/{namespace}/auth; Max-Age={seconds};{secure} HttpOnly; SameSite=Strict"
    );
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn co() -> NamespaceName {
        NamespaceName::parse("co").unwrap()
    }

    fn value(headers: &[&str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(COOKIE, HeaderValue::from_str(header).unwrap());
        }
        read(&map, "minbil_rt_co").map(|value| value.expose().to_owned())
    }

    #[test]
    fn only_the_exact_name_counts_and_two_count_as_none() {
        assert_eq!(value(&["a=b; minbil_rt_co=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(value(&["a=b", "minbil_rt_co=x"]).as_deref(), Some("x"));
        assert_eq!(value(&["MINBIL_RT_CO=x"]), None);
        assert_eq!(value(&["minbil_rt_ws=x"]), None);
        assert_eq!(value(&["minbil_rt_co=x; minbil_rt_co=x"]), None);
        assert_eq!(value(&["minbil_rt_co=x", "minbil_rt_co=y"]), None);
        assert_eq!(value(&["minbil_rt_co"]), None);
    }

    #[test]
    fn asvs_3_3_1_the_cookie_is_bound_to_tls_to_its_path_and_to_its_site() {
        let grant = CookieGrant {
            value: SecretText::new("v".to_owned()),
            max_age: Duration::from_secs(10_000_000_000),
        };
        let production = set(Mode::Production, &co(), &grant).unwrap();
        assert_eq!(
            production.to_str().unwrap(),
            "__Secure-minbil_rt_co=v; Path=/api/co/auth; Max-Age=34560000; Secure; HttpOnly; SameSite=Strict"
        );
        let development = clear(Mode::Development, &co()).unwrap();
        assert_eq!(
            development.to_str().unwrap(),
            "minbil_rt_co=; Path=/api/co/auth; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}
