//! What is answered waits for the flush, whatever a role or a server is set to.

use crate::database::{connect, new_schema, open, server, with_option};
use app::ports::store::{AccountKey, AccountStore as _};
use minbil_auth_store_postgres::{OpenError, PostgresOptions};
use testkit::builders::{co, email, new_account};

#[tokio::test]
async fn sessions_that_would_not_wait_for_the_flush_are_told_to() {
    let (schema, url) = new_schema().await;
    let hasty = url.replace("options=", "options=-c%20synchronous_commit%3Doff%20");
    let store = open(&hasty, PostgresOptions { connections: 1, ..PostgresOptions::default() }).await.unwrap();
    // A trigger is the one place from which another session's setting can be seen.
    let spy = "CREATE TABLE seen (setting TEXT);
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
        CREATE TRIGGER look AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION look()";
    let plain = connect(&url).await;
    plain.batch_execute(spy).await.unwrap();
    store.sign_up(new_account("kari")).await.unwrap();
    let seen: String = plain.query_one("SELECT setting FROM seen", &[]).await.unwrap().get(0);
    assert_eq!(seen, "on");
    store.close();
    // The sessions of a pooler belong to everybody; there it is refused.
    let options = PostgresOptions { statement_cache: false, ..PostgresOptions::default() };
    let refused = open(&hasty, options).await.err().unwrap();
    assert!(matches!(refused, OpenError::NotDurable(_)), "{refused}");
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

#[tokio::test]
async fn what_an_operator_made_stronger_stays() {
    let (schema, url) = new_schema().await;
    let strong = url.replace("options=", "options=-c%20synchronous_commit%3Dremote_apply%20");
    open(&strong, PostgresOptions::default()).await.unwrap().close();
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced_without_a_failure() {
    let (schema, url) = new_schema().await;
    // A name of their own, so that no other test's connections end.
    let named = with_option(&url, &format!("application_name={schema}"));
    let store = open(&named, PostgresOptions::default()).await.unwrap();
    let key = AccountKey::Email(email("kari"));
    store.sign_up(new_account("kari")).await.unwrap();
    store.find_account(&co(), &key).await.unwrap();
    let plain = connect(&url).await;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1";
    assert!(plain.query(end, &[&schema]).await.unwrap().len() >= 2);
    assert!(store.find_account(&co(), &key).await.unwrap().is_some());
    store.sign_up(new_account("ola")).await.unwrap();
    store.close();
    connect(&server()).await.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}
