//! The client's address on its way through proxies (ASVS 4.1.3), and what else they do to requests.

use super::Deployment;
use super::proxy::{Forwarding, Proxy};

const TRUSTED: &str = "MINBIL_AUTH_HTTP__TRUSTED_PROXIES";

async fn behind(trusted: &str) -> Deployment {
    Deployment::with(&[(TRUSTED, trusted)]).await
}

#[tokio::test]
async fn asvs_4_1_3_a_proxy_that_appends_or_replaces_and_is_named_is_right() {
    let deployment = behind("127.0.0.2").await;
    for forwarding in [Forwarding::Append, Forwarding::Replace] {
        let port = Proxy::that(forwarding).before(deployment.server.port).await;
        let report = deployment.examine(port).await;
        report.says("client", "ok", "the client is 127.0.0.1, through one proxy");
        for check in ["host", "cookie", "cors", "probe", "clock", "mail", "database", "root key"] {
            report.is_at_most(check, "ok");
        }
    }
}

#[tokio::test]
async fn asvs_4_1_3_everybody_shares_one_bucket_behind_a_proxy_that_nobody_named() {
    let deployment = behind("10.0.0.0/8").await;
    let port = Proxy::that(Forwarding::Append).before(deployment.server.port).await;
    let report = deployment.examine(port).await;
    report.says("client", "wrong", "everybody shares one bucket: 127.0.0.2 sends X-Forwarded-For");
}

#[tokio::test]
async fn asvs_4_1_3_everybody_shares_one_bucket_behind_a_proxy_that_does_not_say_for_whom() {
    for trusted in ["127.0.0.2", "10.0.0.0/8"] {
        let deployment = behind(trusted).await;
        let port = Proxy::that(Forwarding::Strip).before(deployment.server.port).await;
        let report = deployment.examine(port).await;
        report.says("client", "wrong", "everybody shares one bucket: 127.0.0.2 passes requests on");
    }
}

#[tokio::test]
async fn asvs_4_1_3_a_proxy_that_passes_claims_on_makes_addresses_forgeable() {
    let deployment = behind("127.0.0.2").await;
    let port = Proxy::that(Forwarding::Pass).before(deployment.server.port).await;
    let report = deployment.examine(port).await;
    report.says("client", "wrong", "forgeable: a client that sends X-Forwarded-For: 198.51.100.11");
}

#[tokio::test]
async fn asvs_4_1_3_a_second_proxy_that_nobody_named_is_found() {
    let deployment = behind("127.0.0.3").await;
    let inner = Proxy::that(Forwarding::Append).from([127, 0, 0, 3]).before(deployment.server.port).await;
    let outer = Proxy::that(Forwarding::Append).before(inner).await;
    let report = deployment.examine(outer).await;
    report.says("client", "wrong", "everybody shares one bucket: 127.0.0.2 counts as the client");
    let both = behind("127.0.0.2,127.0.0.3").await;
    let inner = Proxy::that(Forwarding::Append).from([127, 0, 0, 3]).before(both.server.port).await;
    let outer = Proxy::that(Forwarding::Append).before(inner).await;
    both.examine(outer).await.says("client", "ok", "the client is 127.0.0.1, through 2 proxies");
}

#[tokio::test]
async fn a_proxy_that_writes_no_addresses_is_found() {
    let deployment = behind("127.0.0.2").await;
    let port = Proxy::that(Forwarding::Garble).before(deployment.server.port).await;
    deployment.examine(port).await.says("client", "wrong", "`unknown`, which is no address");
}

#[tokio::test]
async fn a_question_from_among_the_trusted_proves_nothing_and_one_without_a_proxy_is_right() {
    let deployment = behind("127.0.0.1").await;
    let report = deployment.examine(deployment.server.port).await;
    report.says("client", "warning", "straight from 127.0.0.1, which http.trusted_proxies names");
    let inside = behind("127.0.0.1,127.0.0.2").await;
    let port = Proxy::that(Forwarding::Append).before(inside.server.port).await;
    let report = inside.examine(port).await;
    report.says("client", "wrong", "forgeable");
    let alone = Deployment::with(&[]).await;
    alone.examine(alone.server.port).await.says(
        "client",
        "ok",
        "no proxy in between; the client is 127.0.0.1",
    );
}

#[tokio::test]
async fn what_a_proxy_takes_off_a_request_is_told() {
    let deployment = behind("127.0.0.2").await;
    let strip = |head: String| {
        let kept =
            head.lines().filter(|line| !line.starts_with("authorization:") && !line.starts_with("cookie:"));
        let kept: Vec<_> =
            kept.map(|line| if line.starts_with("host:") { "host: upstream" } else { line }).collect();
        format!("{}\r\n\r\n", kept.join("\r\n").trim_end())
    };
    let port = Proxy::that(Forwarding::Append).request(strip).before(deployment.server.port).await;
    let report = deployment.examine(port).await;
    report.says("headers", "wrong", "Authorization does not arrive");
    report.says("headers", "wrong", "Cookie does not arrive");
    report.says("host", "warning", "the server was asked for upstream");
}

#[tokio::test]
async fn a_scheme_that_is_not_the_one_of_the_way_in_is_told() {
    let deployment = behind("127.0.0.2").await;
    let add = |head: String| format!("{}\r\nx-forwarded-proto: https\r\n\r\n", head.trim_end());
    let port = Proxy::that(Forwarding::Append).request(add).before(deployment.server.port).await;
    deployment.examine(port).await.says(
        "host",
        "warning",
        "X-Forwarded-Proto says https, the way in was http",
    );
}

#[tokio::test]
async fn a_proxy_that_keeps_the_question_for_itself_is_told_of() {
    let deployment = behind("127.0.0.2").await;
    let drop_probe = |head: String| head.replace("x-minbil-doctor", "x-nothing");
    let port = Proxy::that(Forwarding::Append).request(drop_probe).before(deployment.server.port).await;
    deployment.examine(port).await.says("probe", "wrong", "is not the server of this configuration");
}
