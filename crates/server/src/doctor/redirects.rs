//! Whether a mailed link leads somewhere.

use super::finding::Finding;
use super::web::{Ask, Web};
use crate::config::settings::{Mode, Settings};
use hyper::Method;
use url::Url;

const CHECK: &str = "redirect";

/// Opens every target as a browser would, without a token.
pub(super) async fn examine(settings: &Settings, web: &Web) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, namespace) in &settings.namespaces {
        for target in namespace.redirects.iter() {
            findings.push(match understood(settings.mode, target.as_str()) {
                Ok(url) => answers(web, name.as_str(), &url).await,
                Err(finding) => finding,
            });
        }
    }
    findings
}

/// The target as a browser reads it (WHATWG URL), if that is what stands there.
fn understood(mode: Mode, target: &str) -> Result<Url, Finding> {
    let wrong = |says: String| {
        Finding::wrong(CHECK, says, "write it as a browser shows it, in namespaces.*.redirect_to")
    };
    let url = Url::parse(target).map_err(|error| wrong(format!("{target} is no address: {error}")))?;
    // A browser adds the slash after a bare host, and nothing else.
    if url.as_str().trim_end_matches('/') != target.trim_end_matches('/') {
        return Err(wrong(format!("a browser reads {target} as {url}")));
    }
    if url.scheme() != "https" && mode == Mode::Production {
        let says = format!("{target} is not encrypted: reset tokens can be read on the way");
        return Err(Finding::wrong(CHECK, says, "production sends people to https:// alone"));
    }
    Ok(url)
}

async fn answers(web: &Web, namespace: &str, url: &Url) -> Finding {
    let reply = web.ask(Ask { method: Method::GET, url, headers: Vec::new() }).await;
    let remedy = format!(
        "people who forgot their password land there; mend the page or take it off namespaces.{namespace}.redirect_to"
    );
    match reply {
        Ok(reply) if (200..300).contains(&reply.status) => Finding::ok(CHECK, format!("{url} answers")),
        Ok(reply) if (300..400).contains(&reply.status) => {
            let to = reply.all("location").join(", ");
            let says = format!("{url} sends people on to `{to}`, and the reset token with them");
            Finding::warning(
                CHECK,
                says,
                "put the last address on the list, if you trust all that are on the way",
            )
        }
        Ok(reply) => Finding::wrong(CHECK, format!("{url} answers {}", reply.status), remedy),
        Err(error) => Finding::warning(CHECK, format!("{url} does not answer: {error:#}"), remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_target_that_a_browser_reads_otherwise_is_wrong() {
        let verdict = |mode, target| understood(mode, target).map_err(|finding| finding.verdict).err();
        for good in
            ["https://app.example.com", "https://app.example.com/reset?a=b", "https://app.example.com:8443/"]
        {
            assert_eq!(verdict(Mode::Production, good), None, "{good}");
        }
        for bad in [
            "https://app.example.com:443/reset",
            "https://APP.example.com/",
            "https://app.example.com/a/../b",
            "app",
        ] {
            assert_eq!(verdict(Mode::Production, bad), Some(Verdict::Wrong), "{bad}");
        }
        assert_eq!(verdict(Mode::Production, "http://localhost:3000/reset"), Some(Verdict::Wrong));
        assert_eq!(verdict(Mode::Development, "http://localhost:3000/reset"), None);
    }
}
