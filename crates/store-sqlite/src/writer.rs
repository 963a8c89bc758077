//! The writer: one thread, one connection, group commit.
//!
//! Everything that is queued goes into one transaction, each intention in a savepoint of its own, so that
//! one that fails undoes itself alone. The answers go out after the commit's flush, never before. While one
//! group is being flushed the next one gathers, so the group's size follows the load by itself: a lone
//! client never waits for company, and a hundred clients share one flush.
//!
//! The answers of a group are handed to the runtime as one task: waking it once for each answer costs the writer
//! more than the writing.

use crate::failure::fault;
use crate::ids;
use app::fault::Fault;
use app::ports::clock::{Clock, Entropy, new_uuid};
use domain::time::UnixMillis;
use rusqlite::Connection;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use uuid::Uuid;

/// After this long without work the write-ahead log is folded back into the database.
const IDLE_CHECKPOINT: Duration = Duration::from_secs(5);

/// What an intention can reach.
pub(crate) struct Write<'a> {
    /// The connection, inside the transaction.
    pub(crate) connection: &'a Connection,
    /// The store's now.
    pub(crate) now: UnixMillis,
    entropy: &'a dyn Entropy,
    last_id: &'a Cell<Uuid>,
}

impl Write<'_> {
    /// A fresh UUIDv7. Those of one millisecond are in the order of their making (RFC 9562 section 6.2, method 2),
    /// because one millisecond sees many writes, and the log and the outbox are read in the order of their ids.
    pub(crate) fn uuid(&self) -> Uuid {
        let fresh = new_uuid(self.now, self.entropy);
        let next = ids::after(self.last_id.get(), fresh).unwrap_or(fresh);
        self.last_id.set(next);
        next
    }
}

/// One intention on its way.
trait Intention: Send {
    /// Runs inside a savepoint; whether the savepoint stays.
    fn run(&mut self, write: &Write<'_>) -> bool;
    /// Answers. `lost` says that the group was not committed.
    fn answer(self: Box<Self>, lost: Option<Fault>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Result<T, Fault>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Intention for Pending<T, F>
where
    T: Send,
    F: FnOnce(&Write<'_>) -> Result<T, rusqlite::Error> + Send,
{
    fn run(&mut self, write: &Write<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A bug in one intention must not take the writer, and everybody behind it, down.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(write)));
        self.outcome = match outcome {
            Ok(result) => result.map_err(fault),
            Err(_) => Err(Fault::internal("a write panicked; it was rolled back")),
        };
        self.outcome.is_ok()
    }

    fn answer(self: Box<Self>, lost: Option<Fault>) {
        // A caller that went away is no failure: what it asked for is done.
        let _ = self.reply.send(lost.map_or(self.outcome, Err));
    }
}

/// How the writer has fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Intentions that were committed.
    pub intentions: u64,
    /// Groups that were committed, each with one flush.
    pub groups: u64,
    /// The largest group.
    pub largest_group: u64,
}

#[derive(Default)]
struct Counters {
    intentions: AtomicU64,
    groups: AtomicU64,
    largest_group: AtomicU64,
}

/// The handle that everybody else holds.
pub(crate) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Intention>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        connection: Connection,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        queue_max: usize,
        group_max: usize,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue_max);
        let counters = Arc::new(Counters::default());
        let last_id = Cell::new(Uuid::nil());
        let runtime = Handle::try_current().ok();
        let worker = Worker {
            connection,
            clock,
            entropy,
            last_id,
            group_max,
            runtime,
            counters: Arc::clone(&counters),
        };
        let thread = std::thread::Builder::new()
            .name("store writer".to_owned())
            .spawn(move || worker.run(&receiver))?;
        Ok(Self { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), counters })
    }

    /// Queues an intention and waits until it is durable.
    pub(crate) async fn submit<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let not_run = Err(Fault::internal("a write was never run"));
        let pending = Pending { work: Some(work), outcome: not_run, reply };
        self.enqueue(Box::new(pending))?;
        answer.await.unwrap_or_else(|_| Err(Fault::unavailable("the store is closed")))
    }

    fn enqueue(&self, intention: Box<dyn Intention>) -> Result<(), Fault> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = queue.as_ref() else { return Err(Fault::unavailable("the store is closed")) };
        sender.try_send(intention).map_err(|error| match error {
            TrySendError::Full(_) => Fault::unavailable("the store's write queue is full"),
            TrySendError::Disconnected(_) => Fault::unavailable("the store is closed"),
        })
    }

    /// How it has fared.
    pub(crate) fn stats(&self) -> WriterStats {
        WriterStats {
            intentions: self.counters.intentions.load(Ordering::Relaxed),
            groups: self.counters.groups.load(Ordering::Relaxed),
            largest_group: self.counters.largest_group.load(Ordering::Relaxed),
        }
    }

    /// Finishes what is queued and ends the thread. A second call does nothing.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread ended in a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

struct Worker {
    connection: Connection,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    last_id: Cell<Uuid>,
    group_max: usize,
    /// Where the answers are awaited; none if the store was opened outside of a runtime.
    runtime: Option<Handle>,
    counters: Arc<Counters>,
}

impl Worker {
    fn run(self, queue: &Receiver<Box<dyn Intention>>) {
        let mut is_folded = true;
        loop {
            match queue.recv_timeout(IDLE_CHECKPOINT) {
                Ok(first) => {
                    let mut group = vec![first];
                    while group.len() < self.group_max
                        && let Ok(next) = queue.try_recv()
                    {
                        group.push(next);
                    }
                    self.commit(group);
                    is_folded = false;
                }
                Err(RecvTimeoutError::Timeout) if is_folded => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.checkpoint("PASSIVE");
                    is_folded = true;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.checkpoint("TRUNCATE");
    }

    fn commit(&self, mut group: Vec<Box<dyn Intention>>) {
        let size = group.len() as u64;
        let result = self.transact(&mut group);
        if let Err(error) = result {
            tracing::warn!(%error, size, "a group of writes was not committed");
            self.roll_back();
            for intention in group {
                intention.answer(Some(Fault::unavailable("the group of writes was not committed")));
            }
            return;
        }
        self.counters.intentions.fetch_add(size, Ordering::Relaxed);
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters.largest_group.fetch_max(size, Ordering::Relaxed);
        let answers = move || group.into_iter().for_each(|intention| intention.answer(None));
        match &self.runtime {
            Some(runtime) => drop(runtime.spawn(async move { answers() })),
            None => answers(),
        }
    }

    fn transact(&self, group: &mut [Box<dyn Intention>]) -> Result<(), rusqlite::Error> {
        self.execute("BEGIN IMMEDIATE")?;
        let (entropy, last_id) = (self.entropy.as_ref(), &self.last_id);
        for intention in group {
            self.execute("SAVEPOINT intention")?;
            let write = Write { connection: &self.connection, now: self.clock.now(), entropy, last_id };
            if !intention.run(&write) {
                self.execute("ROLLBACK TO intention")?;
            }
            self.execute("RELEASE intention")?;
        }
        self.execute("COMMIT")
    }

    fn execute(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    /// Some failures (a full disk among them) have rolled the transaction back already.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a failed group of writes was not rolled back");
        }
    }

    fn checkpoint(&self, mode: &str) {
        let folded = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        if let Err(error) = folded {
            tracing::debug!(%error, mode, "the write-ahead log was not folded back");
        }
    }
}

#[cfg(test)]
mod tests;
