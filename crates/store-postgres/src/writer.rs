//! Writing.
//!
//! A write is one statement that commits by itself, or one transaction. Each has a connection of the pool for
//! itself: writes that share a connection would also share its one flush at a time, while the server groups the
//! flushes of many connections.
//!
//! What runs again and what does not: a transaction that lost a race (40001, 40P01) has not happened and runs
//! again; so does one whose connection broke before its COMMIT was sent. A statement that commits by itself,
//! and a COMMIT, may have happened when the connection breaks: the caller is told that the store is
//! unavailable. The client comes again with what it has, which the rules of refresh allow for.

use crate::clock::{StoreClock, now};
use crate::failure::Failure;
use crate::link::{Link, local_limits};
use crate::statements::{Bind, Preparation, execute, query};
use app::ports::clock::{Entropy, new_uuid};
use deadpool::managed::{self, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult, Timeouts};
use deadpool_postgres::ClientWrapper;
use domain::time::UnixMillis;
use futures_util::FutureExt as _;
use futures_util::future::maybe_done;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;
use uuid::Uuid;

/// How often a write is tried.
const TRIES: u32 = 10;
/// The wait after the first lost race, doubled up to eight times and spread by half to either side.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// A group never waits long for a row that somebody else holds: its members would all wait, and those that need not
/// have nothing to do with it. They are told apart by running each alone.
const BEGIN_TOGETHER: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 100";

/// What a transaction can reach.
pub(crate) struct Write<'a> {
    client: &'a ClientWrapper,
    preparation: Preparation,
    entropy: &'a dyn Entropy,
    /// The store's now, read as the transaction began.
    pub(crate) now: UnixMillis,
}

