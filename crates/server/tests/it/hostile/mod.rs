//! Values that have hurt somebody's server, in every place of every call. The calls and their fields come from the OpenAPI
//! document, which is made from the one table of calls: a new one is covered without a line here.

mod corpus;

use crate::by_construction::{Call, server};
use crate::harness::{Answer, Draft, Setup, TestServer, record_log};
use corpus::{Hostile, Kind, corpus};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;

/// Where a client's text can stand beside the fields of a body.
const HEADERS: [&str; 11] = [
    "authorization",
    "cookie",
    "origin",
    "sec-fetch-site",
    "user-agent",
    "accept-language",
    "content-type",
    "x-request-id",
    "x-forwarded-for",
    "x-api-key",
    "x-minbil-doctor",
];

/// What holds for the answer to any hostile value, beside what the harness holds every answer to: a refusal is a documented problem.
fn is_unharmed(answer: &Answer, value: &Hostile, place: &str) {
    let Hostile { text, what, .. } = value;
    assert!(answer.status < 500, "{} {place}: {what} makes it fail with {}", answer.asked, answer.status);
    if value.is_telling() {
        assert!(!answer.text().contains(text), "{} {place}: {what} comes back", answer.asked);
        let echoed = answer.headers.iter().find(|(_, header)| {
            header.as_bytes().windows(text.len()).any(|window| window == text.as_bytes())
        });
        assert!(echoed.is_none(), "{} {place}: {what} comes back in {echoed:?}", answer.asked);
    }
}

/// A field with each value in turn, the other fields as in the example.
fn drafts<'a>(
    server: &'a TestServer,
    call: &'a Call,
    access: Option<&'a str>,
    field: &'a str,
    values: &'a [Hostile],
) -> impl Iterator<Item = (&'a Hostile, Draft)> {
    values.iter().map(move |value| {
        let mut body = call.example().unwrap_or_else(|| json!({}));
        body[field] = json!(value.text);
        let draft = call.draft(server).json(&body);
        (value, access.map_or(call.draft(server).json(&body), |access| draft.bearer(access)))
    })
}

fn takes_text(schema: &Value) -> bool {
    let kind = &schema["type"];
    *kind == "string" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("string")))
}

#[test]
fn the_corpus_is_large_and_says_what_each_value_is() {
    let values = corpus();
    let mut of_kind = BTreeMap::<String, usize>::new();
    for value in &values {
        *of_kind.entry(format!("{:?}", value.kind)).or_default() += 1;
    }
    assert!(
        values.len() >= 200 && of_kind.len() == 4 && of_kind.values().all(|count| *count >= 40),
        "{of_kind:?}"
    );
    let distinct: BTreeSet<_> = values.iter().map(|value| &value.text).collect();
    assert_eq!(distinct.len(), values.len(), "each value stands there once");
}

#[tokio::test]
async fn asvs_1_2_1_no_hostile_value_in_any_field_of_any_call_is_more_than_a_refusal() {
    let log = record_log();
    let (server, document, calls) = server().await;
    let values = corpus();
    let access = server.owner().await.access;
    let (mut fields, mut tried) = (BTreeSet::new(), 0);
    for call in calls.iter().filter(|call| call.description.get("requestBody").is_some()) {
        let named = call.fields(&document);
        // Where any credential will do, the hostile one is to be the only one.
        let access = (call.asks_for_proof() && !named.iter().any(|(name, _)| name == "refresh_token"))
            .then_some(access.as_str());
        for (field, _) in named.iter().filter(|(_, schema)| takes_text(schema)) {
            for (value, draft) in drafts(&server, call, access, field, &values) {
                let answer = draft.await;
                is_unharmed(&answer, value, field);
                let is_credential =
                    matches!(field.as_str(), "token" | "refresh_token" | "scope" | "current_password");
                assert!(!is_credential || answer.status >= 400, "{} takes {}", answer.asked, value.what);
                tried += 1;
            }
            fields.insert(field.clone());
        }
    }
    for field in ["email", "password", "redirect_to", "token", "refresh_token"] {
        assert!(fields.contains(field), "{field} is in no call");
    }
    assert!(tried > 2500, "{tried}");
    mails_go_to_one_mailbox_and_lead_to_the_list(&server).await;
    is_plain(&log.text(), &values);
}

/// Whoever was written to, the letter has one recipient and a link that is on the list.
async fn mails_go_to_one_mailbox_and_lead_to_the_list(server: &TestServer) {
    let namespaces = server.service.namespaces.values();
    let listed: Vec<_> =
        namespaces.flat_map(|of| of.redirects.iter().chain(of.verify_redirects.iter())).collect();
    for letter in server.deliver_mail().await {
        assert_eq!(letter.to.matches('@').count(), 1, "{}", letter.to);
        assert!(
            letter.to.bytes().all(|b| b.is_ascii_graphic() && !b"<>,;:\"()\\".contains(&b)),
            "{}",
            letter.to
        );
        assert!(!letter.subject.chars().any(char::is_control), "{}", letter.subject);
        if letter.text.contains("#token=") {
            let (target, _) =
                letter.link().split_once("#token=").map(|(a, b)| (a.to_owned(), b.len())).unwrap();
            assert!(listed.iter().any(|entry| entry.as_str() == target), "{target} is not on the list");
        }
    }
}

