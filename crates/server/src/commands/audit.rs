//! `audit verify|restart|export`

use crate::cli::{Audit, AuditFilter};
use crate::output::{anchor, event_json, line};
use app::audit::AuditContext;
use app::audit_chain::{Anchor, verify};
use app::ports::rows::Cell;
use app::ports::store::EventFilter;
use app::service::Service;
use domain::event::EventKind;
use domain::ids::{EventId, UserId};
use domain::time::UnixMillis;

/// How many events are read at once.
const PAGE: u32 = 1000;

/// Runs the command.
///
/// # Errors
/// When the chain is not whole, an option makes no sense, or the store fails.
pub async fn run(service: &Service, command: &Audit) -> anyhow::Result<()> {
    match command {
        Audit::Verify { head } => {
            let noted = head.as_deref().map(read_anchor).transpose()?;
            let found = verify(service.store.as_ref(), service.chain_mac.as_ref(), noted).await?;
            line(&format!("{} sealed events are as they were written.", found.rows));
            if found.cut > 0 {
                line(&format!("Retention has removed those up to {}.", found.cut));
            }
            line(&format!("{} events wait to be sealed.", found.unsealed));
            if let Some(head) = found.head {
                line(&format!("head {}", anchor(head.seq, &head.seal)));
            }
            Ok(())
        }
        Audit::Restart { yes } => restart(service, *yes).await,
        Audit::Export(filter) => export(service, &read_filter(filter)?).await,
    }
}

async fn restart(service: &Service, is_sure: bool) -> anyhow::Result<()> {
    let Err(error) = verify(service.store.as_ref(), service.chain_mac.as_ref(), None).await else {
        anyhow::bail!("the chain is whole, and stays as it is")
    };
    anyhow::ensure!(is_sure, "{error}; say --yes to begin a new chain over the events that are there");
    let events = service.store.restart_chain(error.to_string(), AuditContext::operator()).await?;
    line(&format!("{events} events of the old chain wait to be sealed again. What was wrong: {error}."));
    Ok(())
}

async fn export(service: &Service, filter: &EventFilter) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let rows = service.store.find_events(filter, after, PAGE).await?;
        for row in &rows {
            line(&event_json(row).to_string());
        }
        let Some(Cell::Id(last)) = rows.last().and_then(|row| row.first()) else { return Ok(()) };
        after = Some(EventId::new(*last));
    }
}

fn read_filter(written: &AuditFilter) -> anyhow::Result<EventFilter> {
    let kind = |name: &str| {
        EventKind::from_name(name).ok_or_else(|| {
            let names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
            anyhow::anyhow!("--kind {name}: one of {}", names.join(", "))
        })
    };
    Ok(EventFilter {
        since: written.since.as_deref().map(|text| read_moment("--since", text)).transpose()?,
        until: written.until.as_deref().map(|text| read_moment("--until", text)).transpose()?,
        user: written.user.map(UserId::new),
        kind: written.kind.as_deref().map(kind).transpose()?,
    })
}

/// A moment, or a day, which begins at midnight UTC.
fn read_moment(option: &str, text: &str) -> anyhow::Result<UnixMillis> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    let moment = moment.ok_or_else(|| {
        anyhow::anyhow!("{option} {text}: a day or a moment, such as 2026-02-03 or 2026-02-03T15:31:45Z")
    })?;
    Ok(UnixMillis::from_millis(moment.as_millisecond()))
}

fn read_anchor(text: &str) -> anyhow::Result<Anchor> {
    let read = || {
        let (seq, seal) = text.split_once(':')?;
        let digit = |at: usize| u8::from_str_radix(seal.get(at * 2..at * 2 + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..32).map(digit).collect();
        let is_whole = seal.len() == 64 && seal.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Anchor { seq: seq.parse().ok()?, seal: bytes.filter(|_| is_whole)?.try_into().ok()? })
    };
    read().ok_or_else(|| {
        anyhow::anyhow!(
            "--head {text}: a number, a colon and 64 hexadecimal digits, as `audit verify` prints them"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let seal: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
        let read = read_anchor(&anchor(42, &seal)).unwrap();
        assert_eq!((read.seq, read.seal), (42, seal));
        for bad in [
            "",
            "42",
            "42:",
            "x:00",
            "42:00",
            &format!("42:{}", "0".repeat(65)),
            &format!("42:{}", "+1".repeat(32)),
        ] {
            assert!(read_anchor(bad).is_err(), "{bad}");
        }
    }

    /// ASVS 16.1.1: the inventory of what is logged is the one that the code has.
    #[test]
    fn asvs_16_1_1_the_documentation_names_every_kind_of_event() {
        let text = include_str!("../../../../docs/operating.md");
        let table = text.split_once("| kind | when |").unwrap().1.split_once("\n\n").unwrap().0;
        // Every other piece between backticks is a name.
        let names = |line: &str| {
            line.split('|')
                .nth(1)
                .unwrap_or_default()
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let named: BTreeSet<String> = table.lines().flat_map(names).collect();
        let kinds: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
        assert_eq!(named, kinds);
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let read = |text| read_moment("--since", text).map(UnixMillis::as_millis);
        assert_eq!(read("2026-02-03").unwrap(), 1_770_076_800_000);
        assert_eq!(read("2026-02-03T01:00:00.5+01:00").unwrap(), 1_770_076_800_500);
        assert!(read("yesterday").is_err() && read("2026-02-30").is_err());
    }
}
