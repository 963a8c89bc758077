//! The question that shows which proxies there are is answered to who has the root key, and to nobody else.

use crate::harness::{Answer, Draft, Setup, TestServer};
use axum::http::Method;
use domain::doctor_probe::{DoctorProbe, PROBE_VALID_FOR};
use domain::namespace::NamespaceName;
use domain::time::UnixMillis;
use http_api::doctor::{PROBE_HEADER, Seen, cookie_pair, probe_path};
use std::time::Duration;
use testkit::SeededEntropy;

fn co() -> NamespaceName {
    NamespaceName::parse("co").unwrap()
}

fn probe(server: &TestServer, namespace: &str, at: UnixMillis) -> String {
    let namespace = NamespaceName::parse(namespace).unwrap();
    let macs = server.service.macs.as_ref();
    app::doctor_probe::make(macs, &SeededEntropy::default(), &namespace, at).unwrap().expose().to_owned()
}

fn ask(server: &TestServer, probe: &str) -> Draft {
    server.fetch(&probe_path(&co())).header(PROBE_HEADER, probe)
}

fn now(server: &TestServer) -> UnixMillis {
    server.service.clock.now()
}

#[tokio::test]
async fn who_has_the_root_key_is_told_how_the_request_looked() {
    let server = TestServer::with(Setup::default().with("HTTP__TRUSTED_PROXIES", "192.0.2.0/24")).await;
    let draft = ask(&server, &probe(&server, "co", now(&server)))
        .header("x-forwarded-for", "198.51.100.1")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("authorization", "Bearer doctor")
        .header("cookie", cookie_pair(http_api::Mode::Production, &co()));
    let answer = draft.await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let seen: Seen = serde_json::from_value(answer.json()).unwrap();
    assert_eq!(
        (seen.client.as_str(), seen.peer.as_str(), seen.peer_is_trusted),
        ("203.0.113.9", "192.0.2.7", true)
    );
    assert_eq!(seen.forwarded_for, ["198.51.100.1", "203.0.113.9"]);
    assert_eq!(
        (seen.host.as_deref(), seen.forwarded_proto.as_deref()),
        (Some("api.example.com"), Some("https"))
    );
    assert!(seen.has_authorization && seen.has_cookie && seen.is_production);
    assert_eq!(seen.now, now(&server).as_millis());
    let cookie = answer.cookie();
    assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("__Secure-minbil_doctor_co", "probe"));
    assert_eq!(
        cookie.attributes,
        ["Path=/api/co/auth", "Max-Age=60", "Secure", "HttpOnly", "SameSite=Strict"]
    );
}

fn bytes(answer: &Answer) -> String {
    assert_eq!(answer.status, 404);
    answer.bytes_but_request_id()
}

#[tokio::test]
async fn asvs_13_4_2_for_everybody_else_there_is_nothing_at_this_address() {
    let server = TestServer::start().await;
    let nothing = bytes(&server.fetch(&probe_path(&co())).await);
    let good = probe(&server, "co", now(&server));
    let other_root = TestServer::start().await;
    let limit = PROBE_VALID_FOR + Duration::from_millis(1);
    let unsigned =
        DoctorProbe { key: server.service.macs.current_key(), made_at: now(&server), nonce: [0; 16] };
    for wrong in [
        String::new(),
        "probe".to_owned(),
        good.to_ascii_uppercase(),
        good[..good.len() - 1].to_owned(),
        unsigned.encode(&[0; 32]),
        probe(&server, "ws", now(&server)),
        probe(&server, "co", now(&server).minus(limit)),
        probe(&server, "co", now(&server).plus(limit)),
        probe(&other_root, "co", now(&server)),
    ] {
        assert_eq!(bytes(&ask(&server, &wrong).await), nothing, "{wrong}");
    }
    // Nor at any other address, for whoever it is.
    ask(&server, &good).method(Method::POST).await.problem("not_found");
    server.fetch("/api/xx/auth/doctor").header(PROBE_HEADER, &good).await.problem("not_found");
    server.get("me").header(PROBE_HEADER, &good).await.problem("credentials_missing");
}
