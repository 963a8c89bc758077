//! The password hasher: today's way to hash, on a bounded pool of threads.

use super::argon2_memory::Argon2Memory;
use super::counts::{Counters, HashingCounts};
use super::hashing::Hashing;
use super::parameters::HashingParameters;
use super::sealed_password::Owner;
use super::work_queue::{NotDone, WorkQueue, Workplace};
use crate::root_key::RootKeys;
use app::fault::Fault;
use app::ports::clock::Entropy;
use app::ports::password_hasher::{HashPermit, PasswordHasher, QueueFull, SealedPassword, Verification};
use async_trait::async_trait;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::password::Password;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How many callers may wait for a thread, unless configured.
pub const QUEUE_MAX_DEFAULT: usize = 64;
/// How long a caller may wait for a thread, unless configured; less than the published samples' own 20 s.
pub const QUEUE_WAIT_MAX_DEFAULT: Duration = Duration::from_secs(10);

/// How much hashing may go on.
#[derive(Clone, Copy, Debug)]
pub struct HashingOptions {
    /// What a new hash costs.
    pub parameters: HashingParameters,
    /// How many hashes are computed at once, each with memory of its own; 0 stands for one a core.
    pub threads: usize,
    /// How many callers may wait beyond those.
    pub queue_max: usize,
    /// How long one may wait. A caller that waited longer has most likely given up.
    pub queue_wait_max: Duration,
}

impl Default for HashingOptions {
    fn default() -> Self {
        Self {
            parameters: HashingParameters::default(),
            threads: 0,
            queue_max: QUEUE_MAX_DEFAULT,
            queue_wait_max: QUEUE_WAIT_MAX_DEFAULT,
        }
    }
}

/// The password hasher. Its memory is threads times one hash's memory, however many requests there are.
pub struct HashingPool {
    hashing: Arc<Hashing>,
    queue: WorkQueue<Argon2Memory>,
    counters: Arc<Counters>,
}

impl Workplace for Argon2Memory {
    fn idle(&mut self) {
        self.wipe();
    }
}

impl HashingPool {
    /// Starts the threads and gives each its memory.
    ///
    /// # Errors
    /// When the memory or the threads cannot be had.
    pub fn start(options: HashingOptions, root: &RootKeys, entropy: Arc<dyn Entropy>) -> Result<Self, Fault> {
        let counters = Arc::new(Counters::default());
        let hashing = Hashing::new(options.parameters, root.pepper(), entropy, Arc::clone(&counters))
            .map_err(Fault::internal)?;
        let workplace = || {
            let mut memory = Argon2Memory::new(Arc::clone(&counters));
            memory.reserve(hashing.params()).map(|()| memory)
        };
        let threads = match options.threads {
            0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
            given => given,
        };
        let workplaces =
            (0..threads).map(|_| workplace()).collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?;
        let queue =
            WorkQueue::start(workplaces, options.queue_max, options.queue_wait_max, Arc::clone(&counters))
                .map_err(Fault::internal)?;
        Ok(Self { hashing: Arc::new(hashing), queue, counters })
    }

    /// What the pool has done since it began.
    pub fn counts(&self) -> HashingCounts {
        self.counters.read()
    }

    /// How many places are taken: hashes under way, callers waiting, callers admitted who have not asked yet.
    pub fn places_taken(&self) -> usize {
        self.queue.taken()
    }

    async fn run<T: Send + 'static>(
        &self,
        permit: HashPermit,
        work: impl FnOnce(&Hashing, &mut Argon2Memory) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = permit
            .0
            .downcast::<OwnedSemaphorePermit>()
            .map_err(|_| Fault::internal("a hash permit that this pool did not give"))?;
        let hashing = Arc::clone(&self.hashing);
        self.queue.run(*permit, move |memory| work(&hashing, memory)).await.map_err(|reason| match reason {
            NotDone::WaitedTooLong => Fault::unavailable(reason),
            NotDone::Gone => Fault::internal(reason),
        })
    }
}

#[async_trait]
impl PasswordHasher for HashingPool {
    fn admit(&self) -> Result<HashPermit, QueueFull> {
        match self.queue.admit() {
            Ok(permit) => Ok(HashPermit(Box::new(permit))),
            Err(retry_after) => Err(QueueFull { retry_after }),
        }
    }

    async fn hash(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
    ) -> Result<SealedPassword, Fault> {
        let owner = Owner { namespace: namespace.clone(), user };
        self.run(permit, move |hashing, memory| hashing.hash(memory, &owner, &password))
            .await?
            .map_err(Fault::internal)
    }

    async fn verify(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
        stored: SealedPassword,
    ) -> Result<Verification, Fault> {
        let owner = Owner { namespace: namespace.clone(), user };
        self.run(permit, move |hashing, memory| hashing.verify(memory, &owner, &password, &stored)).await
    }

    fn is_current(&self, namespace: &NamespaceName, user: UserId, stored: &SealedPassword) -> bool {
        self.hashing.is_current(&Owner { namespace: namespace.clone(), user }, stored)
    }

    fn import(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        foreign: &str,
    ) -> Result<SealedPassword, String> {
        self.hashing.import(&Owner { namespace: namespace.clone(), user }, foreign)
    }
}

#[cfg(test)]
mod tests;
