//! Published failures of other authentication servers, each as it would look here.

use crate::cors::CALLS;
use crate::harness::Credential::Cookie;
use crate::harness::{APP, Answer, EVIL, OWNER, PASSWORD, Setup, TestServer};
use crate::process::{ServerProcess, ServerSetup};
use axum::http::Method;
use domain::password::Password;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The fields of every call's body, as `call field`, and the parameters that are no part of a path.
async fn fields(server: &TestServer) -> BTreeSet<String> {
    let document = server.fetch("/openapi.json").await.ok();
    let mut fields = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for call in methods.as_object().unwrap().values() {
            let name = path.rsplit('/').next().unwrap();
            if let Some(schema) =
                call["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
            {
                let schema = testkit::resolve(&document, schema).unwrap();
                let names = schema["properties"].as_object().unwrap().keys();
                fields.extend(names.map(|field| format!("{name} {field}")));
            }
            for parameter in call["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    fields.insert(format!("{name} ?{}", parameter["name"].as_str().unwrap()));
                }
            }
        }
    }
    fields
}

#[tokio::test]
async fn cve_2024_56734_no_call_takes_an_address_but_forgot_password() {
    let server = TestServer::start().await;
    let fields = fields(&server).await;
    let is_address = |field: &&String| {
        ["redirect", "url", "uri", "next", "return", "callback", "continue"]
            .iter()
            .any(|word| field.contains(word))
    };
    let taken: Vec<_> = fields.iter().filter(is_address).collect();
    assert_eq!(taken, ["forgot-password redirect_to", "resend-verification redirect_to"]);
    assert!(!fields.iter().any(|field| field.contains('?')), "no call has a query: {fields:?}");
    // And the mailed link keeps nothing of what stood in the query of the request that ordered it.
    server.sign_up(OWNER).await;
    let path = format!("{}?redirect_to={EVIL}&callbackURL={EVIL}", server.path("forgot-password"));
    server.call(Method::POST, &path).json(&json!({ "email": OWNER })).await.ok();
    assert!(!server.one_letter().await.text.contains("evil"));
}

#[tokio::test]
async fn lightway_345_the_decoy_is_a_real_hash_with_the_parameters_in_force() {
    let server = TestServer::with(Setup::default().real_hashing()).await;
    server.sign_up(OWNER).await;
    let password = || Password::presented(PASSWORD.to_owned()).unwrap_or_else(|_| unreachable!());
    for name in server.settings.namespaces.keys() {
        let (user, decoy) = server.service.store.find_decoy(name).await.unwrap().unwrap();
        let hasher = &server.service.hasher;
        assert!(hasher.is_current(name, user, &decoy), "{name:?}: it is a hash, and of today");
        let permit = || hasher.admit().unwrap_or_else(|_| unreachable!("nobody else hashes"));
        let fresh = hasher.hash(permit(), name, user, password()).await.unwrap();
        assert_eq!(decoy.0.len(), fresh.0.len(), "as long as that of an account");
        let verified = hasher.verify(permit(), name, user, password(), decoy).await.unwrap();
        assert!(!verified.matches && verified.replacement.is_none());
    }
}

#[tokio::test]
async fn cve_2026_18363_a_link_whose_time_is_over_is_refused_in_every_form() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let token = server.reset_token(OWNER).await;
    server.advance(Duration::from_mins(31));
    let new = "quite another password";
    server.reset(&token, new).await.problem("reset_token_expired");
    for form in [
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{token}="),
        format!("{token}&expires=9999999999"),
        format!("#token={token}"),
        token.to_uppercase(),
        token.replace("mbp1_", "mbp2_"),
    ] {
        server.reset(&form, new).await.problem("reset_token_invalid");
    }
    // What the client says of its own time, or of the token's, is not asked.
    let body = json!({ "token": token, "password": new, "expires_at": 9_999_999_999_u64, "now": 0 });
    let draft = server.post("reset-password").json(&body).header("date", "Tue, 03 Feb 2026 14:31:45 GMT");
    draft.await.problem("reset_token_expired");
    server.sign_in(OWNER).await;
    assert_eq!(server.event_names().await.iter().filter(|name| **name == "password_reset").count(), 0);
}