/// No line of the log is one that a client wrote, nor does one steer the terminal it is read in.
fn is_plain(log: &str, values: &[Hostile]) {
    assert!(log.contains("/api/{ns}/auth/forgot-password"), "the log was heard");
    let steering = log.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(steering, None, "a control character is in the log");
    for value in values.iter().filter(|value| value.is_telling()) {
        let line = log.lines().find(|line| line.contains(&value.text));
        assert_eq!(line, None, "{} is in the log", value.what);
    }
}

/// The parser that browsers use is asked for a second opinion: whatever a target looks like to it, what is not written as
/// on the list is refused, and what is accepted is on the list for it too (RFC 9700 section 2.1).
#[tokio::test]
async fn cve_2023_6291_no_spelling_of_a_target_is_accepted_but_the_listed_one() {
    let mut server = TestServer::with(Setup::default().with("LIMITS__ENABLED", false)).await;
    let namespace = &server.service.namespaces[&crate::harness::name("co")];
    let listed: Vec<String> = namespace.redirects.iter().map(|entry| entry.as_str().to_owned()).collect();
    let read_alike = |text: &str| {
        let read = Url::parse(text).ok()?;
        listed.iter().find(|entry| Url::parse(entry).is_ok_and(|entry| entry == read)).cloned()
    };
    let (mut alike, mut accepted) = (0, 0);
    for value in corpus().into_iter().chain(listed.iter().map(|entry| as_listed(entry))) {
        let body = json!({ "email": "owner@example.com", "redirect_to": value.text });
        let answer = server.post("forgot-password").json(&body).await;
        alike += usize::from(read_alike(&value.text).is_some());
        if listed.contains(&value.text) {
            assert_eq!(answer.status, 200, "{}", value.text);
            accepted += 1;
        } else {
            assert_eq!(answer.status, 400, "{} is accepted", value.what);
            let code = answer.json()["code"].clone();
            assert!(
                code == "redirect_not_allowed" || code == "validation_failed" || code == "malformed_json",
                "{code}"
            );
        }
    }
    assert_eq!(accepted, listed.len());
    assert!(alike > 10 + listed.len(), "{alike}: some of the corpus is the listed target to a browser");
    server.ignore_mail();
}

fn as_listed(entry: &str) -> Hostile {
    Hostile { kind: Kind::Redirect, text: entry.to_owned(), what: "an entry of the list".to_owned() }
}

#[tokio::test]
async fn asvs_16_4_1_no_hostile_value_in_any_header_of_any_call_is_more_than_a_refusal() {
    let log = record_log();
    let (mut server, _, calls) = server().await;
    let values = corpus();
    let mut tried = 0;
    for (at, call) in calls.iter().enumerate() {
        for (turn, value) in values.iter().enumerate() {
            // What was not made for headers is tried in each of them too, but each value at one call.
            if value.kind != Kind::Header && turn % calls.len() != at {
                continue;
            }
            let Some(bytes) = value.in_header() else { continue };
            for name in HEADERS {
                // What could be an id is taken for one, answered and logged.
                if name == "x-request-id" && value.is_word() {
                    continue;
                }
                let body = call.example().filter(|_| name != "content-type");
                let draft = call.draft(&server).header(name, &bytes);
                let answer = match body {
                    Some(body) => draft.json(&body).await,
                    None => draft.await,
                };
                is_unharmed(&answer, value, name);
                assert!(
                    !call.asks_for_proof() || answer.status >= 400,
                    "{} lets {} in",
                    answer.asked,
                    value.what
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 6000, "{tried}");
    server.ignore_mail();
    is_plain(&log.text(), &values);
}

#[tokio::test]
async fn asvs_1_2_2_no_hostile_value_in_an_address_leads_anywhere() {
    let (server, _, calls) = server().await;
    for call in &calls {
        for value in corpus() {
            let part = value.in_path();
            if part.len() > 6000 || part.is_empty() {
                continue;
            }
            for path in [
                call.path.replace("/co/", &format!("/{part}/")),
                format!("{}/{part}", call.path.replace("{id}", "x")),
                call.path.replace("{id}", &part),
            ] {
                if !path.contains(&part) {
                    continue;
                }
                let answer = server.call(call.method.clone(), &path).await;
                assert!(answer.status >= 400, "{path}");
                is_unharmed(&answer, &value, "address");
            }
        }
    }
}
