//! The questions that only the server of this root key answers, and what its answers say about the way to it.

use super::address::{self, CLAIMS, Observed};
use super::finding::Finding;
use super::web::{Ask, Reply, Web};
use super::{clock, pages};
use crate::config::settings::{Mode, Settings};
use crate::outside::Outside;
use crate::wire;
use anyhow::Context as _;
use crypto::TokenMacs;
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use http_api::doctor::{PROBE_HEADER, Seen, cookie_pair, probe_path, set_cookie};
use hyper::Method;
use url::Url;

/// Whether anybody answers.
pub(super) struct Reached {
    pub(super) findings: Vec<Finding>,
    /// What the clock at the other end says, if anybody answers. A probe is made for that clock, so that a wrong one is
    /// one finding and not ten.
    pub(super) server_clock: Option<UnixMillis>,
}

/// Asks whether the server is alive.
pub(super) async fn reach(settings: &Settings, web: &Web, url: &Url, outside: &Outside) -> Reached {
    let check = "reach";
    let remedy = "check that the server runs, the name in the DNS, the certificate, and where the proxy passes requests on to";
    let health = match url.join("/readyz") {
        Ok(health) => health,
        Err(error) => {
            return Reached {
                findings: vec![Finding::wrong(check, error.to_string(), remedy)],
                server_clock: None,
            };
        }
    };
    match web.ask(Ask { method: Method::GET, url: &health, headers: Vec::new() }).await {
        Err(error) => Reached {
            findings: vec![Finding::wrong(check, format!("{url} does not answer: {error:#}"), remedy)],
            server_clock: None,
        },
        Ok(reply) => {
            let date = reply.all("date").first().and_then(|text| clock::date(text));
            let mut findings = vec![reached(url, &reply)];
            findings.extend(named_otherwise(settings, url));
            Reached { findings, server_clock: Some(date.unwrap_or_else(|| outside.clock.now())) }
        }
    }
}

fn reached(url: &Url, reply: &Reply) -> Finding {
    let how =
        reply.tls.as_deref().map_or_else(|| "in plain text".to_owned(), |version| format!("over {version}"));
    match reply.status {
        200 => Finding::ok("reach", format!("{url} answers {how} at {}", reply.there)),
        status => Finding::wrong(
            "reach",
            format!("{url}readyz answers {status} {how}"),
            "see the server's log, and the proxy's",
        ),
    }
}

/// Links in mails and the issuer of tokens are made from the configured address.
fn named_otherwise(settings: &Settings, url: &Url) -> Option<Finding> {
    let base = Url::parse(&settings.base_url).ok()?;
    (base.origin() != url.origin()).then(|| {
        let says = format!("base_url is {base}, and this examination goes to {url}");
        Finding::warning(
            "reach",
            says,
            "mailed links and issuers name base_url; examine that one before people use it",
        )
    })
}

/// Asks the server how its requests look, in each namespace.
pub(super) async fn examine(
    settings: &Settings,
    web: &Web,
    url: &Url,
    outside: &Outside,
    server_clock: UnixMillis,
) -> Vec<Finding> {
    let Some(name) = settings.namespaces.keys().next() else { return Vec::new() };
    let prober = match Prober::new(settings, web, url, outside, server_clock) {
        Ok(prober) => prober,
        Err(error) => return vec![Finding::wrong("probe", format!("{error:#}"), "see `root key`")],
    };
    let before = outside.clock.now();
    let (plain, reply) = match prober.ask(name, &[]).await {
        Ok(answered) => answered,
        Err(error) => return vec![unanswered(url, &error)],
    };
    let theirs = UnixMillis::from_millis(plain.now);
    let mut findings = vec![clock::compare("the server's clock", theirs, before, outside.clock.now())];
    findings.extend(server(settings, &plain));
    findings.push(host(url, &plain));
    findings.extend(passed_on(&plain));
    findings.extend(
        set_cookie(crate::surface::mode(prober.mode), name)
            .map(|sent| pages::cookie(&reply.all("set-cookie"), &sent)),
    );
    findings.push(client(settings, &prober, name, plain, &reply).await);
    findings
}

fn unanswered(url: &Url, error: &anyhow::Error) -> Finding {
    Finding::wrong(
        "probe",
        format!("what answers at {url} is not the server of this configuration: {error:#}"),
        "the doctor needs the server's own configuration and root key, a server of this version, and a proxy that passes \
         /api/<namespace>/auth/ and the header X-Minbil-Doctor on",
    )
}