#[tokio::test]
async fn cve_2026_27946_nobody_says_of_their_own_mailbox_that_it_is_proven() {
    let mut server = TestServer::start().await;
    let signed = server.owner().await;
    let claims = json!({
        "email": OWNER, "password": PASSWORD, "current_password": PASSWORD, "new_password": "quite another password",
        "refresh_token": signed.refresh, "token": "x", "email_verified": true, "emailVerified": true, "verified": true,
        "user": { "email_verified": true },
    });
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for call in ["me", "sign-up", "sign-in", "refresh", "reset-password", "sessions", "verify-email"] {
            server.post(call).method(method.clone()).json(&claims).bearer(&signed.access).await;
        }
    }
    server.post("change-password").json(&claims).bearer(&signed.access).await;
    assert!(!server.user(OWNER).await.email_verified);
    server.ignore_mail();
}

#[tokio::test]
async fn cve_2013_1443_a_password_too_long_for_anybody_is_never_hashed() {
    let setup = Setup::default().with("PASSWORDS__THREADS", 1).with("PASSWORDS__QUEUE_MAX", 1);
    let server = TestServer::with(setup).await;
    let signed = server.owner().await;
    let token = server.reset_token(OWNER).await;
    // With every place taken, whoever asks for a hash is told that the server is busy.
    let _places = server.fill_hashing_queue();
    let calls = async |password: &str| -> [Answer; 5] {
        [
            server.try_sign_in(OWNER, password).await,
            server.post("sign-up").json(&json!({ "email": "new@example.com", "password": password })).await,
            server.reset(&token, password).await,
            server.change(&signed.access, PASSWORD, password).await,
            server.change(&signed.access, password, "quite another password").await,
        ]
    };
    for answer in calls("a password of some length").await {
        answer.problem("server_busy");
    }
    for answer in calls(&"a".repeat(257)).await {
        assert!(answer.field_errors()[0].ends_with(":too_long"), "{}", answer.text());
    }
    for answer in calls(&"a".repeat(1 << 20)).await {
        answer.problem("payload_too_large");
    }
}

#[tokio::test]
async fn cve_2026_5469_an_address_in_a_request_is_never_called() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = format!("http://{}", trap.local_addr().unwrap());
    let server = TestServer::start().await;
    let signed = server.owner().await;
    let parts: Vec<&str> = signed.access.split('.').collect();
    for name in ["jku", "x5u", "iss"] {
        use base64::Engine as _;
        let mut header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "x" });
        header[name] = json!(format!("{address}/jwks.json"));
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header.to_string());
        let forged = format!("{header}.{}.{}", parts[1], parts[2]);
        server.get("me").bearer(&forged).await.problem("invalid_token");
    }
    for (name, value) in [
        ("origin", &address),
        ("referer", &address),
        ("x-forwarded-host", &address),
        ("from", &address),
        ("link", &address),
    ] {
        let body = json!({ "email": OWNER, "webhook": address, "callback": address, "avatar": address });
        server.post("forgot-password").json(&body).header(name, value).await;
    }
    let body = json!({ "email": OWNER, "redirect_to": address });
    server.post("forgot-password").json(&body).await.problem("redirect_not_allowed");
    assert!(!server.deliver_mail().await.is_empty());
    let called = trap.accept();
    assert!(called.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "somebody called");
}

#[tokio::test]
async fn cve_2024_41657_no_origin_is_reflected_with_credentials() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    for site in [&server.co, &server.ws] {
        for call in CALLS {
            for method in [Method::POST, Method::GET, Method::OPTIONS] {
                let draft = site.post(call).method(method).header("origin", EVIL).cookie(&page.cookie);
                let answer = draft.header("access-control-request-method", "POST").await;
                assert_eq!(answer.header("access-control-allow-origin"), None, "{}", answer.asked);
            }
        }
    }
    server.refresh(Cookie(&page.cookie)).await.ok();
}

