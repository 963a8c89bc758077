//! Every route, and everything that should not be in a request: never a 5xx, always a problem document, and
//! nothing changes. The harness checks the document itself (`answer::check_always`).

use crate::harness::{APP, Draft, OWNER, PASSWORD, Setup, Signed, TestServer};
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every route: its method, its path, and the fields of its body.
const ROUTES: [(&str, &str, &[&str]); 16] = [
    ("POST", "/api/co/auth/sign-up", &["email", "password"]),
    ("POST", "/api/co/auth/sign-in", &["email", "password"]),
    ("POST", "/api/co/auth/refresh", &["refresh_token"]),
    ("POST", "/api/co/auth/sign-out", &["refresh_token", "scope"]),
    ("POST", "/api/co/auth/forgot-password", &["email", "redirect_to"]),
    ("POST", "/api/co/auth/reset-password", &["token", "password"]),
    ("POST", "/api/co/auth/verify-email", &["token"]),
    ("POST", "/api/co/auth/resend-verification", &["email", "redirect_to"]),
    ("POST", "/api/co/auth/change-password", &["current_password", "new_password"]),
    ("GET", "/api/co/auth/me", &[]),
    ("GET", "/api/co/auth/sessions", &[]),
    ("DELETE", "/api/co/auth/sessions/x", &[]),
    ("GET", "/api/co/.well-known/jwks.json", &[]),
    ("GET", "/openapi.json", &[]),
    ("GET", "/healthz", &[]),
    ("GET", "/readyz", &[]),
];

fn draft(server: &TestServer, method: &str, path: &str) -> Draft {
    server.call(Method::from_bytes(method.as_bytes()).unwrap(), path)
}

/// A server with one account, whose owner is signed in: what must be unharmed in the end.
async fn server() -> (TestServer, Signed) {
    // What is tried here is tried hundreds of times.
    let server = TestServer::with(Setup::default().with("LIMITS__ENABLED", false)).await;
    let signed = server.owner_on_page().await;
    (server, signed)
}

async fn is_unharmed(server: &TestServer, signed: &Signed) {
    server.me(&signed.access).await.ok();
    server.refresh(crate::harness::Credential::Body(&signed.refresh)).await.ok();
    server.refresh(crate::harness::Credential::Cookie(&signed.cookie)).await.ok();
    server.sign_in(OWNER).await;
}

/// Values that no field wants.
fn wrong_values() -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!([]),
        json!({}),
        json!([["a"]]),
        json!({ "a": { "b": [null] } }),
    ];
    let texts = [
        "",
        " ",
        "\0",
        "a\0b@example.com",
        "\u{1b}[31mred",
        "\r\nSet-Cookie: a=b",
        "\u{202e}moc.elpmaxe@renwo",
        "\u{feff}owner@example.com",
        "\u{7f}",
        "\u{fffd}",
        "\u{2028}",
        "%s%n%x{}{:?}",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "<script>alert(1)</script>",
        "' OR '1'='1' --",
        "../../../../etc/passwd",
        "undefined",
        "null",
        "[object Object]",
        "💥",
    ];
    values.extend(texts.map(|text| json!(text)));
    values.extend([json!("a".repeat(300)), json!("å".repeat(5000)), json!("a@".repeat(4000))]);
    values
}

#[tokio::test]
async fn asvs_1_3_3_no_value_of_a_field_is_more_than_a_refusal() {
    let (server, signed) = server().await;
    for (method, path, fields) in ROUTES {
        for field in fields {
            // Null is as good as absent where a field may be absent.
            let may_be_null = ["redirect_to", "scope", "refresh_token"].contains(field);
            for value in wrong_values().into_iter().filter(|value| !(may_be_null && value.is_null())) {
                let mut body = json!({ "email": OWNER, "password": "a wrong password", "token": "x" });
                body[*field] = value.clone();
                let answer = draft(&server, method, path).json(&body).await;
                assert!((400..500).contains(&answer.status), "{path} {field} {value}: {}", answer.status);
                let text = value.as_str().map(str::trim).filter(|text| text.len() > 8);
                assert!(text.is_none_or(|text| !answer.text().contains(text)), "repeated: {value}");
            }
        }
    }
    is_unharmed(&server, &signed).await;
}

/// Bodies that are not one JSON object with distinct keys.
fn bad_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "{",
        "}",
        "[]",
        "null",
        "true",
        "1",
        "\"text\"",
        "{}{}",
        "{} x",
        "{\"email\":\"a@example.com\",\"email\":\"b@example.com\"}",
        "{\"\\u0065mail\":\"a@example.com\",\"email\":\"b@example.com\"}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{'email':'a@example.com'}",
        "{email:1}",
        "{\"email\":\"a@example.com\",}",
        "{\"email\":NaN}",
        "{\"email\":Infinity}",
        "{\"email\":01}",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":\"\\udc00\\ud800\"}",
        "{\"email\":\"\t\"}",
        "{\"email\":\"\0\"}",
        "// comment\n{}",
        "email=a%40example.com&password=x",
        "<xml/>",
        "\u{feff}{}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    bodies.push(b"{\"email\":\"\xff\xfe\"}".to_vec());
    bodies.push("{}".encode_utf16().flat_map(u16::to_le_bytes).collect());
    bodies.push([b"[".repeat(8000), b"]".repeat(8000)].concat());
    bodies.push([b"{\"a\":".repeat(2500), b"1".to_vec(), b"}".repeat(2500)].concat());
    bodies
}

