//! What no caller of a port can bring about: bugs and failures inside of a group.

use super::*;
use app::fault::FaultKind;
use std::sync::mpsc::channel;
use tempfile::TempDir;
use testkit::{FakeClock, SeededEntropy};

/// A writer over one table, and the directory that holds it.
fn writer() -> (Arc<Writer>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let connection = connect(&directory);
    let schema = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
        CREATE TABLE t (n INTEGER PRIMARY KEY);
        CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)";
    connection.execute_batch(schema).unwrap();
    let (clock, entropy) = (Arc::new(FakeClock::default()), Arc::new(SeededEntropy::default()));
    (Arc::new(Writer::start(connection, clock, entropy, 64, 64).unwrap()), directory)
}

fn connect(directory: &TempDir) -> Connection {
    Connection::open(directory.path().join("t.db")).unwrap()
}

fn numbers(directory: &TempDir) -> Vec<i64> {
    let connection = connect(directory);
    let mut select = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn insert(write: &Write<'_>, n: i64) -> Result<(), rusqlite::Error> {
    write.connection.execute("INSERT INTO t VALUES (?1)", [n]).map(|_| ())
}

type Work = Box<dyn FnOnce(&Write<'_>) -> Result<(), rusqlite::Error> + Send>;

/// Starts a write and lets it come as far as the queue. (One thread runs all tasks of a test here, so a task that
/// was given its turn has queued its work.)
async fn queue(writer: &Arc<Writer>, work: Work) -> tokio::task::JoinHandle<Result<(), Fault>> {
    let writer = Arc::clone(writer);
    let call = tokio::spawn(async move { writer.submit(work).await });
    tokio::task::yield_now().await;
    call
}

/// Runs `middle` between an insert of 1 and one of 3, all in one group; what became of each.
async fn in_one_group(writer: &Arc<Writer>, middle: Work) -> [Option<FaultKind>; 3] {
    // The group before holds the writer until the three are queued.
    let (begun, wait_begun) = channel();
    let (go, wait_go) = channel();
    let holds: Work = Box::new(move |write| {
        begun.send(()).unwrap();
        wait_go.recv().unwrap();
        insert(write, 0)
    });
    let before = queue(writer, holds).await;
    wait_begun.recv().unwrap();
    let first = queue(writer, Box::new(|write| insert(write, 1))).await;
    let middle = queue(writer, middle).await;
    let last = queue(writer, Box::new(|write| insert(write, 3))).await;
    go.send(()).unwrap();
    before.await.unwrap().unwrap();
    let mut kinds = [None; 3];
    for (kind, call) in kinds.iter_mut().zip([first, middle, last]) {
        *kind = call.await.unwrap().err().map(|fault| fault.kind());
    }
    kinds
}

const ALL_UNAVAILABLE: [Option<FaultKind>; 3] = [Some(FaultKind::Unavailable); 3];

#[tokio::test]
async fn a_write_that_panics_undoes_itself_and_takes_nobody_down() {
    let (writer, directory) = writer();
    let panics: Work = Box::new(|write| {
        insert(write, 2)?;
        panic!("a bug")
    });
    assert_eq!(in_one_group(&writer, panics).await, [None, Some(FaultKind::Internal), None]);
    writer.submit(|write| insert(write, 4)).await.unwrap();
    assert_eq!(numbers(&directory), [0, 1, 3, 4]);
    assert_eq!(writer.stats().groups, 3);
}

/// A full disk may roll the whole transaction back in the middle of a group: then nobody's write is done.
#[tokio::test]
async fn a_transaction_that_is_lost_in_the_middle_is_lost_for_all_of_its_group() {
    let (writer, directory) = writer();
    let loses: Work = Box::new(|write| write.connection.execute_batch("ROLLBACK"));
    assert_eq!(in_one_group(&writer, loses).await, ALL_UNAVAILABLE);
    writer.submit(|write| insert(write, 4)).await.unwrap();
    assert_eq!(numbers(&directory), [0, 4]);
    assert_eq!(writer.stats().intentions, 2);
}

/// A constraint that is checked at the end makes the commit itself fail, with every write of the group done.
#[tokio::test]
async fn a_commit_that_fails_is_unavailable_for_all_of_its_group_and_the_next_one_goes_on() {
    let (writer, directory) = writer();
    let fails_at_the_end: Work =
        Box::new(|write| write.connection.execute("INSERT INTO child VALUES (99)", []).map(|_| ()));
    assert_eq!(in_one_group(&writer, fails_at_the_end).await, ALL_UNAVAILABLE);
    writer.submit(|write| insert(write, 4)).await.unwrap();
    assert_eq!(numbers(&directory), [0, 4]);
}

#[tokio::test]
async fn a_write_that_fails_half_way_is_undone_to_its_beginning() {
    let (writer, directory) = writer();
    let fails: Work = Box::new(|write| {
        insert(write, 2)?;
        insert(write, 1)
    });
    assert_eq!(in_one_group(&writer, fails).await, [None, Some(FaultKind::Internal), None]);
    assert_eq!(numbers(&directory), [0, 1, 3]);
}
