//! The one round trip of a refresh: the current generation rotates, in one conditional statement. Two that present the same
//! generation meet at the row's lock; the second finds the generation gone.
//!
//! Under load, refreshes share a transaction and its flush. A lane takes everything that waits, sends it in one go with the
//! BEGIN before it and the COMMIT after it, and answers when that is durable; meanwhile the next group gathers. A
//! refresh that finds a lane free goes alone and commits by itself, so nobody waits for company. A group that fails
//! because of one of its members, or has to wait for a row, is taken apart: each runs again alone.

use crate::clock::{StoreClock, now};
use crate::failure::Failure;
use crate::rows::{SESSION_COLUMNS, SESSION_WIDTH, session};
use crate::statements::Bind;
use crate::writer::{Lost, Writers};
use domain::namespace::NamespaceName;
use domain::session::{Salt, Session, Slot};
use domain::time::UnixMillis;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

const NOW: &str = now!();
/// How many groups may be under way: one that is flushed, and one on its way to the server.
const LANES: usize = 2;

/// What is asked for.
pub(crate) struct Rotation {
    /// Which chain of the session.
    pub(crate) slot: Slot,
    /// The session.
    pub(crate) session: Uuid,
    /// Its namespace.
    pub(crate) namespace: NamespaceName,
    /// What only the session's own tokens know.
    pub(crate) salt: Salt,
    /// The generation that was presented.
    pub(crate) generation: i64,
    /// How long the session may rest from now on, in milliseconds.
    pub(crate) idle: i64,
}

/// The session as it is after its rotation, and the store's now; nothing if the generation is not the current one of a
/// live session.
type Rotated = Option<(Session, UnixMillis)>;

struct Asked {
    rotation: Rotation,
    answer: oneshot::Sender<Result<Rotated, Failure>>,
}

/// Where refreshes gather.
pub(crate) struct Rotations(Arc<Shared>);

struct Shared {
    writers: Arc<Writers>,
    clock: Arc<StoreClock>,
    group_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Asked>,
    lanes: usize,
}

impl Rotations {
    /// Nobody waits yet.
    pub(crate) fn new(writers: Arc<Writers>, clock: Arc<StoreClock>, group_max: usize) -> Self {
        let waiting = Mutex::default();
        Self(Arc::new(Shared { writers, clock, group_max, waiting }))
    }

