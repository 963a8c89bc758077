//! What an account's sign-in and a session's refresh cost as the database grows.
//!
//! The clients' own accounts and sessions are made through the API. Around them the database is filled with rows that
//! nobody uses: accounts with addresses in no order, and three sessions each, a third of them with ids of the very
//! moments in which the clients signed in, so that the clients' sessions lie apart from each other, each on a page of its
//! own.

use crate::load::{self, Driven};
use crate::report::{Figure, Target, thousands};
use crate::served::Server;
use crate::work::Work;
use anyhow::Context as _;
use rusqlite::{Connection, params};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many users a small database has.
const FEW: u32 = 10_000;
/// How many users a big one has, unless it is said otherwise.
pub(crate) const MANY: u32 = 1_000_000;
/// Sessions of each.
const SESSIONS_EACH: u32 = 3;
/// How many clients call at once, each with many accounts and sessions in turn.
const CLIENTS: usize = 16;
/// Hashing that costs next to nothing: what is looked up is measured here, and not the hash.
const CHEAP: [(&str, &str); 2] =
    [("MINBIL_AUTH_PASSWORDS__ARGON2_MEMORY_KIB", "64"), ("MINBIL_AUTH_PASSWORDS__ARGON2_ITERATIONS", "1")];
/// How much of the database is kept in memory while filling.
const FILL_CACHE_KIB: i64 = 128 * 1024;
/// Rows of one transaction while filling.
const CHUNK: u32 = 100_000;

pub(crate) const REFRESH_P50: &str = "ratio: refresh p50, many users / few";
const REFRESH_P99: &str = "ratio: refresh p99, many users / few";
const SIGN_IN_P50: &str = "ratio: sign-in p50 without its hash, many users / few";
const SIGN_IN_P99: &str = "ratio: sign-in p99 without its hash, many users / few";
const START: &str = "ratio: start, many users / few";
const FILL: &str = "ratio: filling / a bare insert of such rows";

pub(crate) const USER_BYTES: &str = "bytes a user";
pub(crate) const SESSION_BYTES: &str = "bytes a session";

/// What we aim for.
pub(crate) const TARGETS: [Target; 6] = [
    Target::at_most(REFRESH_P50, 1.3),
    Target::at_most(REFRESH_P99, 1.3),
    Target::at_most(SIGN_IN_P50, 1.3),
    Target::at_most(SIGN_IN_P99, 1.3),
    Target::at_most(START, 1.3),
    Target::at_least(FILL, 0.5),
];

/// The name of the part.
pub(crate) const PART: &str = "growth";

/// Under which name the figures of so many users are kept: each size under its own.
pub(crate) fn kept_as(users: u32) -> String {
    if users == MANY { PART.to_owned() } else { format!("{PART}-{users}") }
}

/// What stands above figures that are kept under this name; nothing if they are of another part.
pub(crate) fn title(kept: &str) -> Option<String> {
    let users = match kept.strip_prefix(PART)? {
        "" => f64::from(MANY),
        rest => rest.strip_prefix('-')?.parse().ok()?,
    };
    Some(format!("As the database grows to {} users", thousands(users)))
}

/// What one size showed.
struct Size {
    refresh: Driven,
    sign_in: Driven,
    start: Duration,
    bytes: Bytes,
    rows_per_second: f64,
}

/// What a row costs on the disk, with its share of the indexes.
struct Bytes {
    user: f64,
    session: f64,
}

/// Measures one round.
pub(crate) async fn round(binary: &Path, span: Duration, many: u32) -> anyhow::Result<Vec<Figure>> {
    let few = size(binary, span, FEW).await?;
    let big = size(binary, span, many).await?;
    let bare = bare_insert()?;
    let ratio = |of: fn(&Size) -> f64| of(&big) / of(&few);
    Ok(vec![
        Figure::new("users", f64::from(many)),
        Figure::new("refresh p50 with many users, us", big.refresh.p50_us as f64),
        Figure::new("refresh p99 with many users, us", big.refresh.p99_us as f64),
        Figure::new("sign-in p50 with many users, us", big.sign_in.p50_us as f64),
        Figure::new(REFRESH_P50, ratio(|size| size.refresh.p50_us as f64)),
        Figure::new(REFRESH_P99, ratio(|size| size.refresh.p99_us as f64)),
        Figure::new(SIGN_IN_P50, ratio(|size| size.sign_in.p50_us as f64)),
        Figure::new(SIGN_IN_P99, ratio(|size| size.sign_in.p99_us as f64)),
        Figure::new("start with many users, ms", big.start.as_secs_f64() * 1000.0),
        Figure::new(START, ratio(|size| size.start.as_secs_f64())),
        Figure::new(USER_BYTES, big.bytes.user),
        Figure::new(SESSION_BYTES, big.bytes.session),
        Figure::new("rows/s, filling", big.rows_per_second),
        Figure::new(FILL, big.rows_per_second / bare),
    ])
}

