//! The shared budget is the rule of `domain::throttle`, for all nodes together.

use crate::database::{Database, open};
use app::ports::limiter::{Charged, Limit, Limiter as _};
use domain::throttle::{Budget, Charge, Climb, Ladder, Rung, charge, climb, refund, step_down};
use domain::time::UnixMillis;
use minbil_auth_store_postgres::PostgresOptions;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FAKE_START, SeededEntropy};
use tokio::task::JoinSet;

const BUDGET: Budget = Budget { burst: 5, refill: Duration::from_secs(60) };

#[tokio::test]
async fn the_statement_agrees_with_the_rule_at_every_step_of_a_random_walk() {
    let database = Database::new().await;
    let random = SeededEntropy::of(42);
    let mut kept: [Option<UnixMillis>; 3] = [None; 3];
    let mut now = FAKE_START;
    for step in 0..400 {
        let wait = Duration::from_millis(random.pick(&[0, 0, 1, 999, 30_000, 59_999, 60_000, 200_000]));
        if random.below(12) == 0 {
            database.clock.turn_back(wait);
            now = now.minus(wait);
        } else {
            database.clock.advance(wait);
            now = now.plus(wait);
        }
        let budget = random.pick(&[BUDGET, Budget { burst: 1, refill: Duration::from_secs(10) }]);
        let who = usize::try_from(random.below(3)).unwrap();
        let key = [u8::try_from(who).unwrap(); 32];
        let expected = match charge(budget, kept[who], now) {
            Charge::Accepted { whole_at } => {
                kept[who] = Some(whole_at);
                Charged::Accepted
            }
            Charge::Refused { retry_after } => Charged::Refused { retry_after },
        };
        let charged = database.store.charge(Limit::ForgotPassword, key, budget).await.unwrap();
        assert_eq!(charged, expected, "step {step}");
    }
    database.discard().await;
}

const LADDER: Ladder = Ladder {
    free: 3,
    wait: Duration::from_secs(30),
    wait_max: Duration::from_secs(100),
    stop: 8,
    forget_after: Duration::from_secs(3600),
};

#[tokio::test]
async fn a_row_of_failures_agrees_with_the_rule_at_every_step_of_a_random_walk() {
    let database = Database::new().await;
    let random = SeededEntropy::of(7);
    let mut kept: [Option<Rung>; 3] = [None; 3];
    let mut now = FAKE_START;
    let mut refused = 0;
    for step in 0..600 {
        let wait = Duration::from_millis(random.pick(&[0, 0, 1, 29_999, 30_000, 60_000, 100_000, 3_600_000]));
        if random.below(12) == 0 {
            database.clock.turn_back(wait);
            now = now.minus(wait);
        } else {
            database.clock.advance(wait);
            now = now.plus(wait);
        }
        let who = usize::try_from(random.below(3)).unwrap();
        let key = [u8::try_from(who).unwrap(); 32];
        match random.below(40) {
            0 => {
                database.store.clear(Limit::SignInAccount, key).await.unwrap();
                kept[who] = None;
            }
            1 | 2 => {
                database.store.step_down(Limit::SignInAccount, key).await.unwrap();
                kept[who] = kept[who].and_then(step_down);
            }
            _ => {
                let expected = match climb(LADDER, kept[who], now) {
                    Climb::Accepted(rung) => {
                        kept[who] = Some(rung);
                        Charged::Accepted
                    }
                    Climb::Refused { retry_after } => Charged::Refused { retry_after },
                };
                refused += usize::from(expected != Charged::Accepted);
                let climbed = database.store.climb(Limit::SignInAccount, key, LADDER).await.unwrap();
                assert_eq!(climbed, expected, "step {step}");
            }
        }
    }
    assert!((50..550).contains(&refused), "{refused} of 600");
    database.discard().await;
}

#[tokio::test]
async fn what_is_refunded_can_be_charged_again() {
    let database = Database::new().await;
    for _ in 0..20 {
        let charged = database.store.charge(Limit::NamespaceMail, [1; 32], BUDGET).await.unwrap();
        assert_eq!(charged, Charged::Accepted);
        database.store.refund(Limit::NamespaceMail, [1; 32], BUDGET).await.unwrap();
    }
    let whole_at = refund(BUDGET, FAKE_START.plus(BUDGET.refill));
    assert_eq!(whole_at, FAKE_START);
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cve_2024_4629_attempts_at_once_are_no_more_than_attempts_in_a_row() {
    let database = Database::new().await;
    let mut set = JoinSet::new();
    for _ in 0..40 {
        let store = Arc::clone(&database.store);
        set.spawn(async move { store.climb(Limit::SignInAccount, [7; 32], LADDER).await.unwrap() });
    }
    let climbed = set.join_all().await;
    assert_eq!(climbed.iter().filter(|one| **one == Charged::Accepted).count(), 3);
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_together_accept_one_burst() {
    let database = Database::new().await;
    let options = PostgresOptions { clock: Arc::clone(&database.clock), ..PostgresOptions::default() };
    let other = Arc::new(open(&database.url, options).await.unwrap());
    let mut set = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(if number % 2 == 0 { &database.store } else { &other });
        set.spawn(async move { store.charge(Limit::ForgotPassword, [7; 32], BUDGET).await.unwrap() });
    }
    let charged = set.join_all().await;
    assert_eq!(charged.iter().filter(|charged| **charged == Charged::Accepted).count(), 5);
    other.close();
    database.discard().await;
}

#[tokio::test]
async fn a_budget_that_is_whole_again_is_purged() {
    use app::ports::store::{Retention, StoreUpkeep as _};
    let database = Database::new().await;
    database.store.charge(Limit::ForgotPassword, [7; 32], BUDGET).await.unwrap();
    let long = Duration::from_secs(1_000_000);
    let retention = Retention { sessions: long, mail: long, audit: long };
    let plain = database.plain().await;
    let count = async || plain.query("SELECT 1 FROM limits", &[]).await.unwrap().len();
    database.store.purge(retention, 10).await.unwrap();
    assert_eq!(count().await, 1);
    database.clock.advance(BUDGET.refill);
    database.store.purge(retention, 10).await.unwrap();
    assert_eq!(count().await, 0);
    database.discard().await;
}
