//! What `docs/security/policies.md` says is what is in force.

use crate::harness::TestServer;
use domain::event::EventKind;
use minbil_auth::config::DEFAULT_CONFIG;
use std::collections::BTreeSet;

const PAPER: &str = include_str!("../../../../../docs/security/policies.md");

/// The text below a heading.
fn part(heading: &str) -> &'static str {
    let (_, rest) = PAPER.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The default of `section.key`, as the default file writes it.
fn default_of(key: &str) -> String {
    let (section, name) = key.split_once('.').unwrap();
    let (_, rest) = DEFAULT_CONFIG.split_once(&format!("\n[{section}]\n")).unwrap();
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let mut values = lines.filter_map(|line| line.strip_prefix(&format!("{name} = ")));
    values.next().unwrap_or_else(|| panic!("{key} is no key")).to_owned()
}

#[test]
fn asvs_13_1_3_the_bounds_on_paper_are_those_in_force() {
    let mut compared = 0;
    for heading in ["Sessions", "Bounds, time-outs and retries"] {
        for row in part(heading).lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
            let cells: Vec<_> = row.split(" | ").collect();
            let value = cells[2].trim_end_matches(" |");
            assert_eq!(default_of(quoted(row)[0]), value, "{row}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared} bounds were compared");
    let kept = part("What is kept, and how it is protected");
    for key in quoted(kept).into_iter().filter(|text| text.starts_with("retention.")) {
        default_of(key);
    }
}

#[test]
fn asvs_16_1_1_every_event_is_in_the_inventory() {
    let is_event = |text: &&str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let written: BTreeSet<_> = quoted(part("What is logged")).into_iter().filter(is_event).collect();
    let kinds: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(written, kinds);
}

#[tokio::test]
async fn asvs_8_1_1_every_call_stands_in_the_table_of_who_may_do_what() {
    let server = TestServer::start().await;
    let document = server.fetch("/openapi.json").await.ok();
    let mut calls = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(call) = path.strip_prefix("/api/co/") else { continue };
        let name = call.strip_prefix("auth/").unwrap_or(call);
        calls.extend(
            methods.as_object().unwrap().keys().map(|method| format!("{} {name}", method.to_uppercase())),
        );
    }
    let rows = part("Who may do what").lines().filter(|line| line.starts_with("| `"));
    let written: BTreeSet<_> = rows.map(|row| quoted(row)[0].to_owned()).collect();
    assert_eq!(written, calls);
}
