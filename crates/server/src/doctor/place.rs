//! What the server stands on: its database, its root key, and the disk under both.

use super::clock;
use super::finding::Finding;
use crate::config::settings::{DatabasePlace, RootKeySource, Settings};
use crate::database::postgres_options;
use crate::outside::Outside;
use crate::wire;
use app::prepare::compare_root_keys;
use std::path::Path;
use store_postgres::DatabaseAddress;

/// Below this much room the disk is as good as full: the write-ahead log alone grows to 16 MiB and more.
const ROOM_MIN: u64 = 64 << 20;
/// Below this much it is time to look.
const ROOM_NOTICED: u64 = 1 << 30;

type Fingerprints = Vec<(u32, [u8; 32])>;

/// Looks at all three.
pub(super) async fn examine(settings: &Settings, outside: &Outside) -> Vec<Finding> {
    let (mut findings, stored) = match &settings.database {
        DatabasePlace::File(file) => {
            let (finding, stored) = embedded(file);
            (vec![finding, room(file.parent().unwrap_or(file))], stored)
        }
        DatabasePlace::Postgres(address) => shared(settings, address, outside).await,
    };
    findings.push(root_key(settings, stored.as_ref()));
    findings
}

fn embedded(file: &Path) -> (Finding, Option<Fingerprints>) {
    let check = "database";
    let shown = file.display();
    if !file.exists() {
        let says = format!("there is no {shown} yet");
        let remedy = "the server makes it when it first starts; if it has run already, data_dir or database.url names another place";
        return (Finding::warning(check, says, remedy), None);
    }
    let found = match store_sqlite::examine(file) {
        Ok(found) => found,
        Err(error) => {
            let remedy = "run the doctor as the user the server runs as; a file that is no database comes back with `restore`";
            return (Finding::wrong(check, format!("{shown} cannot be read: {error}"), remedy), None);
        }
    };
    let finding = if let Some(fault) = found.faults.first() {
        let says = format!("{shown} is damaged: {fault}");
        Finding::wrong(
            check,
            says,
            "stop the server, keep the file, and put the last backup back with `restore`",
        )
    } else {
        schema(check, &shown.to_string(), found.version, found.known)
    };
    (finding, Some(found.root_keys))
}

async fn shared(
    settings: &Settings,
    address: &DatabaseAddress,
    outside: &Outside,
) -> (Vec<Finding>, Option<Fingerprints>) {
    let check = "database";
    let places = address.places().to_string();
    let before = outside.clock.now();
    match store_postgres::examine(address, &postgres_options(&settings.written)).await {
        Err(error) => {
            let says = format!("{places} cannot be used: {error}");
            (
                vec![Finding::wrong(
                    check,
                    says,
                    "mend what it says; database.url is where the server looks",
                )],
                None,
            )
        }
        Ok(found) if found.is_closed => {
            let says = format!("another database is moving into {places} and has not arrived");
            let remedy = "run `minbil-auth migrate sqlite-to-postgres` again until it has";
            (vec![Finding::wrong(check, says, remedy)], None)
        }
        Ok(found) => {
            let clock = clock::compare("the database's clock", found.now, before, outside.clock.now());
            let schema = schema(check, &places, found.version.into(), found.known.into());
            (vec![schema, clock], Some(found.root_keys))
        }
    }
}

fn schema(check: &'static str, place: &str, found: i64, known: i64) -> Finding {
    let says = format!("{place} has schema {found}, this program knows {known}");
    match found {
        0 => Finding::warning(
            check,
            format!("{place} has no schema yet"),
            "the server makes it when it first starts",
        ),
        _ if found < known => Finding::warning(
            check,
            says,
            "an older server made it; this version brings it up to date when it starts, or `migrate` does",
        ),
        _ if found > known => {
            Finding::warning(check, says, "a newer server made it; use that version's doctor")
        }
        _ => Finding::ok(check, format!("{place} is whole and has this version's schema")),
    }
}

fn root_key(settings: &Settings, stored: Option<&Fingerprints>) -> Finding {
    let check = "root key";
    if let RootKeySource::Generated(path) = &settings.root_key
        && !path.exists()
    {
        let says = format!("there is no {} yet", path.display());
        return match stored {
            // The server would make a new one, and then refuse the database.
            Some(stored) if !stored.is_empty() => Finding::wrong(
                check,
                format!("{says}, but the database was made with one"),
                "put the original file back",
            ),
            _ => Finding::warning(check, says, "the server makes it when it first starts"),
        };
    }
    let keys = match wire::root_keys(settings) {
        Ok(keys) => keys.fingerprints(),
        Err(error) => {
            return Finding::wrong(
                check,
                format!("{error:#}"),
                "mend the file or name another in root_key_file",
            );
        }
    };
    let Some(stored) = stored else {
        return Finding::warning(
            check,
            "it can be read, and there is no database to hold it against",
            "see `database`",
        );
    };
    match compare_root_keys(stored, &keys) {
        Ok(()) if stored.is_empty() => Finding::ok(check, "the database was used with none yet"),
        Ok(()) => Finding::ok(check, "it is the one that the database was made with"),
        Err(error) => Finding::wrong(
            check,
            error.to_string(),
            "without it no token, password or signing key of this database works",
        ),
    }
}

fn room(directory: &Path) -> Finding {
    let check = "disk";
    // A directory that is not there yet is made on the disk of the one above.
    let Some(there) = directory.ancestors().find(|path| path.is_dir()) else {
        return Finding::wrong(check, format!("there is no directory {}", directory.display()), "make it");
    };
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warning(check, format!("{}: {error}", there.display()), "look with df");
        }
    };
    judge_room(&there.display().to_string(), free)
}

fn judge_room(place: &str, free: u64) -> Finding {
    let (check, says) = ("disk", format!("{} MiB are free in {place}", free >> 20));
    let remedy = "make room: a full disk stops every sign-in";
    match free {
        0..ROOM_MIN => Finding::wrong(check, says, remedy),
        ROOM_MIN..ROOM_NOTICED => Finding::warning(check, says, remedy),
        _ => Finding::ok(check, says),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_disk_that_fills_up_is_told_of_in_time() {
        let verdict = |free| judge_room("x", free).verdict;
        assert_eq!(verdict(ROOM_MIN - 1), Verdict::Wrong);
        assert_eq!(verdict(ROOM_MIN), Verdict::Warning);
        assert_eq!(verdict(ROOM_NOTICED), Verdict::Ok);
    }
}