async fn size(binary: &Path, span: Duration, users: u32) -> anyhow::Result<Size> {
    let server = Server::fresh(binary, &CHEAP).await?;
    let folder = tempfile::tempdir()?;
    let tokens = folder.path().join("tokens.json");
    // Their tokens are kept for after the filling.
    load::drive_keeping(Work::Prepare, server.port, CLIENTS, Duration::ZERO, &tokens).await?;
    let data = server.stop().await?;
    let filled = fill(&data.path().join("minbil-auth.db"), users)?;
    let server = Server::start(binary, data, &CHEAP).await?;
    // Once for the caches, as a running server has them.
    let warm = Duration::from_secs(1);
    load::drive_keeping(Work::RefreshKept, server.port, CLIENTS, warm, &tokens).await?;
    let refresh = load::drive_keeping(Work::RefreshKept, server.port, CLIENTS, span, &tokens).await?;
    let sign_in = load::drive(Work::SignInMany, server.port, CLIENTS, span).await?;
    let data = server.stop().await?;
    let server = Server::start(binary, data, &CHEAP).await?;
    let start = server.first_answer;
    Ok(Size { refresh, sign_in, start, bytes: filled.bytes, rows_per_second: filled.rows_per_second })
}

struct Filled {
    bytes: Bytes,
    rows_per_second: f64,
}

/// Fills the tables of a server that is not running. Nobody needs the file if this is interrupted, so that there is no
/// journal and no flush until the end; and addresses, which come in no order, are sorted once instead of being looked up one by one.
fn fill(file: &Path, users: u32) -> anyhow::Result<Filled> {
    let connection = Connection::open(file).context("cannot open the database to fill it")?;
    for (name, value) in [("locking_mode", "EXCLUSIVE"), ("journal_mode", "OFF"), ("synchronous", "OFF")] {
        connection.pragma_update(None, name, value)?;
    }
    connection.pragma_update(None, "cache_size", -FILL_CACHE_KIB)?;
    let begun = Instant::now();
    let window = Window::of(&connection)?;
    let empty = pages(&connection)?;
    let by_email: String =
        connection
            .query_row("SELECT sql FROM sqlite_schema WHERE name = 'users_by_email'", [], |row| row.get(0))?;
    connection.execute_batch("DROP INDEX users_by_email")?;
    let password: String =
        connection.query_row("SELECT password FROM users LIMIT 1", [], |row| row.get(0))?;
    in_chunks(&connection, "users", users, |number| insert_user(&connection, &password, number))?;
    connection.execute_batch(&by_email)?;
    let with_users = pages(&connection)?;
    let sessions = users * SESSIONS_EACH;
    in_chunks(&connection, "sessions", sessions, |number| {
        insert_session(&connection, &window, number, sessions)
    })?;
    let took = begun.elapsed();
    let with_sessions = pages(&connection)?;
    connection.execute_batch("ANALYZE")?;
    let bytes = Bytes {
        user: (with_users - empty) / f64::from(users),
        session: (with_sessions - with_users) / f64::from(sessions),
    };
    drop(connection);
    flush(file)?;
    Ok(Filled { bytes, rows_per_second: f64::from(users + sessions) / took.as_secs_f64() })
}

fn in_chunks(
    connection: &Connection,
    what: &str,
    count: u32,
    insert: impl Fn(u32) -> rusqlite::Result<()>,
) -> anyhow::Result<()> {
    let mut done = 0;
    while done < count {
        let end = count.min(done + CHUNK);
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for number in done..end {
            insert(number)?;
        }
        connection.execute_batch("COMMIT")?;
        done = end;
        if count > CHUNK {
            let mut error = std::io::stderr();
            write!(error, "\r{what}: {done} of {count}")?;
            if done == count {
                writeln!(error)?;
            }
        }
    }
    Ok(())
}

/// Nothing of the filling is left for the disk to do while something is measured.
fn flush(file: &Path) -> anyhow::Result<()> {
    std::fs::File::open(file)?.sync_all().context("cannot flush the filled database")
}

fn pages(connection: &Connection) -> anyhow::Result<f64> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    Ok(pragma("page_count")? as f64 * pragma("page_size")? as f64)
}

/// When the clients signed in, and what an account's password looks like.
struct Window {
    first: i64,
    last: i64,
}

impl Window {
    fn of(connection: &Connection) -> anyhow::Result<Self> {
        let (first, last) = connection
            .query_row("SELECT min(created_at), max(created_at) FROM sessions", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .context("the clients have no sessions")?;
        Ok(Self { first, last })
    }
}

fn insert_user(connection: &Connection, password: &str, number: u32) -> rusqlite::Result<()> {
    // The password is another account's and opens nothing: it is sealed for its own row.
    connection
        .prepare_cached(
            "INSERT INTO users (namespace, id, email, email_verified, status, credential_epoch, password,
               created_at, updated_at, last_sign_in_at)
             VALUES ('co', ?1, ?2, 0, 'active', 0, ?4, ?3, ?3, ?3)",
        )?
        .execute(params![
            user_id(number).as_slice(),
            // In no order, as people's addresses are.
            format!("{:08x}-{number}@filled.example", scramble(number)),
            MONTH_START + i64::from(number),
            password
        ])
        .map(|_| ())
}

