//! Five ways to leak whether an account exists, put behind the ports on purpose: a check that does not notice
//! these says nothing when it is silent. Nothing that is shipped depends on this crate.

use crate::watched_store::{StoreWatcher, WatchedStore};
use app::fault::Fault;
use app::outbox::MailOrder;
use app::ports::password_hasher::{HashPermit, PasswordHasher, QueueFull, SealedPassword, Verification};
use app::ports::store::Store;
use app::service::Service;
use async_trait::async_trait;
use domain::ids::UserId;
use domain::namespace::NamespaceName;
use domain::password::Password;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What an account costs more in `Sleep250us`.
const PAUSE: Duration = Duration::from_micros(250);

/// A leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// No hash for an address without an account. (supabase/auth #2674)
    SkipDummy,
    /// A decoy that was made with one pass. (lightway PR 345 in small)
    DummyT1,
    /// One more look-up for an account.
    ExtraSelect,
    /// One more write for an account.
    ExtraUpdate,
    /// A quarter of a millisecond more work for an account.
    Sleep250us,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::SkipDummy, Self::DummyT1, Self::ExtraSelect, Self::ExtraUpdate, Self::Sleep250us];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SkipDummy => "skip_dummy",
            Self::DummyT1 => "dummy_t1",
            Self::ExtraSelect => "extra_select",
            Self::ExtraUpdate => "extra_update",
            Self::Sleep250us => "sleep_250us",
        }
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether there is anything of its kind where a mail is ordered, which verifies no password.
    pub const fn is_of_ordered_mail(self) -> bool {
        matches!(self, Self::ExtraSelect | Self::ExtraUpdate | Self::Sleep250us)
    }

    /// Puts it into a service whose decoys exist already and are hashed with `memory_kib`.
    pub fn apply(self, service: &mut Service, memory_kib: u32) {
        let store = Arc::clone(&service.store);
        let hasher = Arc::clone(&service.hasher);
        let watcher = Arc::new(LeakyOrders { sabotage: self, store: Arc::clone(&store) });
        service.store = Arc::new(WatchedStore::new(Arc::clone(&store), watcher));
        service.hasher = Arc::new(LeakyHasher { sabotage: self, memory_kib, store, inner: hasher });
    }

    /// What an account costs more.
    async fn charge(self, store: &dyn Store, namespace: &NamespaceName, user: UserId) -> Result<(), Fault> {
        match self {
            Self::SkipDummy | Self::DummyT1 => {}
            Self::ExtraSelect => drop(store.find_credential_of(namespace, user).await?),
            Self::ExtraUpdate => store.check().await?,
            Self::Sleep250us => {
                let end = Instant::now() + PAUSE;
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
            }
        }
        Ok(())
    }
}

/// Sign-in leaks where it hashes.
struct LeakyHasher {
    sabotage: Sabotage,
    memory_kib: u32,
    store: Arc<dyn Store>,
    inner: Arc<dyn PasswordHasher>,
}

#[async_trait]
impl PasswordHasher for LeakyHasher {
    fn admit(&self) -> Result<HashPermit, QueueFull> {
        self.inner.admit()
    }

    async fn hash(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
    ) -> Result<SealedPassword, Fault> {
        self.inner.hash(permit, namespace, user, password).await
    }

    async fn verify(
        &self,
        permit: HashPermit,
        namespace: &NamespaceName,
        user: UserId,
        password: Password,
        mut stored: SealedPassword,
    ) -> Result<Verification, Fault> {
        // Both classes pay for finding out which they are, so that what is left over is the leak alone.
        let decoy = self.store.find_decoy(namespace).await?;
        let is_decoy = decoy.is_some_and(|(id, _)| id == user);
        match self.sabotage {
            Sabotage::SkipDummy if is_decoy => {
                return Ok(Verification { matches: false, replacement: None });
            }
            Sabotage::DummyT1 => {
                let passes = if is_decoy { 1 } else { 2 };
                let made_up = made_up_hash(self.memory_kib, passes);
                stored = self.inner.import(namespace, user, &made_up).map_err(Fault::internal)?;
            }
            _ if !is_decoy => self.sabotage.charge(self.store.as_ref(), namespace, user).await?,
            _ => {}
        }
        self.inner.verify(permit, namespace, user, password, stored).await
    }

    fn is_current(&self, namespace: &NamespaceName, user: UserId, stored: &SealedPassword) -> bool {
        self.inner.is_current(namespace, user, stored)
    }

    fn import(
        &self,
        namespace: &NamespaceName,
        user: UserId,
        foreign: &str,
    ) -> Result<SealedPassword, String> {
        self.inner.import(namespace, user, foreign)
    }
}

/// Forgot-password and a sign-up in secret leak where they order the mail.
struct LeakyOrders {
    sabotage: Sabotage,
    store: Arc<dyn Store>,
}

#[async_trait]
impl StoreWatcher for LeakyOrders {
    async fn before(&self, _: &'static str, order: Option<&MailOrder>) {
        let Some(order) = order else { return };
        let Some((email, _)) = order.subject.address() else { return };
        let found = self.store.find_credential(&order.namespace, email).await.unwrap();
        if !found.is_decoy {
            self.sabotage.charge(self.store.as_ref(), &order.namespace, found.user).await.unwrap();
        }
    }

    fn after(&self, _: &'static str, _: &dyn Any) {}
}

/// A hash of the right form, cost and length that no password belongs to, in PHC form.
pub fn made_up_hash(memory_kib: u32, passes: u32) -> String {
    let (salt, output) = ("c29tZXNhbHRzb21lc2FsdA", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
    format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${output}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leak_has_a_name_of_its_own() {
        for one in Sabotage::ALL {
            assert_eq!(Sabotage::from_name(one.name()), Some(one));
        }
        assert_eq!(Sabotage::from_name("none"), None);
    }
}
