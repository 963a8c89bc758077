//! What browsers meet: preflights, cookies, clocks, the pages that links lead to.

use super::proxy::{Forwarding, Proxy};
use super::{Deployment, Report, examined};
use crate::process::{ServerProcess, ServerSetup};
use std::sync::Arc;

/// A proxy that is right about addresses and changes answers.
async fn changing(
    deployment: &Deployment,
    change: impl Fn(String) -> String + Send + Sync + 'static,
) -> Report {
    let port = Proxy::that(Forwarding::Append).answer(change).before(deployment.server.port).await;
    deployment.examine(port).await
}

async fn deployment(more: &[(&str, &str)]) -> Deployment {
    let proxy = ("MINBIL_AUTH_HTTP__TRUSTED_PROXIES", "127.0.0.2");
    Deployment::with(&[&[proxy], more].concat()).await
}

#[tokio::test]
async fn asvs_3_3_1_a_cookie_that_loses_an_attribute_on_the_way_is_found() {
    let deployment = deployment(&[]).await;
    let report = changing(&deployment, |answer| answer.replace("; Secure;", ";")).await;
    report.says("cookie", "wrong", "it lost `secure`");
    let report = changing(&deployment, |answer| answer.replace("Path=/api/co/auth", "Path=/")).await;
    report.says("cookie", "wrong", "it lost `path=/api/co/auth` and got `path=/`");
    let report = changing(&deployment, |answer| answer.replace("set-cookie:", "x-cookie:")).await;
    report.says("cookie", "wrong", "does not arrive: nobody stays signed in");
}

#[tokio::test]
async fn asvs_3_4_2_a_proxy_with_cors_of_its_own_is_found() {
    let deployment = deployment(&[]).await;
    let add = "\r\naccess-control-allow-origin: *\r\n\r\n";
    let report = changing(&deployment, move |answer| answer.replacen("\r\n\r\n", add, 1)).await;
    report.says(
        "cors",
        "wrong",
        "pages of https://app.example.com cannot call: Access-Control-Allow-Origin is",
    );
    let lose = |answer: String| answer.replace("access-control-allow-credentials", "x-none");
    changing(&deployment, lose).await.says("cors", "wrong", "Access-Control-Allow-Credentials is not `true`");
    let lose = |answer: String| answer.replace("GET,POST,DELETE", "GET");
    changing(&deployment, lose).await.says("cors", "wrong", "Access-Control-Allow-Methods has no POST");
    let lose = |answer: String| answer.replace(",authorization", "");
    changing(&deployment, lose).await.says(
        "cors",
        "wrong",
        "Access-Control-Allow-Headers has no authorization",
    );
    let refuse = |answer: String| answer.replace("HTTP/1.1 200", "HTTP/1.1 403");
    changing(&deployment, refuse).await.says("cors", "wrong", "the preflight is answered 403");
}

#[tokio::test]
async fn asvs_3_4_2_a_stranger_that_may_read_is_found() {
    let deployment = deployment(&[("MINBIL_AUTH_NAMESPACES__CO__ALLOWED_ORIGINS", "")]).await;
    let add = "\r\naccess-control-allow-origin: null\r\n\r\n";
    let report = changing(&deployment, move |answer| answer.replacen("\r\n\r\n", add, 1)).await;
    report.says("cors", "wrong", "pages of anybody may call: null gets");
    changing(&deployment, |answer| answer).await.says("cors", "ok", "no page of another origin may call");
}

/// Turns the clock that an answer tells of back by an hour.
fn an_hour_late(answer: String) -> String {
    let Some((before, rest)) = answer.split_once("\"now\":") else { return answer };
    let end = rest.find('}').unwrap();
    let now: i64 = rest[..end].parse().unwrap();
    format!("{before}\"now\":{}{}", now - 3_600_000, &rest[end..])
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_found_and_hides_nothing_else() {
    let deployment = deployment(&[]).await;
    let report = changing(&deployment, an_hour_late).await;
    report.says("clock", "wrong", "s behind this machine's clock");
    report.is_at_most("client", "ok");
}

#[tokio::test]
async fn links_that_lead_nowhere_or_on_to_others_are_found() {
    let (data, setup) = (tempfile::tempdir().unwrap(), ServerSetup::default());
    let server = ServerProcess::start(data.path(), &setup).await;
    let moved = Proxy::that(Forwarding::Strip).answer(|_| {
        "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n".to_owned()
    });
    let moved = moved.before(server.port).await;
    let closed = crate::process::free_port();
    let targets = format!(
        "http://localhost:{0}/docs,http://localhost:{0}/nothing,http://localhost:{moved}/,http://localhost:{closed}/",
        server.port
    );
    let setup = setup.with("MINBIL_AUTH_NAMESPACES__CO__REDIRECT_TO", targets);
    let report = Report::of(&examined(data.path(), &setup, &["--url", &server.base]).await);
    report.says("redirect", "ok", "/docs answers");
    report.says("redirect", "wrong", "/nothing answers 404");
    report.says("redirect", "warning", "sends people on to `https://evil.example/`");
    report.says("redirect", "warning", &format!("{closed}/ does not answer"));
    report.says("client", "ok", "development");
    report.says("mail", "ok", "development");
}

#[tokio::test]
async fn a_deployment_that_is_as_it_should_be_gets_an_ok_and_nothing_else() {
    let files = tempfile::tempdir().unwrap();
    crate::tls::write_certificate(files.path());
    let (chain, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    let sink = crate::crash::smtp_sink::SmtpSink::start().await;
    let data = tempfile::tempdir().unwrap();
    let port = crate::process::free_port();
    let base = format!("https://localhost:{port}");
    let setup = super::production(sink.port)
        .with("MINBIL_AUTH_BASE_URL", &base)
        .with("MINBIL_AUTH_NAMESPACES__CO__REDIRECT_TO", format!("{base}/docs"))
        .with("MINBIL_AUTH_TLS__CERTIFICATE_FILE", chain.display())
        .with("MINBIL_AUTH_TLS__PRIVATE_KEY_FILE", key.display());
    let listen =
        ServerSetup { arguments: vec!["--listen".to_owned(), format!("127.0.0.1:{port}")], ..setup.clone() };
    let server = Arc::new(ServerProcess::spawn(data.path(), &listen));
    let ca_file = chain.display().to_string();
    crate::process::until("the server answers over TLS", async || {
        let ran = examined(data.path(), &setup, &["--ca-file", &ca_file]).await;
        let report = ran.json();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["check"] == "reach" && one["verdict"] == "ok")
    })
    .await;
    let ran = examined(data.path(), &setup, &["--ca-file", &ca_file, "--mail-to", "owner@example.com"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}\n{}", server.log());
    let report = Report::of(&ran);
    report.says("reach", "ok", "over TLSv1_3");
    report.says("mail", "ok", "took the mail");
    assert!(sink.recipients().contains("owner@example.com"));
    let distrusted = Report::of(&examined(data.path(), &setup, &[]).await);
    distrusted.says("reach", "wrong", "does not answer: TLS");
}