#[tokio::test]
async fn asvs_1_5_3_what_parsers_disagree_about_is_malformed_everywhere() {
    let (server, signed) = server().await;
    for (method, path, _) in ROUTES.iter().filter(|(.., fields)| !fields.is_empty()) {
        for body in bad_bodies() {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let answer = draft(&server, method, path).raw("application/json", body).await;
            assert_eq!(answer.status, 400, "{path} {shown}");
            answer.problem("malformed_json");
        }
    }
    is_unharmed(&server, &signed).await;
}

#[tokio::test]
async fn an_empty_or_missing_body_is_malformed_where_one_is_needed() {
    let (server, _) = server().await;
    for call in
        ["sign-up", "sign-in", "forgot-password", "reset-password", "verify-email", "resend-verification"]
    {
        server.post(call).raw("application/json", "").await.problem("malformed_json");
        server.post(call).await.problem("unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_everywhere() {
    let (server, signed) = server().await;
    for (method, path, _) in ROUTES.iter().filter(|(.., fields)| !fields.is_empty()) {
        let filler = "x".repeat(1 << 20);
        for body in [filler.clone(), json!({ "password": filler, "email": OWNER }).to_string()] {
            let answer = draft(&server, method, path).raw("application/json", body).await;
            assert_eq!(answer.status, 413, "{path}");
        }
    }
    // A call without a body does not look at one.
    server.get("me").bearer(&signed.access).raw("application/json", "x".repeat(1 << 20)).await.ok();
    is_unharmed(&server, &signed).await;
}

/// Headers that no client of ours sends.
fn bad_headers() -> Vec<(&'static str, Vec<u8>)> {
    let many = |text: &str, times: usize| text.repeat(times).into_bytes();
    let mut headers: Vec<(&str, Vec<u8>)> = Vec::new();
    for value in [
        &b""[..],
        b" ",
        b"\xff\xfe",
        b"\t",
        b"Bearer",
        b"Bearer ",
        b"Bearer \xff",
        b"Digest a=\"b\"",
        b"Bearer a b c",
    ] {
        headers.push(("authorization", value.to_vec()));
    }
    for value in
        [&b"="[..], b";", b";;;", b"a", b"\xff=\xff", b"__Secure-minbil_rt_co", b"__Secure-minbil_rt_co=\xff"]
    {
        headers.push(("cookie", value.to_vec()));
    }
    for name in
        ["authorization", "cookie", "origin", "user-agent", "accept-language", "x-request-id", "referer"]
    {
        headers.push((name, many("a", 30_000)));
        headers.push((name, many(";=, \"", 5000)));
        headers.push((name, "ø✨".as_bytes().to_vec()));
    }
    for value in
        ["en;q=", "en;q=2", "en;q=-1", "en;q=0.0001", ";;;", "*", "en-", "-", ",,,,", "nb;nb;nb;q=1;q=0"]
    {
        headers.push(("accept-language", value.as_bytes().to_vec()));
    }
    for value in ["", "null", "//", "http://", "[::1", "data:,x", "https://a https://b"] {
        headers.push(("origin", value.as_bytes().to_vec()));
        headers.push(("sec-fetch-site", value.as_bytes().to_vec()));
    }
    headers.push(("x-http-method-override", b"DELETE".to_vec()));
    headers.push(("expect", b"100-continue".to_vec()));
    headers
}

#[tokio::test]
async fn ghsa_xmf8_cvqr_rfgj_no_header_is_more_than_a_refusal() {
    let (mut server, signed) = server().await;
    for (method, path, _) in ROUTES {
        for (name, value) in bad_headers() {
            let call = || draft(&server, method, path).header(name, &value);
            let answer = call().await;
            assert!(answer.status < 500, "{path} {name}: {}", answer.status);
            // The same beside a body of the right form.
            let answer = call()
                .json(&json!({ "email": "nobody@example.com", "password": PASSWORD, "token": "x" }))
                .await;
            assert!(answer.status < 500, "{path} {name}: {}", answer.status);
        }
    }
    server.ignore_mail();
    is_unharmed(&server, &signed).await;
}

#[tokio::test]
async fn no_content_type_but_json_is_read_anywhere() {
    let (server, signed) = server().await;
    let body = json!({ "email": "new@example.com", "password": PASSWORD, "token": "x" }).to_string();
    for (method, path, _) in ROUTES.iter().filter(|(.., fields)| !fields.is_empty()) {
        for content_type in [
            "text/plain",
            "text/json",
            "application/jsonp",
            "application/x-json",
            "application/vnd.api+json",
            "application/json+x",
            "application",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "text/plain, application/json",
            "*/*",
        ] {
            let answer =
                draft(&server, method, path).raw(content_type, body.clone()).header("origin", APP).await;
            assert_eq!(answer.status, 415, "{path} {content_type}");
        }
        let two = draft(&server, method, path)
            .raw("text/plain", body.clone())
            .header("content-type", "application/json");
        assert_eq!(two.await.status, 415, "{path}: two content types");
    }
    is_unharmed(&server, &signed).await;
}

#[tokio::test]
async fn any_sensible_spelling_of_json_is_read() {
    let (server, _) = server().await;
    let body = json!({ "email": OWNER, "password": PASSWORD }).to_string();
    for content_type in
        ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"]
    {
        server.post("sign-in").raw(content_type, body.clone()).await.ok();
    }
    let spaced = format!(" \r\n\t{body}\n");
    server.post("sign-in").raw("application/json", spaced).await.ok();
    server.post("sign-in").raw("application/json", body.replace("owner", "\\u006fwner")).await.ok();
}

#[tokio::test]
async fn every_published_call_is_in_the_table_of_these_tests() {
    let (server, _) = server().await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut published = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            published
                .insert((method.to_uppercase(), path.replace("{id}", "x").replace("/api/ws/", "/api/co/")));
        }
    }
    let tested: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(tested, published);
}
