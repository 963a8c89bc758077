//! `docs/performance.md` and `docs/sizing.md`, made from the kept figures alone: nobody types a figure.

use crate::growth;
use crate::plot;
use crate::report::{Row, number};
use crate::sizing;
use crate::summary;
use anyhow::Context as _;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

const INTRODUCTION: &str = include_str!("page.txt");
/// Every figure of every round, from which the rest is made.
const FIGURES: &str = "figures.json";

/// Adds `kept` to what `folder`/performance has and makes the page and its pictures anew. Parts that were not measured
/// this time stay as they were, with the machine and the day of theirs.
pub(crate) fn write(folder: &Path, kept: &serde_json::Map<String, Value>) -> anyhow::Result<()> {
    let place = folder.join("performance");
    std::fs::create_dir_all(&place)?;
    let mut all: serde_json::Map<String, Value> = match std::fs::read(place.join(FIGURES)) {
        Ok(bytes) => serde_json::from_slice(&bytes).context("the kept figures cannot be read")?,
        Err(_) => serde_json::Map::new(),
    };
    all.extend(kept.clone());
    std::fs::write(place.join(FIGURES), serde_json::to_string_pretty(&all)? + "\n")?;
    let mut page = INTRODUCTION.to_owned();
    page.push_str(
        &summary::table(&all).with_context(|| format!("{FIGURES} lacks a figure of the six targets"))?,
    );
    for (part, measured) in &all {
        let rows: Vec<Row> = Row::read_all(measured).with_context(|| format!("{part} in {FIGURES}"))?;
        let title = title(part);
        let _ = write!(page, "\n## {title}\n\n");
        if let Some(picture) = plot::ratios(&title, &rows) {
            std::fs::write(place.join(format!("{part}.svg")), picture)?;
            let _ = write!(page, "![The ratios of the table below](performance/{part}.svg)\n\n");
        }
        page.push_str(&table(&rows));
        let said = |name: &str| measured[name].as_str().unwrap_or("?");
        let _ = write!(
            page,
            "\n`{}` on {}, {}; {}; load before: {}.\n",
            said("command"),
            said("date"),
            said("commit"),
            said("machine"),
            said("load")
        );
    }
    std::fs::write(folder.join("performance.md"), page)?;
    if let Some(page) = sizing::page(&all) {
        std::fs::write(folder.join("sizing.md"), page)?;
    }
    Ok(())
}

fn title(part: &str) -> String {
    let title = match part {
        "refresh" => "Refresh on the embedded database",
        "sign-in" => "Sign-in, floods and overload",
        "start" => "Start and memory",
        "postgres" => "Refresh on PostgreSQL",
        "peer" => "Beside another server",
        "soak" => "For a long time",
        other => return growth::title(other).unwrap_or_else(|| other.to_owned()),
    };
    title.to_owned()
}

fn table(rows: &[Row]) -> String {
    let mut text = "| | least | median | most | aim | |\n|---|---:|---:|---:|---|---|\n".to_owned();
    for row in rows {
        let (aim, met) = row.aim.as_ref().map_or((String::new(), ""), |aim| {
            (aim.words(), if aim.is_met(row.median) { "met" } else { "**not met**" })
        });
        let [least, median, most] = [row.least, row.median, row.most].map(number);
        let _ = writeln!(text, "| {} | {least} | {median} | {most} | {aim} | {met} |", row.name);
    }
    text
}
