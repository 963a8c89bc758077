//! What is wrong is said at the start, in words, and without the password.

use crate::database::{connect, new_schema, open, server, with_option};
use app::ports::store::KeyStore as _;
use minbil_auth_store_postgres::{DatabaseAddress, OpenError, PostgresOptions, examine};
use std::time::{Duration, Instant};

/// `host:port` of an address.
pub(crate) fn place_of(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    rest.split(['/', '?']).next().unwrap().to_owned()
}

async fn refusal(url: &str) -> OpenError {
    let begun = Instant::now();
    let refused = open(url, PostgresOptions::default()).await.err().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{refused}");
    assert!(!refused.to_string().contains("topsecret"), "{refused}");
    refused
}

/// The server's address with another user and password.
fn as_user(name: &str, password: &str) -> String {
    let url = server();
    let place = place_of(&url);
    let (_, database) = url.split_once(&place).unwrap();
    format!("postgres://{name}:{password}@{place}{database}")
}

#[tokio::test]
async fn a_host_where_nobody_listens() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = refusal(&format!("postgres://postgres:topsecret@{free}/postgres")).await;
    assert!(matches!(refused, OpenError::Connect(_)), "{refused}");
    assert!(refused.to_string().contains("refused"), "{refused}");
}

#[tokio::test]
async fn a_host_that_swallows_every_packet_is_given_up_quickly() {
    // It accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap();
    let refused = refusal(&format!("postgres://postgres:topsecret@{place}/postgres")).await;
    assert!(refused.to_string().contains("no answer in time"), "{refused}");
}

#[tokio::test]
async fn a_wrong_password() {
    let role = format!("role_{}", std::process::id());
    let plain = connect(&server()).await;
    plain.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'right'")).await.unwrap();
    let refused = refusal(&as_user(&role, "topsecret-and-wrong")).await;
    plain.batch_execute(&format!("DROP ROLE {role}")).await.unwrap();
    assert!(refused.to_string().contains("28P01 password authentication failed"), "{refused}");
}

#[tokio::test]
async fn a_database_that_does_not_exist() {
    let url = server();
    let (place, _) = url.rsplit_once('/').unwrap();
    let refused = refusal(&format!("{place}/no_such_database")).await;
    assert!(refused.to_string().contains("3D000"), "{refused}");
}

#[tokio::test]
async fn a_server_that_takes_no_writes() {
    let url = with_option(&server(), "options=-c%20default_transaction_read_only%3Don");
    let refused = refusal(&url).await;
    assert!(matches!(refused, OpenError::ReadOnly(_)), "{refused}");
    assert!(refused.to_string().contains("read-only"), "{refused}");
}

#[tokio::test]
async fn a_role_that_may_not_make_tables() {
    let role = format!("poor_{}", std::process::id());
    let plain = connect(&server()).await;
    plain.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'topsecret'")).await.unwrap();
    let (schema, _) = new_schema().await;
    let url = with_option(&as_user(&role, "topsecret"), &format!("options=-c%20search_path%3D{schema}"));
    let refused = refusal(&url).await;
    plain.batch_execute(&format!("DROP SCHEMA {schema} CASCADE; DROP ROLE {role}")).await.unwrap();
    assert!(matches!(refused, OpenError::Migration(_)), "{refused}");
}

#[tokio::test]
async fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (schema, url) = new_schema().await;
    let place = place_of(&url);
    let both = url.replace(&place, &format!("{free},{place}"));
    open(&both, PostgresOptions::default()).await.unwrap().close();
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

#[tokio::test]
async fn a_look_at_a_database_says_what_is_in_it_and_makes_nothing() {
    let (schema, url) = new_schema().await;
    let address = DatabaseAddress::parse(&url).unwrap();
    let look = async || examine(&address, &PostgresOptions::default()).await.unwrap();
    assert_eq!(look().await.version, 0);
    let plain = connect(&url).await;
    let count = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()";
    assert_eq!(plain.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0, "nothing was made");
    let store = open(&url, PostgresOptions::default()).await.unwrap();
    store.remember_root_key(1, [7; 32]).await.unwrap();
    store.close();
    let found = look().await;
    assert_eq!((found.version, found.is_closed), (found.known, false));
    assert_eq!(found.root_keys, [(1, [7; 32])]);
    assert!(found.now.as_secs() > 1_700_000_000, "{:?}", found.now);
    plain.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
