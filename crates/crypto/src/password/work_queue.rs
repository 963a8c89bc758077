//! A bounded queue of work for a few threads of our own, first come first served.
//!
//! Admission comes first: a permit is taken before anything is looked up, and there are exactly as many as
//! threads and places in the queue, so the queue itself can never be too long. Threads of their own keep
//! hashing away from the threads that answer everybody else.

use super::counts::Counters;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The least and the most that a turned-away caller is told to wait.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// The moving average gives the newest job one part in this many.
const AVERAGE_OVER: u64 = 8;

/// How much the threads of the queue give way to all others (nice(2), 0 to 19).
const NICENESS: i32 = 10;

/// A flood of sign-ins may take every core that nobody else wants, and no more: the threads that answer
/// refreshes and commit writes are scheduled before this one.
fn give_way() {
    // On Linux the niceness is a thread's own, and no process means the calling thread. An operator who gave the
    // whole server a lower one keeps it.
    let lowered = rustix::process::getpriority_process(None)
        .and_then(|given| rustix::process::setpriority_process(None, given.max(NICENESS)));
    if let Err(error) = lowered {
        tracing::debug!(%error, "a hashing thread keeps its priority");
    }
}

/// A thread's own state: what its jobs work on.
pub(super) trait Workplace: Send + 'static {
    /// Called when the thread has nothing to do.
    fn idle(&mut self);
}

/// Why a job gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotDone {
    #[error("the password hashing queue did not get to it in time")]
    WaitedTooLong,
    #[error("the password hashing threads are gone, or one of them failed")]
    Gone,
}

/// Threads and their queue.
pub(super) struct WorkQueue<W> {
    shared: Arc<Shared<W>>,
    permits: Arc<Semaphore>,
    places: usize,
    threads: Vec<JoinHandle<()>>,
    wait_max: Duration,
}

struct Shared<W> {
    queue: Mutex<Queue<W>>,
    changed: Condvar,
    average_nanos: AtomicU64,
    counters: Arc<Counters>,
}

struct Queue<W> {
    jobs: VecDeque<Box<dyn Job<W>>>,
    is_closed: bool,
}

/// A piece of work on its way. The box is what the queue holds of it.
trait Job<W>: Send {
    fn turn(self: Box<Self>, workplace: &mut W) -> Turn;
}

enum Turn {
    Done,
    Abandoned,
    Expired,
}

struct Asked<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T, NotDone>>,
    permit: OwnedSemaphorePermit,
    since: Instant,
    wait_max: Duration,
}

impl<W, T: Send, F: FnOnce(&mut W) -> T + Send> Job<W> for Asked<T, F> {
    fn turn(self: Box<Self>, workplace: &mut W) -> Turn {
        if self.answer.is_closed() {
            return Turn::Abandoned;
        }
        if self.since.elapsed() >= self.wait_max {
            drop(self.permit);
            let _ = self.answer.send(Err(NotDone::WaitedTooLong));
            return Turn::Expired;
        }
        let done = (self.work)(workplace);
        // The place is free before its caller hears of it, so that the caller's next request finds it.
        drop(self.permit);
        let _ = self.answer.send(Ok(done));
        Turn::Done
    }
}

impl<W: Workplace> WorkQueue<W> {
    /// Starts one thread for each workplace.
    pub(super) fn start(
        workplaces: Vec<W>,
        queue_max: usize,
        wait_max: Duration,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue { jobs: VecDeque::new(), is_closed: false }),
            changed: Condvar::new(),
            average_nanos: AtomicU64::new(0),
            counters,
        });
        let places = workplaces.len() + queue_max;
        let mut queue = Self {
            shared: Arc::clone(&shared),
            permits: Arc::new(Semaphore::new(places)),
            places,
            threads: Vec::with_capacity(workplaces.len()),
            wait_max,
        };
        for (index, mut workplace) in workplaces.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new()
                .name(format!("password-{index}"))
                .spawn(move || shared.work(&mut workplace))?;
            queue.threads.push(thread);
        }
        Ok(queue)
    }

    /// A place; `Err` tells after how long one is likely to be free.
    pub(super) fn admit(&self) -> Result<OwnedSemaphorePermit, Duration> {
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| self.retry_after())
    }

    /// How many places are taken: work under way, waiting, or about to be asked for.
    pub(super) fn taken(&self) -> usize {
        self.places.saturating_sub(self.permits.available_permits())
    }

    /// Does `work` when its turn comes. Work whose caller went away before that is skipped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(&mut W) -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let (answer, answered) = oneshot::channel();
        let job = Asked { work, answer, permit, since: Instant::now(), wait_max: self.wait_max };
        self.shared.lock().jobs.push_back(Box::new(job));
        self.shared.changed.notify_one();
        answered.await.unwrap_or(Err(NotDone::Gone))
    }

    fn retry_after(&self) -> Duration {
        let nanos = self.shared.average_nanos.load(Ordering::Relaxed);
        let ahead = self.taken().div_ceil(self.threads.len().max(1));
        let wait = Duration::from_nanos(nanos.saturating_mul(ahead as u64));
        wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX)
    }
}

impl<W> Drop for WorkQueue<W> {
    /// Lets the threads finish what they are at, and waits for them, so that their memory is wiped.
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.is_closed = true;
        let left: Vec<_> = queue.jobs.drain(..).collect();
        drop(queue);
        drop(left);
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl<W> Shared<W> {
    /// A panic of another thread leaves the queue as whole as it was: no lock is held while a job runs.
    fn lock(&self) -> MutexGuard<'_, Queue<W>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Workplace> Shared<W> {
    fn work(&self, workplace: &mut W) {
        give_way();
        while let Some(job) = self.next_job(workplace) {
            let began = Instant::now();
            // A job that panics loses its own answer and not the thread.
            match catch_unwind(AssertUnwindSafe(|| job.turn(workplace))) {
                Ok(Turn::Done) => self.remember(began.elapsed()),
                Ok(Turn::Abandoned) => Counters::add(&self.counters.abandoned, 1),
                Ok(Turn::Expired) => Counters::add(&self.counters.expired, 1),
                Err(_) => tracing::error!("a password hashing job panicked"),
            }
        }
    }

    fn next_job(&self, workplace: &mut W) -> Option<Box<dyn Job<W>>> {
        if let Some(job) = self.lock().jobs.pop_front() {
            return Some(job);
        }
        workplace.idle();
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.is_closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn remember(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let before = self.average_nanos.load(Ordering::Relaxed);
        let average = match before {
            0 => took,
            before => before - before / AVERAGE_OVER + took / AVERAGE_OVER,
        };
        self.average_nanos.store(average, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
