//! Whether browsers may do what the configuration allows them, and nothing else: preflights of every allowed origin and of a
//! stranger's (Fetch standard, CORS protocol), and the attributes of cookies as they arrive.

use super::finding::Finding;
use super::web::{Ask, Reply, Web};
use crate::config::settings::{NamespaceSettings, Settings};
use domain::namespace::NamespaceName;
use hyper::Method;
use url::Url;

/// Origins that are on nobody's list: a name that never exists (RFC 2606), and what sandboxed pages send.
const STRANGERS: [&str; 2] = ["https://doctor.invalid", "null"];

/// Sends the preflights of a refresh.
pub(super) async fn cors(settings: &Settings, web: &Web, url: &Url) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, namespace) in &settings.namespaces {
        findings.push(namespace_cors(web, url, name, namespace).await);
    }
    findings
}

async fn namespace_cors(
    web: &Web,
    url: &Url,
    name: &NamespaceName,
    namespace: &NamespaceSettings,
) -> Finding {
    let check = "cors";
    let proxy = "let the proxy pass OPTIONS requests on and add no Access-Control headers of its own";
    for origin in &namespace.allowed_origins {
        match preflight(web, url, name, origin).await {
            Err(error) => {
                return Finding::wrong(check, format!("{name}: no answer to a preflight: {error:#}"), proxy);
            }
            Ok(reply) => {
                if let Some(fault) = fault(&reply, origin) {
                    return Finding::wrong(
                        check,
                        format!("{name}: pages of {origin} cannot call: {fault}"),
                        proxy,
                    );
                }
            }
        }
    }
    for stranger in STRANGERS {
        let Ok(reply) = preflight(web, url, name, stranger).await else { continue };
        let allowed = reply.all("access-control-allow-origin");
        if allowed.iter().any(|origin| origin == stranger || origin == "*") {
            let says = format!(
                "{name}: pages of anybody may call: {stranger} gets Access-Control-Allow-Origin: {}",
                allowed.join(", ")
            );
            return Finding::wrong(check, says, proxy);
        }
    }
    match namespace.allowed_origins.len() {
        0 => Finding::ok(check, format!("{name}: no page of another origin may call")),
        count => Finding::ok(check, format!("{name}: {count} allowed origins may call, strangers may not")),
    }
}

async fn preflight(web: &Web, url: &Url, name: &NamespaceName, origin: &str) -> anyhow::Result<Reply> {
    let url = url.join(&format!("/api/{name}/auth/refresh"))?;
    let headers = vec![
        ("origin", origin.to_owned()),
        ("access-control-request-method", "POST".to_owned()),
        ("access-control-request-headers", "authorization,content-type".to_owned()),
    ];
    web.ask(Ask { method: Method::OPTIONS, url: &url, headers }).await
}

/// Why a browser would refuse.
fn fault(reply: &Reply, origin: &str) -> Option<String> {
    if !(200..300).contains(&reply.status) {
        return Some(format!("the preflight is answered {}", reply.status));
    }
    let allowed = reply.all("access-control-allow-origin");
    if allowed != [origin] {
        return Some(format!("Access-Control-Allow-Origin is `{}`", allowed.join(", ")));
    }
    if reply.all("access-control-allow-credentials") != ["true"] {
        return Some("the cookie is not allowed: Access-Control-Allow-Credentials is not `true`".to_owned());
    }
    let says = |name: &str, word: &str| {
        let lines = reply.all(name).join(",");
        lines.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    if !says("access-control-allow-methods", "POST") {
        return Some("Access-Control-Allow-Methods has no POST".to_owned());
    }
    let missing = ["authorization", "content-type"]
        .into_iter()
        .find(|word| !says("access-control-allow-headers", word));
    missing.map(|word| format!("Access-Control-Allow-Headers has no {word}"))
}

/// Holds the cookie that arrived against the one that was sent.
pub(super) fn cookie(arrived: &[String], sent: &str) -> Finding {
    let check = "cookie";
    let remedy = "let the proxy pass Set-Cookie on as it is (nginx: no proxy_cookie_path, proxy_cookie_flags or proxy_hide_header)";
    let name = sent.split('=').next().unwrap_or_default();
    let Some(found) = arrived.iter().find(|cookie| cookie.split('=').next() == Some(name)) else {
        return Finding::wrong(
            check,
            format!("{name} is sent and does not arrive: nobody stays signed in in a browser"),
            remedy,
        );
    };
    let parts = |cookie: &str| -> Vec<String> {
        cookie.split(';').map(|part| part.trim().to_ascii_lowercase()).collect()
    };
    let (found, sent) = (parts(found), parts(sent));
    let lost: Vec<_> = sent.iter().filter(|part| !found.contains(part)).map(String::as_str).collect();
    let added: Vec<_> = found.iter().filter(|part| !sent.contains(part)).map(String::as_str).collect();
    if lost.is_empty() && added.is_empty() {
        return Finding::ok(check, format!("it arrives as it was sent: {}", sent[1..].join("; ")));
    }
    let says = format!("on the way it lost `{}` and got `{}`", lost.join("; "), added.join("; "));
    Finding::wrong(check, says, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    const SENT: &str = "__Secure-x=probe; Path=/api/co/auth; Max-Age=60; Secure; HttpOnly; SameSite=Strict";

    #[test]
    fn asvs_3_3_1_every_attribute_that_a_proxy_takes_or_adds_is_told() {
        assert_eq!(cookie(&[SENT.to_owned()], SENT).verdict, Verdict::Ok);
        let reordered = "__Secure-x=probe; secure; samesite=strict; httponly; max-age=60; path=/api/co/auth";
        assert_eq!(cookie(&["a=b".to_owned(), reordered.to_owned()], SENT).verdict, Verdict::Ok);
        for part in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/api/co/auth", "; Max-Age=60"] {
            let finding = cookie(&[SENT.replace(part, "")], SENT);
            assert_eq!(finding.verdict, Verdict::Wrong, "{part}");
            assert!(finding.says.contains(&part[2..].to_ascii_lowercase()), "{}", finding.says);
        }
        for changed in [SENT.replace("Path=/api/co/auth", "Path=/"), format!("{SENT}; Domain=example.com")] {
            assert_eq!(cookie(&[changed], SENT).verdict, Verdict::Wrong);
        }
        assert!(cookie(&[], SENT).says.contains("does not arrive"));
    }
}
