//! `redirect_to`: what is on the list, byte for byte, and nothing that looks like it.

use crate::harness::{OWNER, Setup, TestServer};
use serde_json::json;

const TARGET: &str = "https://platform.minbil.no/reset-password";

/// Near misses of [`TARGET`], each of them an open redirect in somebody's server.
const NEAR: [&str; 76] = [
    "",
    " ",
    "/",
    "//",
    "https://",
    "https:///",
    "https://platform.minbil.no",
    "https://platform.minbil.no/",
    "https://platform.minbil.no/reset-password/",
    "https://platform.minbil.no//reset-password",
    "https://platform.minbil.no/reset-password?",
    "https://platform.minbil.no/reset-password?x=1",
    "https://platform.minbil.no/reset-password?x=https://evil.example",
    "https://platform.minbil.no/reset-password#",
    "https://platform.minbil.no/reset-password#a",
    "https://platform.minbil.no/reset-password#@evil.example",
    "https://platform.minbil.no/reset-password;x",
    "https://platform.minbil.no/reset-password ",
    " https://platform.minbil.no/reset-password",
    "https://platform.minbil.no/reset-password\n",
    "https://platform.minbil.no/reset-password\r\nBcc: x@evil.example",
    "\thttps://platform.minbil.no/reset-password",
    "https://platform.minbil.no/reset-password\0",
    "https://platform.minbil.no/reset-password%00",
    "https://platform.minbil.no/reset-password%0a",
    "https://platform.minbil.no/reset-password%2f",
    "https://platform.minbil.no/%72eset-password",
    "https://platform.minbil.no/./reset-password",
    "https://platform.minbil.no/x/../reset-password",
    "https://platform.minbil.no/Reset-Password",
    "https://platform.minbil.no/reset-password-evil",
    "https://platform.minbil.no/reset-passwor",
    "HTTPS://platform.minbil.no/reset-password",
    "https://PLATFORM.minbil.no/reset-password",
    "http://platform.minbil.no/reset-password",
    "ftp://platform.minbil.no/reset-password",
    "platform.minbil.no/reset-password",
    "//platform.minbil.no/reset-password",
    "/reset-password",
    "\\\\platform.minbil.no\\reset-password",
    "https:\\\\platform.minbil.no\\reset-password",
    "https:/platform.minbil.no/reset-password",
    "https:platform.minbil.no/reset-password",
    "https:////platform.minbil.no/reset-password",
    "ht\ttps://platform.minbil.no/reset-password",
    "https\n://platform.minbil.no/reset-password",
    "https://platform.minbil.no:443/reset-password",
    "https://platform.minbil.no:8443/reset-password",
    "https://platform.minbil.no./reset-password",
    "https://platform.minbil.no.evil.example/reset-password",
    "https://platform.minbil.no@evil.example/reset-password",
    "https://platform.minbil.no%40evil.example/reset-password",
    "https://platform.minbil.no:x@evil.example/reset-password",
    "https://user@platform.minbil.no/reset-password",
    "https://evil.example/https://platform.minbil.no/reset-password",
    "https://evil.example#https://platform.minbil.no/reset-password",
    "https://evil.example?https://platform.minbil.no/reset-password",
    "https://evil.example\\@platform.minbil.no/reset-password",
    "https://evil-platform.minbil.no/reset-password",
    "https://xplatform.minbil.no/reset-password",
    "https://platformXminbil.no/reset-password",
    "https://minbil.no/reset-password",
    "https://a.platform.minbil.no/reset-password",
    "https://platform.minbil.no%2eevil.example/reset-password",
    "https://platform.minbil.no%252f%252fevil.example",
    "https://platform.minbil。no/reset-password",
    "https://ｐlatform.minbil.no/reset-password",
    "https://plаtform.minbil.no/reset-password",
    "https://xn--platform-.minbil.no/reset-password",
    "http://2130706433/reset-password",
    "https://[::1]/reset-password",
    "javascript:alert(1)",
    "javascript://platform.minbil.no/%0aalert(1)",
    "data:text/html,https://platform.minbil.no/reset-password",
    "//evil.example",
    "/\\evil.example",
];

#[tokio::test]
async fn cve_2025_71403_only_the_exact_entry_is_a_target() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    for email in [OWNER, "nobody@example.com"] {
        for near in NEAR {
            let body = json!({ "email": email, "redirect_to": near });
            let answer = server.post("forgot-password").json(&body).await;
            assert_eq!(answer.status, 400, "{near:?}");
            answer.problem("redirect_not_allowed");
            assert!(!answer.text().contains("evil"), "repeated: {near:?}");
        }
    }
    let body = json!({ "email": OWNER, "redirect_to": TARGET });
    server.post("forgot-password").json(&body).await.ok();
    assert!(server.one_letter().await.link().starts_with(&format!("{TARGET}#token=")));
}

#[tokio::test]
async fn each_namespace_has_a_list_of_its_own() {
    let server = TestServer::start().await;
    let (co, ws) = (TARGET, "https://workshop.example.com/reset");
    let asked = async |site: &crate::harness::Site, target: &str| {
        site.post("forgot-password").json(&json!({ "email": OWNER, "redirect_to": target })).await
    };
    asked(&server.co, co).await.ok();
    asked(&server.ws, ws).await.ok();
    asked(&server.co, ws).await.problem("redirect_not_allowed");
    asked(&server.ws, co).await.problem("redirect_not_allowed");
    asked(&server.ws, "https://api.example.com/reset-password/co").await.problem("redirect_not_allowed");
    assert!(server.deliver_mail().await.is_empty());
}

#[tokio::test]
async fn a_target_with_a_query_keeps_it_before_the_token() {
    let entry = "https://app.example.com/reset?lang=nb&from=a%20b";
    let server = TestServer::with(Setup::default().with("NAMESPACES__CO__REDIRECT_TO", entry)).await;
    server.sign_up(OWNER).await;
    let body = json!({ "email": OWNER, "redirect_to": entry });
    server.post("forgot-password").json(&body).await.ok();
    let letter = server.one_letter().await;
    let (before, token) = letter.text.split_once("#token=").unwrap();
    assert!(before.ends_with(entry));
    assert!(
        letter.html.contains("https://app.example.com/reset?lang=nb&amp;from=a%20b#token=mbp1_"),
        "{}",
        letter.html
    );
    let token: String = token.chars().take_while(|c| !c.is_whitespace()).collect();
    server.reset(&token, "a new password").await.ok();
    server.one_letter().await;
}
