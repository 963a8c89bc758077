//! Whether the client's address survives the way through the proxies: neither may everybody look like one client, whose
//! limits they then share, nor may anybody look like whom they want.

use super::finding::Finding;
use domain::client_address::{AddressRange, entry_address};
use http_api::doctor::Seen;
use std::net::{IpAddr, Ipv4Addr};

const CHECK: &str = "client";

/// What the doctor claims to be: addresses that nobody has (RFC 5737). The second claim comes in two lines, because
/// some proxies look at the last one alone, and some at the first.
pub(super) const CLAIMS: [&[&str]; 2] = [&["198.51.100.11"], &["198.51.100.22", "198.51.100.23"]];

/// What was seen of three questions from one place.
pub(super) struct Observed {
    /// Without any claim.
    pub(super) plain: Seen,
    /// With each of [`CLAIMS`].
    pub(super) claimed: Vec<Seen>,
    /// This end of the connection, as it is on this machine.
    pub(super) here: IpAddr,
    /// The other end.
    pub(super) there: IpAddr,
    /// Whether somebody else ends TLS for the server.
    pub(super) tls_ends_before: bool,
}

impl Observed {
    /// What proxies wrote, although nobody had sent anything.
    fn entries(&self) -> Vec<&str> {
        self.plain.forwarded_for.iter().flat_map(|line| line.split(',')).map(str::trim).collect()
    }

    /// Whether something surely stands in between. On the way to another machine an address may also be translated, but not
    /// on the way within one.
    fn has_proxy(&self) -> bool {
        let differs = self.plain.peer != self.here.to_canonical().to_string();
        !self.plain.forwarded_for.is_empty() || self.tls_ends_before || (self.there.is_loopback() && differs)
    }

    /// The claim that was believed.
    fn believed(&self) -> Option<(&str, &Seen)> {
        let both = CLAIMS.iter().zip(&self.claimed);
        both.flat_map(|(claims, seen)| claims.iter().map(move |claim| (*claim, seen)))
            .find(|(claim, seen)| seen.client == *claim)
    }
}

/// What it comes to.
pub(super) fn judge(observed: &Observed, trusted: &[AddressRange]) -> Finding {
    let Seen { peer, client, .. } = &observed.plain;
    if let Some((claim, seen)) = observed.believed() {
        return forgeable(observed, claim, seen);
    }
    match (observed.plain.peer_is_trusted, observed.entries().as_slice()) {
        (false, []) if !observed.has_proxy() => without_proxy(observed),
        (_, []) if observed.has_proxy() => Finding::wrong(
            CHECK,
            format!(
                "everybody shares one bucket: {peer} passes requests on and does not say for whom, so all clients have its \
                 address and its limits"
            ),
            format!(
                "let that proxy send X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for) and \
                 name it: http.trusted_proxies = [\"{peer}\"]"
            ),
        ),
        (_, []) => Finding::warning(
            CHECK,
            format!("this question came straight from {peer}, which http.trusted_proxies names"),
            "run the doctor from a place outside of the proxies",
        ),
        (false, _) => Finding::wrong(
            CHECK,
            format!(
                "everybody shares one bucket: {peer} sends X-Forwarded-For, and http.trusted_proxies does not name it, so all \
                 clients have its address and its limits"
            ),
            format!("name it: http.trusted_proxies = [\"{peer}\"], or the range that your proxies are in"),
        ),
        (true, entries) => through_proxies(entries, client, trusted),
    }
}

fn forgeable(observed: &Observed, claim: &str, seen: &Seen) -> Finding {
    let peer = &seen.peer;
    if observed.entries().is_empty() && !observed.has_proxy() {
        return Finding::warning(
            CHECK,
            format!(
                "this question came straight from {peer}, which http.trusted_proxies names, so its claims are believed"
            ),
            "run the doctor from a place outside of the proxies; if clients call from there too, take it off http.trusted_proxies",
        );
    }
    Finding::wrong(
        CHECK,
        format!(
            "forgeable: a client that sends X-Forwarded-For: {claim} counts as {claim}, because {peer} passes the header on as it \
             came; who guesses passwords has as many addresses as they like"
        ),
        "let the outermost proxy replace the header or append to it (nginx: proxy_set_header X-Forwarded-For \
         $proxy_add_x_forwarded_for), and name nobody in http.trusted_proxies but your proxies",
    )
}

fn without_proxy(observed: &Observed) -> Finding {
    let Seen { peer, client, .. } = &observed.plain;
    if *peer == observed.here.to_canonical().to_string() {
        return Finding::ok(
            CHECK,
            format!("no proxy in between; the client is {client}, and nobody believes a claim"),
        );
    }
    Finding::warning(
        CHECK,
        format!("the client is {client}, which is not this machine's {}", observed.here),
        "if your address is translated on the way, this is right; if that is a proxy of yours, let it send X-Forwarded-For and \
         name it in http.trusted_proxies, because all clients share its limits",
    )
}

fn through_proxies(entries: &[&str], client: &str, trusted: &[AddressRange]) -> Finding {
    let shown = entries.join(", ");
    let is_client = |entry: &&str| entry_address(entry).is_some_and(|address| address.to_string() == client);
    match entries.iter().rposition(is_client) {
        None => Finding::wrong(
            CHECK,
            format!(
                "everybody shares one bucket: X-Forwarded-For says `{shown}`, which is no address, so the proxy's own counts"
            ),
            "let the proxy write nothing but addresses into X-Forwarded-For",
        ),
        Some(0) => {
            let address = client.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            if trusted.iter().any(|range| range.contains(address)) {
                return Finding::warning(
                    CHECK,
                    format!("the client is {client}, which http.trusted_proxies names itself"),
                    "run the doctor from a place outside of the proxies; if that is outside, the range is too wide",
                );
            }
            Finding::ok(
                CHECK,
                format!(
                    "the client is {client}, through {} named by X-Forwarded-For; no claim is believed",
                    hops(entries)
                ),
            )
        }
        Some(_) => Finding::wrong(
            CHECK,
            format!(
                "everybody shares one bucket: {client} counts as the client, but it has written `{shown}` itself, so it is a proxy"
            ),
            format!("name it too: http.trusted_proxies = [.., \"{client}\"]"),
        ),
    }
}

fn hops(entries: &[&str]) -> String {
    match entries.len() {
        1 => "one proxy".to_owned(),
        more => format!("{more} proxies"),
    }
}