    /// Rotates, and waits until that is durable. If the caller goes away before its turn, nothing happens.
    pub(crate) async fn rotate(&self, rotation: Rotation) -> Result<Rotated, Failure> {
        let shared = &self.0;
        if shared.group_max < 2 || !shared.writers.groups() {
            return shared.alone(&rotation).await;
        }
        let (answer, answered) = oneshot::channel();
        shared.gather(Asked { rotation, answer })?;
        let limit = shared.writers.limits().operation_max;
        let answered = tokio::time::timeout(limit, answered).await.map_err(|_| Failure::TimedOut)?;
        answered.unwrap_or(Err(Failure::Impossible("a refresh was never run")))
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gather(self: &Arc<Self>, asked: Asked) -> Result<(), Failure> {
        let mut waiting = self.waiting();
        if waiting.queue.len() >= self.writers.limits().queue_max {
            return Err(Failure::Busy);
        }
        waiting.queue.push_back(asked);
        if waiting.lanes < LANES {
            waiting.lanes += 1;
            tokio::spawn(Lane(Some(Arc::clone(self))).run());
        }
        Ok(())
    }

    /// Those that wait, of one chain, in the order of their sessions: whoever locks several does so in this order.
    fn next_group(&self) -> Option<Vec<Asked>> {
        let mut waiting = self.waiting();
        waiting.queue.retain(|asked| !asked.answer.is_closed());
        let Some(slot) = waiting.queue.front().map(|first| first.rotation.slot) else {
            waiting.lanes -= 1;
            return None;
        };
        let mut group = Vec::new();
        for asked in std::mem::take(&mut waiting.queue) {
            if asked.rotation.slot == slot && group.len() < self.group_max {
                group.push(asked);
            } else {
                waiting.queue.push_back(asked);
            }
        }
        group.sort_by_key(|asked| asked.rotation.session);
        Some(group)
    }

    async fn run(self: &Arc<Self>, group: Vec<Asked>) {
        if let [_] = group.as_slice() {
            return self.each_alone(group).await;
        }
        let moment = self.clock.parameter();
        let bound: Vec<_> = group.iter().map(|asked| Bound::of(moment, &asked.rotation)).collect();
        let runs: Vec<_> = bound.iter().map(Bound::values).collect();
        let slot = group.first().map_or(Slot::Body, |first| first.rotation.slot);
        match self.writers.together(statement(slot), &runs).await {
            Ok(rows) => {
                for (asked, rows) in group.into_iter().zip(rows) {
                    // Who went away meanwhile comes again with what it has; the grace is for that.
                    let _ = asked.answer.send(rotated(&rows));
                }
            }
            Err(lost) if is_of_one_member(&lost) => {
                // In a task of their own: the lane goes on with others.
                let shared = Arc::clone(self);
                tokio::spawn(async move { shared.each_alone(group).await });
            }
            Err(Lost { failure, .. }) => {
                let failure = Arc::new(failure);
                for asked in group {
                    let _ = asked.answer.send(Err(Failure::Together(Arc::clone(&failure))));
                }
            }
        }
    }

    async fn each_alone(&self, group: Vec<Asked>) {
        let alone = group.into_iter().map(|asked| async move {
            let rotated = self.alone(&asked.rotation).await;
            let _ = asked.answer.send(rotated);
        });
        futures_util::future::join_all(alone).await;
    }

    /// One statement that commits by itself.
    async fn alone(&self, rotation: &Rotation) -> Result<Rotated, Failure> {
        let bound = Bound::of(self.clock.parameter(), rotation);
        rotated(&self.writers.once(statement(rotation.slot), &bound.values()).await?)
    }
}

/// Whether nothing has happened, and running each alone may do better.
fn is_of_one_member(lost: &Lost) -> bool {
    let failure = &lost.failure;
    let waited = failure.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
    !lost.may_have_happened && (waited || failure.is_lost_race() || failure.is_stale_statement())
}

/// One group after the other, until nobody waits.
struct Lane(Option<Arc<Shared>>);

impl Lane {
    async fn run(mut self) {
        while let Some(shared) = &self.0 {
            match shared.next_group() {
                Some(group) => shared.run(group).await,
                // The lane was given back under the same lock under which nobody was found waiting.
                None => self.0 = None,
            }
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // A lane that ends in any other way is given back as well.
        if let Some(shared) = &self.0 {
            shared.waiting().lanes -= 1;
        }
    }
}

/// The values of the statement, as they are bound.
struct Bound<'a> {
    moment: Option<i64>,
    session: Uuid,
    namespace: &'a str,
    salt: &'a [u8],
    generation: i64,
    idle: i64,
}

impl<'a> Bound<'a> {
    fn of(moment: Option<i64>, rotation: &'a Rotation) -> Self {
        Self {
            moment,
            session: rotation.session,
            namespace: rotation.namespace.as_str(),
            salt: rotation.salt.0.as_slice(),
            generation: rotation.generation,
            idle: rotation.idle,
        }
    }

    fn values(&self) -> Vec<&dyn Bind> {
        vec![&self.moment, &self.session, &self.namespace, &self.salt, &self.generation, &self.idle]
    }
}

fn rotated(rows: &[Row]) -> Result<Rotated, Failure> {
    let Some(row) = rows.first() else { return Ok(None) };
    let now = UnixMillis::from_millis(row.try_get(SESSION_WIDTH)?);
    Ok(Some((session(row, 0)?, now)))
}

fn statement(slot: Slot) -> &'static str {
    static OF_BODY: LazyLock<String> = LazyLock::new(|| write_statement("body"));
    static OF_COOKIE: LazyLock<String> = LazyLock::new(|| write_statement("cookie"));
    match slot {
        Slot::Body => &OF_BODY,
        Slot::Cookie => &OF_COOKIE,
    }
}

/// The idle deadline is capped before it is added up: a number that is too big is an error here.
fn write_statement(slot: &str) -> String {
    format!(
        "UPDATE sessions AS s
            SET {slot}_generation = {slot}_generation + 1, {slot}_previous_rotated_at = {slot}_rotated_at,
                {slot}_rotated_at = clock.now, last_proof_at = clock.now,
                idle_deadline = least(least(clock.now, {max} - $6) + $6, absolute_deadline)
           FROM (SELECT {NOW} AS now) AS clock
          WHERE id = $2 AND namespace = $3 AND salt = $4 AND {slot}_generation = $5
            AND revoked_at IS NULL AND idle_deadline > clock.now AND absolute_deadline > clock.now
          RETURNING {SESSION_COLUMNS}, clock.now",
        max = i64::MAX,
    )
}
