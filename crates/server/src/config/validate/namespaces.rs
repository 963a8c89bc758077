//! Does a namespace make sense?

use super::{DAY, Findings, SECONDS_MAX};
use crate::config::schema::{Config, Namespace, Sessions};
use crate::config::settings::{NamespaceSettings, origin_of};
use domain::account::EmailVerification;
use domain::locale::Locale;
use domain::namespace::NamespaceName;
use domain::password::PASSWORD_MIN_FLOOR;
use domain::redirect::{RedirectAllowlist, RedirectTarget};
use domain::session::SessionPolicy;
use domain::throttle::Budget;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

const GRACE_MAX_SECONDS: u64 = 600;
const PASSWORD_MIN_CEILING: usize = 64;

pub(super) fn namespaces(
    config: &Config,
    base_url: &str,
    f: &mut Findings,
) -> BTreeMap<NamespaceName, NamespaceSettings> {
    let mut namespaces = BTreeMap::new();
    if config.namespaces.is_empty() {
        f.say("namespaces", "", "at least one, such as [namespaces.co]");
    }
    for (name, written) in &config.namespaces {
        match NamespaceName::parse(name) {
            Ok(parsed) => {
                if let Some(settings) = namespace(config, &parsed, written, base_url, f) {
                    namespaces.insert(parsed, settings);
                }
            }
            Err(error) => f.say("namespaces", name, &error.to_string()),
        }
    }
    namespaces
}

fn namespace(
    config: &Config,
    name: &NamespaceName,
    written: &Namespace,
    base_url: &str,
    f: &mut Findings,
) -> Option<NamespaceSettings> {
    let key = |field: &str| format!("namespaces.{name}.{field}");
    for origin in &written.allowed_origins {
        if !Url::parse(origin).is_ok_and(|url| url.has_host() && origin_of(&url) == *origin) {
            let right = "an origin as browsers send it, such as https://app.example.com (no path, no slash)";
            f.say(&key("allowed_origins"), origin, right);
        }
    }
    let locale = Locale::from_tag(&written.locale);
    if locale.is_none() {
        f.say(&key("locale"), &written.locale, "en or nb");
    }
    let (least, most) = (PASSWORD_MIN_FLOOR, PASSWORD_MIN_CEILING);
    f.range(&key("password_min"), written.password_min as u64, least as u64, most as u64);
    let email_verification = EmailVerification::from_name(&written.email_verification);
    if email_verification.is_none() {
        f.say(&key("email_verification"), &written.email_verification, "off or required");
    }
    let own_page = |page: &str| format!("{base_url}/{page}/{name}");
    let resets = targets(own_page("reset-password"), &key("redirect_to"), &written.redirect_to, f);
    let proofs =
        targets(own_page("verify-email"), &key("verify_redirect_to"), &written.verify_redirect_to, f);
    let ((redirects, reset_page), (verify_redirects, verify_page)) = (resets?, proofs?);
    let sessions = merged(&config.sessions, written);
    check_sessions(&key("sessions"), &sessions, f);
    Some(NamespaceSettings {
        title: written.title.clone().unwrap_or_else(|| name.to_string()),
        allowed_origins: written.allowed_origins.clone(),
        same_site_is_allowed: written.same_site_is_allowed,
        redirects,
        reset_page,
        email_verification: email_verification?,
        verify_redirects,
        verify_page,
        new_device_mails: written.new_device_mails,
        access_token_ttl: Duration::from_secs(sessions.access_token_seconds),
        sessions: policy(&sessions),
        refresh_tokens_in_bodies: written.refresh_tokens_in_bodies,
        api_key_required: written.api_key_required,
        password_min: written.password_min,
        locale: locale?,
        forgot_password_budget: Budget {
            burst: config.limits.forgot_password_burst,
            refill: Duration::from_secs(config.limits.forgot_password_refill_seconds),
        },
    })
}

/// Where mailed links may lead: the server's own page, which comes first, and what is configured.
fn targets(
    own_page: String,
    key: &str,
    written: &[String],
    f: &mut Findings,
) -> Option<(RedirectAllowlist, RedirectTarget)> {
    match RedirectAllowlist::new(std::iter::once(own_page).chain(written.iter().cloned())) {
        Ok(targets) => {
            let own_page = targets.iter().next()?.clone();
            Some((targets, own_page))
        }
        Err((entry, reason)) => {
            f.say(key, &entry, &reason.to_string());
            None
        }
    }
}

fn merged(defaults: &Sessions, namespace: &Namespace) -> Sessions {
    let own = &namespace.sessions;
    Sessions {
        idle_seconds: own.idle_seconds.unwrap_or(defaults.idle_seconds),
        absolute_seconds: own.absolute_seconds.unwrap_or(defaults.absolute_seconds),
        refresh_grace_seconds: own.refresh_grace_seconds.unwrap_or(defaults.refresh_grace_seconds),
        bearer_chain_seconds: own.bearer_chain_seconds.unwrap_or(defaults.bearer_chain_seconds),
        access_token_seconds: own.access_token_seconds.unwrap_or(defaults.access_token_seconds),
        max_live: own.max_live.unwrap_or(defaults.max_live),
    }
}

fn check_sessions(key: &str, sessions: &Sessions, f: &mut Findings) {
    f.range(&format!("{key}.idle_seconds"), sessions.idle_seconds, 60, SECONDS_MAX);
    f.range(&format!("{key}.absolute_seconds"), sessions.absolute_seconds, 60, SECONDS_MAX);
    f.range(&format!("{key}.refresh_grace_seconds"), sessions.refresh_grace_seconds, 0, GRACE_MAX_SECONDS);
    f.range(&format!("{key}.bearer_chain_seconds"), sessions.bearer_chain_seconds, 0, SECONDS_MAX);
    f.range(&format!("{key}.access_token_seconds"), sessions.access_token_seconds, 60, DAY);
    f.range(&format!("{key}.max_live"), u64::from(sessions.max_live), 1, 1000);
}

const fn policy(sessions: &Sessions) -> SessionPolicy {
    SessionPolicy {
        idle: Duration::from_secs(sessions.idle_seconds),
        absolute: Duration::from_secs(sessions.absolute_seconds),
        grace: Duration::from_secs(sessions.refresh_grace_seconds),
        bearer_chain: Duration::from_secs(sessions.bearer_chain_seconds),
        max_live: sessions.max_live,
    }
}