#[tokio::test]
async fn cve_2023_30861_an_answer_that_sets_a_cookie_is_kept_by_no_cache() {
    let server = TestServer::start().await;
    let page = server.owner_on_page().await;
    let token = server.reset_token(OWNER).await;
    let new = "quite another password";
    let body = |password: &str| json!({ "email": OWNER, "password": password });
    let mut answers = vec![
        server.post("sign-in").json(&body(PASSWORD)).header("origin", APP).await,
        server.refresh(Cookie(&page.cookie)).await,
        server.sign_out(Cookie(&page.cookie)).await,
        server.refresh(Cookie(&page.cookie)).await,
        server.reset(&token, new).await,
    ];
    let again = server.post("sign-in").json(&body(new)).header("origin", APP).await;
    let change = json!({ "current_password": new, "new_password": "yet another password" });
    let draft = server.post("change-password").bearer(&again.signed().access).header("origin", APP);
    answers.push(draft.json(&change).await);
    answers.push(again);
    for answer in answers {
        assert!(answer.headers.contains_key("set-cookie"), "{}: {:?}", answer.asked, answer.headers);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.asked);
        let vary = answer.all("vary").to_lowercase();
        assert!(["origin", "cookie", "authorization"].iter().all(|name| vary.contains(name)), "{vary}");
    }
    assert_eq!(server.deliver_mail().await.len(), 2, "the notices of the reset and of the change");
}

#[tokio::test]
async fn cve_2023_46249_a_fresh_production_server_lets_nobody_take_it_over() {
    let server = TestServer::start().await;
    for path in [
        "/setup",
        "/admin",
        "/install",
        "/if/flow/initial-setup/",
        "/register",
        "/console",
        "/api/co/auth/setup",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer =
                server.call(method, path).json(&json!({ "email": OWNER, "password": PASSWORD })).await;
            answer.problem("not_found");
        }
    }
    for (email, password) in [
        ("admin@example.com", "admin"),
        ("admin@localhost.com", "password"),
        ("owner@minbil.io", "StrongPass123!"),
        ("root@example.com", ""),
    ] {
        let status = server.try_sign_in(email, password).await.status;
        assert!(matches!(status, 400 | 401), "{email}: {status}");
    }
    // The first to sign up is one user like any other.
    server.sign_up(OWNER).await;
    let user = server.try_sign_in(OWNER, PASSWORD).await.ok()["user"].clone();
    let fields: BTreeSet<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!fields.iter().any(|field| ["role", "admin", "roles", "is_admin"].contains(field)), "{fields:?}");
}

#[tokio::test]
async fn cve_2024_51752_at_the_loudest_level_no_token_is_logged() {
    const SECRET: &str = "canary-of-the-loudest-level";
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup::default().with("MINBIL_AUTH_LOG__LEVEL", "trace");
    let server = ServerProcess::start(data.path(), &setup).await;
    let client = reqwest::Client::new();
    let call = |name: &str| client.post(format!("{}/api/co/auth/{name}", server.base));
    let send = async |request: reqwest::RequestBuilder| -> serde_json::Value {
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    };
    let account = json!({ "email": OWNER, "password": SECRET }).to_string();
    let json_body =
        |name: &str, body: String| call(name).header("content-type", "application/json").body(body);
    send(json_body("sign-up", account.clone())).await;
    let signed = send(json_body("sign-in", account).header("origin", &server.base)).await;
    let mut secrets = vec![SECRET.to_owned()];
    let mut learn = |answer: &serde_json::Value| {
        for field in ["access_token", "refresh_token"] {
            secrets.push(answer[field].as_str().unwrap().to_owned());
        }
    };
    learn(&signed);
    let access = signed["access_token"].as_str().unwrap();
    learn(&send(call("refresh").header("authorization", format!("Bearer {access}"))).await);
    let refresh = json!({ "refresh_token": signed["refresh_token"] }).to_string();
    learn(&send(json_body("refresh", refresh)).await);
    send(json_body("forgot-password", json!({ "email": OWNER }).to_string())).await;
    let log = server.log();
    assert!(log.matches("auth/refresh").count() == 2, "{log}");
    for secret in secrets {
        // The last part of a token is enough to know it by.
        let known = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(known), "{known}: {}", log.lines().find(|line| line.contains(known)).unwrap());
    }
}
