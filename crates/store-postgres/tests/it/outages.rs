//! A database that goes away: everybody is told quickly, and it is found again by itself.

use crate::database::{Database, open};
use crate::opening::place_of;
use crate::proxy::{Network, Proxy, Tls};
use app::fault::FaultKind;
use app::ports::store::{AccountKey, AccountStore as _, SignUpOutcome, StoreUpkeep as _};
use minbil_auth_store_postgres::{PostgresOptions, PostgresStore};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::builders::{co, email, new_account};
use tokio::task::JoinSet;

const OPERATION_MAX: Duration = Duration::from_secs(2);
/// Far more than the limits of the store, far less than those of TCP.
const QUICK: Duration = Duration::from_secs(8);

async fn behind(database: &Database) -> (Proxy, Arc<PostgresStore>) {
    let place = place_of(&database.url);
    let proxy = Proxy::start(place.clone(), Tls::None).await;
    let url = database.url.replace(&place, &format!("127.0.0.1:{}", proxy.port));
    let options = PostgresOptions {
        connections: 4,
        clock: database.clock.clone(),
        connect_max: OPERATION_MAX / 4,
        wait_max: OPERATION_MAX / 4,
        operation_max: OPERATION_MAX,
        ..PostgresOptions::default()
    };
    let store = Arc::new(open(&url, options).await.unwrap());
    (proxy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_is_told_quickly_to_everybody_and_heals_by_itself() {
    let database = Database::new().await;
    let (proxy, store) = behind(&database).await;
    store.sign_up(new_account("kari")).await.unwrap();
    // Connections of both kinds stand when the network is cut.
    for _ in 0..2 {
        store.find_account(&co(), &AccountKey::Email(email("kari"))).await.unwrap();
    }
    proxy.set(Network::Cut);
    // More than there are connections, in three waves: the first finds connections that went silent.
    for wave in 0..3 {
        let begun = Instant::now();
        let mut set = JoinSet::new();
        for number in 0..40 {
            let store = Arc::clone(&store);
            set.spawn(async move {
                if number % 2 == 0 {
                    store.check().await.err()
                } else {
                    let key = AccountKey::Email(email("kari"));
                    store.find_account(&co(), &key).await.err()
                }
            });
        }
        for fault in set.join_all().await {
            assert_eq!(fault.unwrap().kind(), FaultKind::Unavailable);
        }
        // From the second wave on nobody waits for a connection that went silent any more.
        let limit = if wave == 0 { QUICK } else { OPERATION_MAX };
        assert!(begun.elapsed() < limit, "wave {wave} took {:?}", begun.elapsed());
    }
    proxy.set(Network::Whole);
    let begun = Instant::now();
    while store.check().await.is_err() {
        assert!(begun.elapsed() < QUICK, "it does not heal");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.find_account(&co(), &AccountKey::Email(email("kari"))).await.unwrap().is_some());
    assert!(matches!(store.sign_up(new_account("ola")).await.unwrap(), SignUpOutcome::Created(_)));
    store.close();
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_goes_away_takes_no_transaction_with_it() {
    let database = Database::with(|options| options.connections = 1).await;
    let store = &database.store;
    // A request is dropped at each of its steps: the one connection must be usable right after.
    for step in 0..40 {
        let name = format!("kari{step}");
        {
            let mut signing_up = std::pin::pin!(store.sign_up(new_account(&name)));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..=step {
                if signing_up.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        store.check().await.unwrap();
    }
    database.discard().await;
}
