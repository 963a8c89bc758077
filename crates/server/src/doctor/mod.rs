//! `doctor`: looks from outside whether a deployment is what its configuration says. Most of what goes wrong in one is between the
//! client and the server, where neither a log nor a test of the server sees it: a proxy that hides everybody's address or
//! believes anybody's, that takes attributes off cookies, that answers preflights itself.
//!
//! It changes nothing: databases are opened read-only, and the only mail it sends is the one it is asked for.

mod address;
mod clock;
mod finding;
mod mail;
mod pages;
mod place;
mod probe;
mod redirects;
mod web;

pub use finding::{Finding, Verdict, report, worst};

use crate::config::settings::{Mode, Settings};
use crate::outside::Outside;
use domain::email_address::EmailAddress;
use std::path::PathBuf;
use url::Url;
use web::Web;

/// What the doctor is told beside the configuration.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Where clients reach the server, if not at `base_url`.
    pub url: Option<String>,
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Who gets a mail to see whether it arrives.
    pub mail_to: Option<EmailAddress>,
}

/// Looks at everything.
///
/// # Errors
/// When the examination itself cannot be made.
pub async fn examine(settings: &Settings, asked: &Examination) -> anyhow::Result<Vec<Finding>> {
    let outside = Outside::default();
    let url = asked.url.as_deref().unwrap_or(&settings.base_url);
    let url = Url::parse(url).map_err(|error| anyhow::anyhow!("--url {url}: {error}"))?;
    anyhow::ensure!(
        matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none(),
        "--url {url}: an address without a path, such as https://api.example.com"
    );
    let web = Web::new(asked.ca_file.as_deref())?;
    let mut findings = place::examine(settings, &outside).await;
    findings.extend(limits(settings));
    findings.extend(mail::examine(settings, &outside, asked.mail_to.as_ref()).await);
    findings.extend(redirects::examine(settings, &web).await);
    let reached = probe::reach(settings, &web, &url, &outside).await;
    findings.extend(reached.findings);
    if let Some(server_clock) = reached.server_clock {
        findings.extend(probe::examine(settings, &web, &url, &outside, server_clock).await);
        findings.extend(pages::cors(settings, &web, &url).await);
    }
    Ok(findings)
}

fn limits(settings: &Settings) -> Option<Finding> {
    (!settings.written.limits.enabled).then(|| {
        let says = "limits.enabled = false: anybody may guess any number of passwords";
        match settings.mode {
            Mode::Production => Finding::wrong("limits", says, "take the key out of the configuration"),
            Mode::Development => Finding::warning("limits", says, "never carry it into production"),
        }
    })
}