impl Write<'_> {
    /// Runs a statement and gives its rows.
    pub(crate) async fn query(&self, sql: &str, values: &[&dyn Bind]) -> Result<Vec<Row>, Failure> {
        query(self.client, self.preparation, sql, values).await
    }

    /// Runs a statement that gives at most one row.
    pub(crate) async fn query_opt(&self, sql: &str, values: &[&dyn Bind]) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) async fn execute(&self, sql: &str, values: &[&dyn Bind]) -> Result<u64, Failure> {
        execute(self.client, self.preparation, sql, values).await
    }

    /// The store's now as it is stored.
    pub(crate) const fn at(&self) -> i64 {
        self.now.as_millis()
    }

    /// A fresh UUIDv7.
    pub(crate) fn uuid(&self) -> Uuid {
        new_uuid(self.now, self.entropy)
    }

    /// As many unpredictable bytes.
    pub(crate) fn noise(&self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

/// A write of several statements. It may run more than once, and only its last run has happened.
pub(crate) trait Intention: Sync {
    /// What comes of it.
    type Outcome: Send;
    /// Whether it decides by rows it neither changes nor locks, and has to be alone with them.
    const IS_SERIALIZABLE: bool = false;
    /// Whether it may take as long as it takes.
    const IS_LONG: bool = false;

    /// Runs inside a transaction.
    fn run(&self, write: &Write<'_>) -> impl Future<Output = Result<Self::Outcome, Failure>> + Send;
}

/// Makes connections for the pool.
pub(crate) struct Maker(Arc<Link>);

impl managed::Manager for Maker {
    type Type = ClientWrapper;
    type Error = Failure;

    async fn create(&self) -> Result<ClientWrapper, Failure> {
        self.0.connect().await
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<Failure> {
        if client.is_closed() { Err(RecycleError::message("it is closed")) } else { Ok(()) }
    }
}

/// The pool, and how it is used.
pub(crate) struct Writers {
    pool: Pool<Maker>,
    link: Arc<Link>,
    entropy: Arc<dyn Entropy>,
    clock: Arc<StoreClock>,
    limits: WriteLimits,
}

/// How much may go on at once, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct WriteLimits {
    /// Connections.
    pub(crate) connections: usize,
    /// Writes that wait for one.
    pub(crate) queue_max: usize,
    /// How long one waits.
    pub(crate) wait_max: Duration,
    /// How long one takes in all.
    pub(crate) operation_max: Duration,
}

/// Why one run failed, and whether it may have happened all the same.
pub(crate) struct Lost {
    /// Why.
    pub(crate) failure: Failure,
    /// Whether the database may have committed it.
    pub(crate) may_have_happened: bool,
}

impl Writers {
    /// Opens nothing yet.
    pub(crate) fn new(
        link: Arc<Link>,
        entropy: Arc<dyn Entropy>,
        clock: Arc<StoreClock>,
        limits: WriteLimits,
    ) -> Result<Self, managed::BuildError> {
        let pool = Pool::builder(Maker(Arc::clone(&link)))
            .max_size(limits.connections.max(1))
            .timeouts(Timeouts { wait: Some(limits.wait_max), create: None, recycle: None })
            .runtime(deadpool::Runtime::Tokio1)
            .build()?;
        Ok(Self { pool, link, entropy, clock, limits })
    }

    /// Runs one statement that commits by itself.
    pub(crate) async fn once(&self, sql: &str, values: &[&dyn Bind]) -> Result<Vec<Row>, Failure> {
        let deadline = Instant::now() + self.limits.operation_max;
        let mut tries = 1;
        loop {
            let client = self.connection(deadline).await?;
            let running = query(&client, self.link.preparation, sql, values);
            let outcome = timeout_at(deadline, running).await.unwrap_or(Err(Failure::TimedOut));
            let failure = match outcome {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            let is_worth_it = failure.is_lost_race() || failure.is_stale_statement();
            put_back(client, &failure);
            if !is_worth_it || !self.pause(tries, deadline).await {
                return Err(failure);
            }
            tries += 1;
        }
    }

    /// Runs one statement several times, in one transaction and one round trip; the rows of each run. It is tried once.
    pub(crate) async fn together(&self, sql: &str, runs: &[Vec<&dyn Bind>]) -> Result<Vec<Vec<Row>>, Lost> {
        let unhappened = |failure| Lost { failure, may_have_happened: false };
        let deadline = Instant::now() + self.limits.operation_max;
        let client = self.connection(deadline).await.map_err(unhappened)?;
        let sending = send_together(&client, sql, runs);
        let timed_out = Err(Lost { failure: Failure::TimedOut, may_have_happened: true });
        let outcome = timeout_at(deadline, sending).await.unwrap_or(timed_out);
        if let Err(lost) = &outcome {
            put_back(client, &lost.failure);
        }
        outcome
    }

    /// How much may go on at once, and for how long.
    pub(crate) const fn limits(&self) -> WriteLimits {
        self.limits
    }

    /// Whether several writes may share a transaction: what a pooler shares among clients is told its limits each time.
    pub(crate) fn groups(&self) -> bool {
        self.link.preparation == Preparation::Kept
    }

    /// Runs one transaction.
    pub(crate) async fn transact<I: Intention>(&self, intention: &I) -> Result<I::Outcome, Failure> {
        const LONG: Duration = Duration::from_secs(3600);
        let deadline = Instant::now() + if I::IS_LONG { LONG } else { self.limits.operation_max };
        let mut tries = 1;
        loop {
            let client = self.connection(deadline).await?;
            let lost = match self.attempt(&client, intention, deadline).await {
                Ok(outcome) => return Ok(outcome),
                Err(lost) => lost,
            };
            let failure = lost.failure;
            let is_broken = failure.ends_connection() && !matches!(failure, Failure::TimedOut);
            let is_worth_it = failure.is_lost_race()
                || failure.is_stale_statement()
                || (is_broken && !lost.may_have_happened);
            put_back(client, &failure);
            if !is_worth_it || !self.pause(tries, deadline).await {
                return Err(failure);
            }
            tries += 1;
        }
    }

    async fn attempt<I: Intention>(
        &self,
        client: &ClientWrapper,
        intention: &I,
        deadline: Instant,
    ) -> Result<I::Outcome, Lost> {
        let unhappened = |failure| Lost { failure, may_have_happened: false };
        let transaction = Transaction { client, is_open: true };
        let running = async {
            let write = self.begin::<I>(client).await?;
            intention.run(&write).await
        };
        let outcome = timeout_at(deadline, running).await.unwrap_or(Err(Failure::TimedOut));
        let outcome = outcome.map_err(unhappened)?;
        let committed = timeout_at(deadline, transaction.commit()).await.unwrap_or(Err(Failure::TimedOut));
        match committed {
            Ok(()) => Ok(outcome),
            Err(failure) => Err(Lost { may_have_happened: failure.code().is_none(), failure }),
        }
    }

    /// Begins and asks for the time in one round trip.
    async fn begin<'a, I: Intention>(&'a self, client: &'a ClientWrapper) -> Result<Write<'a>, Failure> {
        let isolation = if I::IS_SERIALIZABLE { "SERIALIZABLE" } else { "READ COMMITTED" };
        let mut begin = format!("BEGIN ISOLATION LEVEL {isolation}");
        if I::IS_LONG {
            begin.push_str("; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0");
        } else if self.link.preparation == Preparation::Never {
            begin = format!("{begin}; {}", local_limits(self.limits.operation_max));
        }
        let moment = self.clock.parameter();
        let values: [&dyn Bind; 1] = [&moment];
        let clock = query(client, self.link.preparation, concat!("SELECT ", now!()), &values);
        let (begun, clock) = tokio::join!(client.batch_execute(&begin), clock);
        begun?;
        let row = clock?.into_iter().next().ok_or(Failure::Impossible("the database has no clock"))?;
        Ok(Write {
            client,
            preparation: self.link.preparation,
            entropy: self.entropy.as_ref(),
            now: UnixMillis::from_millis(row.try_get(0)?),
        })
    }

    async fn connection(&self, deadline: Instant) -> Result<Object<Maker>, Failure> {
        if self.pool.status().waiting >= self.limits.queue_max {
            return Err(Failure::Busy);
        }
        match timeout_at(deadline, self.pool.get()).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(PoolError::Backend(failure))) => Err(failure),
            Ok(Err(PoolError::Closed)) => Err(Failure::Connect("the store is closed".to_owned())),
            Ok(Err(PoolError::Timeout(_))) | Err(_) => Err(Failure::Busy),
            Ok(Err(PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) => {
                Err(Failure::Impossible("the pool was built without a runtime"))
            }
        }
    }

    /// Waits before the next try; whether there is one.
    async fn pause(&self, tries: u32, deadline: Instant) -> bool {
        let mut random = [0_u8];
        self.entropy.fill(&mut random);
        let spread = 128 + u32::from(random[0]);
        let pause = FIRST_PAUSE * (1 << tries.min(8)) * spread / 256;
        if tries >= TRIES || Instant::now() + pause >= deadline {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }

    /// Ends the connections.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// The driver sends a statement when its future is first asked, and the server answers in order: so all of them are asked
/// once, and then awaited.
async fn send_together(
    client: &ClientWrapper,
    sql: &str,
    runs: &[Vec<&dyn Bind>],
) -> Result<Vec<Vec<Row>>, Lost> {
    let unhappened = |failure| Lost { failure, may_have_happened: false };
    let types: Vec<_> = runs.first().into_iter().flatten().map(|value| value.sql_type()).collect();
    let statement =
        client.prepare_typed_cached(sql, &types).await.map_err(|error| unhappened(error.into()))?;
    let values: Vec<Vec<_>> =
        runs.iter().map(|values| values.iter().map(|value| value.as_sql()).collect()).collect();
    let mut begin = Box::pin(maybe_done(client.batch_execute(BEGIN_TOGETHER)));
    let mut running: Vec<_> =
        values.iter().map(|values| Box::pin(maybe_done(client.query(&statement, values)))).collect();
    let mut commit = Box::pin(maybe_done(client.batch_execute("COMMIT")));
    send(begin.as_mut());
    for run in &mut running {
        send(run.as_mut());
    }
    send(commit.as_mut());
    begin.as_mut().await;
    let begun = begin.as_mut().take_output().unwrap_or(Ok(()));
    let mut rows = Vec::with_capacity(runs.len());
    let mut refused = begun.err();
    for mut run in running {
        run.as_mut().await;
        match run.as_mut().take_output() {
            Some(Ok(found)) => rows.push(found),
            // What follows a refusal is refused because of it.
            Some(Err(error)) => refused = refused.or(Some(error)),
            None => {}
        }
    }
    commit.as_mut().await;
    let committed = commit.as_mut().take_output().unwrap_or(Ok(()));
    match (refused, committed) {
        (None, Ok(())) => Ok(rows),
        // The server said no to a statement, and its COMMIT rolled back.
        (Some(error), Ok(())) => {
            Err(Lost { may_have_happened: error.code().is_none(), failure: error.into() })
        }
        (_, Err(error)) => Err(Lost { may_have_happened: error.code().is_none(), failure: error.into() }),
    }
}

fn send(mut future: Pin<&mut impl Future>) {
    let _ = future.as_mut().now_or_never();
}

/// Gives a connection back to the pool, or lets go of it.
fn put_back(client: Object<Maker>, failure: &Failure) {
    if failure.ends_connection() {
        // Dropped outside of the pool, it takes its task and its socket with it.
        drop(Object::take(client));
    } else if failure.is_stale_statement() {
        client.statement_cache.clear();
    }
}

/// An open transaction. One that is dropped, because its request went away or failed, is rolled back before the
/// connection does anything else.
struct Transaction<'a> {
    client: &'a ClientWrapper,
    is_open: bool,
}

impl Transaction<'_> {
    async fn commit(mut self) -> Result<(), Failure> {
        self.is_open = false;
        Ok(self.client.batch_execute("COMMIT").await?)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // The first poll sends it; nobody needs to hear the answer.
            let _ = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}
