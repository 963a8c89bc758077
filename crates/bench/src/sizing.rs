//! `docs/sizing.md`: what an operator reckons with, from the kept figures alone.

use crate::report::{Row, number, thousands};
use crate::{growth, postgres, refresh, sign_in, start};
use serde_json::Value;
use std::fmt::Write as _;

const TEXT: &str = include_str!("sizing.txt");
/// How many accounts a line of the table is for.
const ACCOUNTS: [f64; 4] = [10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];
const SESSIONS_EACH: f64 = 3.0;
/// The share of sessions that refresh in the same hour.
const IN_USE: f64 = 0.1;
/// How often an account signs in, and how much more often than that in the busiest hour.
const SIGN_INS_PER_SECOND: f64 = 1.0 / (30.0 * 24.0 * 3600.0);
const BUSIEST: f64 = 10.0;
/// The default life of an access token, seconds: an app in use refreshes once in it.
const ACCESS_TOKEN_SECONDS: f64 = 3600.0;

/// What is reckoned with, each of it the median of what was measured.
struct Measured {
    sign_in: f64,
    refresh: f64,
    postgres: f64,
    idle: f64,
    start: f64,
    user_bytes: f64,
    session_bytes: f64,
    cores: f64,
    machine: String,
}

/// The page; nothing if some part was never measured.
pub(crate) fn page(all: &serde_json::Map<String, Value>) -> Option<String> {
    let measured = Measured::read(all)?;
    let whole = |value: f64| format!("{value:.0}");
    let filled = [
        ("{machine}", measured.machine.clone()),
        ("{sign_in}", whole(measured.sign_in)),
        ("{sign_in_core}", whole(measured.sign_in / measured.cores)),
        ("{refresh}", whole(measured.refresh)),
        ("{postgres}", whole(measured.postgres)),
        ("{idle}", whole(measured.idle)),
        ("{block}", whole(f64::from(sign_in::MEMORY_KIB) / 1024.0)),
        ("{user}", whole(measured.user_bytes)),
        ("{session}", whole(measured.session_bytes)),
        ("{start}", whole(measured.start)),
        ("{table}", table(&measured)),
    ];
    Some(filled.iter().fold(TEXT.to_owned(), |text, (name, value)| text.replace(name, value)))
}

impl Measured {
    fn read(all: &serde_json::Map<String, Value>) -> Option<Self> {
        let median = |part: &str, figure: &str| Row::find(all, part, figure).map(|row| row.median);
        let machine = all.get("sign-in")?["machine"].as_str()?.to_owned();
        let (before, _) = machine.split_once(" cores")?;
        Some(Self {
            sign_in: median("sign-in", sign_in::ALONE)?,
            refresh: median("refresh", refresh::PRODUCT)?,
            postgres: median("postgres", postgres::ONE)?,
            idle: median("start", start::IDLE)?,
            start: median("start", start::FIRST_ANSWER)?,
            user_bytes: median(growth::PART, growth::USER_BYTES)?,
            session_bytes: median(growth::PART, growth::SESSION_BYTES)?,
            cores: before.rsplit(' ').next()?.parse().ok()?,
            machine,
        })
    }
}

fn table(measured: &Measured) -> String {
    let mut text = "| accounts | on the disk | refreshes/s | share | sign-ins/s, busiest hour | share | everybody signs in again |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for accounts in ACCOUNTS {
        let bytes = accounts * (measured.user_bytes + SESSIONS_EACH * measured.session_bytes);
        let refreshes = accounts * SESSIONS_EACH * IN_USE / ACCESS_TOKEN_SECONDS;
        let sign_ins = accounts * SIGN_INS_PER_SECOND * BUSIEST;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            thousands(accounts),
            size(bytes),
            number(refreshes),
            percent(refreshes / measured.refresh),
            number(sign_ins),
            percent(sign_ins / measured.sign_in),
            time(accounts / measured.sign_in),
        );
    }
    text.trim_end().to_owned()
}

fn size(bytes: f64) -> String {
    let mib = bytes / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

fn percent(share: f64) -> String {
    if share < 0.01 { "under 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

fn time(seconds: f64) -> String {
    let minutes = seconds / 60.0;
    if minutes < 100.0 { format!("{minutes:.0} minutes") } else { format!("{:.0} hours", minutes / 60.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn measured() -> serde_json::Map<String, Value> {
        let part =
            |figures: Value| json!({"machine": "some CPU, 4 cores, Linux", "rounds": [figures], "aims": {}});
        let all = json!({
            "sign-in": part(json!({ sign_in::ALONE: 200.0 })),
            "refresh": part(json!({ refresh::PRODUCT: 20_000.0 })),
            "postgres": part(json!({ postgres::ONE: 10_000.0 })),
            "start": part(json!({ start::IDLE: 20.0, start::FIRST_ANSWER: 25.0 })),
            "growth": part(json!({ growth::USER_BYTES: 400.0, growth::SESSION_BYTES: 200.0 })),
        });
        all.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn the_page_has_no_blank_left_and_reckons_with_what_was_measured() {
        let page = page(&measured()).unwrap();
        assert!(!page.contains('{'), "{page}");
        assert!(page.contains("50 a second\n  for each core"), "{page}");
        // 1,000,000 accounts of 1000 bytes; 300,000 sessions that refresh hourly; 3.86 sign-ins/s of 200.
        let line = "| 1,000,000 | 954 MiB | 83.33 | under 1 % | 3.86 | 2 % | 83 minutes |";
        assert!(page.contains(line), "{page}");
    }

    #[test]
    fn without_a_part_there_is_no_page() {
        for part in ["sign-in", "refresh", "postgres", "start", "growth"] {
            let mut all = measured();
            all.remove(part);
            assert_eq!(page(&all), None, "{part}");
        }
    }
}