async fn client(
    settings: &Settings,
    prober: &Prober<'_>,
    name: &NamespaceName,
    plain: Seen,
    reply: &Reply,
) -> Finding {
    if prober.mode == Mode::Development {
        return Finding::ok("client", "development: nobody is let in through a proxy");
    }
    let mut claimed = Vec::new();
    for claims in CLAIMS {
        match prober.ask(name, claims).await {
            Ok((seen, _)) => claimed.push(seen),
            Err(error) => {
                let says = format!("a request with X-Forwarded-For is not passed on: {error:#}");
                return Finding::warning(
                    "client",
                    says,
                    "some clients are behind proxies of their own that send the header",
                );
            }
        }
    }
    let tls_ends_before = reply.tls.is_some() && settings.tls.is_none();
    let (here, there) = (reply.here.ip(), reply.there.ip());
    address::judge(&Observed { plain, claimed, here, there, tls_ends_before }, &settings.trusted_proxies)
}

/// Whether it is the server that this configuration makes.
fn server(settings: &Settings, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let restart = "restart the server, or give the doctor its configuration";
    if seen.base_url != settings.base_url {
        let says =
            format!("the server's base_url is {}, the configuration's {}", seen.base_url, settings.base_url);
        findings.push(Finding::wrong("probe", says, restart));
    }
    if seen.is_production != (settings.mode == Mode::Production) {
        findings.push(Finding::wrong(
            "probe",
            "the server runs in another mode than the configuration says",
            restart,
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "probe",
            format!("it is the server of this configuration, version {}", seen.version),
        ));
    }
    findings
}

/// The server makes nothing of either, but a proxy that changes them tends to change more.
fn host(url: &Url, seen: &Seen) -> Finding {
    let asked = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let found = seen.host.as_deref().unwrap_or("none");
    if found != asked {
        let says = format!("{asked} was asked for, and the server was asked for {found}");
        return Finding::warning(
            "host",
            says,
            "let the proxy pass Host on (nginx: proxy_set_header Host $host)",
        );
    }
    match &seen.forwarded_proto {
        Some(scheme) if scheme != url.scheme() => {
            let says = format!("X-Forwarded-Proto says {scheme}, the way in was {}", url.scheme());
            Finding::warning(
                "host",
                says,
                "let the proxy that ends TLS set it (nginx: proxy_set_header X-Forwarded-Proto $scheme)",
            )
        }
        _ => Finding::ok("host", format!("the server is asked for {found}")),
    }
}

fn passed_on(seen: &Seen) -> Vec<Finding> {
    let remedy = "let the proxy pass it on";
    let lost = |header: &str, who: &str| {
        Finding::wrong("headers", format!("{header} does not arrive: {who}"), remedy)
    };
    let mut findings = Vec::new();
    if !seen.has_authorization {
        findings.push(lost("Authorization", "no access token works"));
    }
    if !seen.has_cookie {
        findings.push(lost("Cookie", "browsers cannot refresh"));
    }
    findings
}

/// Makes questions and reads answers.
struct Prober<'a> {
    web: &'a Web,
    url: &'a Url,
    outside: &'a Outside,
    macs: TokenMacs,
    mode: Mode,
    /// When this was made, here and there.
    clocks: (UnixMillis, UnixMillis),
}

impl<'a> Prober<'a> {
    fn new(
        settings: &Settings,
        web: &'a Web,
        url: &'a Url,
        outside: &'a Outside,
        server_clock: UnixMillis,
    ) -> anyhow::Result<Self> {
        let macs = TokenMacs::new(&wire::root_keys(settings)?);
        Ok(Self { web, url, outside, macs, mode: settings.mode, clocks: (outside.clock.now(), server_clock) })
    }

    async fn ask(&self, name: &NamespaceName, claims: &[&str]) -> anyhow::Result<(Seen, Reply)> {
        let now = self.clocks.1.plus(self.outside.clock.now().since(self.clocks.0));
        let probe = app::doctor_probe::make(&self.macs, self.outside.entropy.as_ref(), name, now);
        let probe = probe.context("there is no root key to ask with")?;
        let mode = crate::surface::mode(self.mode);
        let mut headers = vec![
            (PROBE_HEADER, probe.expose().to_owned()),
            ("authorization", "Bearer doctor".to_owned()),
            ("cookie", cookie_pair(mode, name)),
        ];
        headers.extend(claims.iter().map(|claim| ("x-forwarded-for", (*claim).to_owned())));
        let url = self.url.join(&probe_path(name))?;
        let reply = self.web.ask(Ask { method: Method::GET, url: &url, headers }).await?;
        anyhow::ensure!(reply.status == 200, "{} answers {}", url.path(), reply.status);
        let seen = serde_json::from_slice(&reply.body).context("the answer is none of the server's")?;
        Ok((seen, reply))
    }
}