fn insert_session(connection: &Connection, window: &Window, number: u32, count: u32) -> rusqlite::Result<()> {
    // A third before the clients' sessions, a third among them, a third after; each third grows at its end.
    let third = (count / 3).max(1);
    let at = match number / third {
        0 => window.first - i64::from(third) + i64::from(number),
        1 => {
            let within = i64::from(number - third);
            window.first + (window.last - window.first) * within / i64::from(third)
        }
        _ => window.last + i64::from(number - third * 2),
    };
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, namespace, user_id, salt, mac_key, credential_epoch,
               body_generation, body_rotated_at, body_previous_rotated_at,
               cookie_generation, cookie_rotated_at, cookie_previous_rotated_at,
               created_at, last_proof_at, idle_deadline, absolute_deadline, user_agent, address)
             VALUES (?1, 'co', ?2, ?3, 1, 0, 0, ?4, ?4, 0, ?4, ?4, ?4, ?4, ?5, ?5, 'a phone of some make/1.0', '192.0.2.1')",
        )?
        .execute(params![
            id(at, scramble(number), number).as_slice(),
            user_id(number / SESSIONS_EACH).as_slice(),
            id(0, scramble(number), !number).as_slice(),
            at,
            FAR_AWAY
        ])
        .map(|_| ())
}

/// Some moment, and one that no benchmark lives to see; milliseconds.
const MONTH_START: i64 = 1_790_000_000_000;
const FAR_AWAY: i64 = 4_000_000_000_000;

fn user_id(number: u32) -> [u8; 16] {
    id(MONTH_START + i64::from(number), scramble(number), number)
}

/// A UUIDv7 of that millisecond.
fn id(at: i64, random: u32, number: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id[..6].copy_from_slice(&at.to_be_bytes()[2..]);
    id[6] = 0x70;
    id[8] = 0x80;
    id[9..13].copy_from_slice(&random.to_be_bytes());
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

/// Takes numbers apart that follow each other, and never two to one (odd factors, and shifts that can be undone).
const fn scramble(number: u32) -> u32 {
    let mixed = number.wrapping_mul(0x9E37_79B1);
    (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA77)
}

/// Rows a second of users and sessions together into tables of the same shape, with nothing but the insert.
fn bare_insert() -> anyhow::Result<f64> {
    const ROWS: u32 = 200_000;
    let folder = tempfile::tempdir_in(".")?;
    let connection = Connection::open(folder.path().join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(
        "CREATE TABLE s (id BLOB PRIMARY KEY, ns TEXT, user BLOB, salt BLOB, a INTEGER, b INTEGER, c INTEGER, d INTEGER,
           e INTEGER, f INTEGER, g INTEGER, h INTEGER, i INTEGER, j INTEGER, agent TEXT, address TEXT) WITHOUT ROWID, STRICT;
         CREATE INDEX by_user ON s (user);",
    )?;
    let begun = Instant::now();
    in_chunks(&connection, "bare", ROWS, |number| {
        connection
            .prepare_cached(
                "INSERT INTO s VALUES (?1, 'co', ?2, ?3, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, ?4, 'a phone of some make/1.0', '192.0.2.1')",
            )?
            .execute(params![
                id(MONTH_START + i64::from(number), scramble(number), number).as_slice(),
                user_id(number / SESSIONS_EACH).as_slice(),
                id(0, scramble(number), !number).as_slice(),
                MONTH_START
            ])
            .map(|_| ())
    })?;
    Ok(f64::from(ROWS) / begun.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_an_id_of_its_own_and_ids_follow_their_moments() {
        let ids: BTreeSet<_> = (0..50_000).map(user_id).collect();
        assert_eq!(ids.len(), 50_000);
        assert!(id(5, u32::MAX, u32::MAX) < id(6, 0, 0));
        assert_eq!((id(1, 0, 0)[6] >> 4, id(1, 0, 0)[8] >> 6), (7, 2));
    }

    #[test]
    fn each_size_is_kept_under_a_name_of_its_own_that_says_how_many_users_it_has() {
        assert_eq!((kept_as(MANY).as_str(), kept_as(70_000).as_str()), (PART, "growth-70000"));
        assert_eq!(title(PART).unwrap(), "As the database grows to 1,000,000 users");
        assert_eq!(title("growth-70000").unwrap(), "As the database grows to 70,000 users");
        assert_eq!((title("refresh"), title("growth-x")), (None, None));
    }

    #[test]
    fn addresses_are_in_no_order_and_none_comes_twice() {
        let scrambled: Vec<_> = (0..10_000).map(scramble).collect();
        assert_eq!(scrambled.iter().collect::<BTreeSet<_>>().len(), 10_000);
        let rising = scrambled.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((4_000..6_000).contains(&rising), "{rising}");
    }
}
