//! What the server's role needs in the database, once the schema is there.

use crate::database::{Database, connect, open, server};
use app::ports::store::{
    AccountStore as _, AuditStore as _, OpenSessionOutcome, OutboxStore as _, SessionStore as _,
    SignUpOutcome, StoreUpkeep as _,
};
use domain::session::Slot;
use minbil_auth_store_postgres::PostgresOptions;
use testkit::builders::{full, new_account, open as open_by, refresh};

const PASSWORD: &str = "of-a-role-that-may-little";

/// The address with another user.
fn as_role(url: &str, role: &str) -> String {
    let (_, rest) = url.split_once('@').unwrap();
    format!("postgres://{role}:{PASSWORD}@{rest}")
}

#[tokio::test]
async fn asvs_13_2_2_after_the_migration_a_role_that_reads_and_writes_is_enough() {
    let database = Database::new().await;
    let admin = database.plain().await;
    let schema: String = admin.query_one("SELECT current_schema()::text", &[]).await.unwrap().get(0);
    let role = format!("{schema}_role");
    let grants = format!(
        "CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{PASSWORD}';
         GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    );
    admin.batch_execute(&grants).await.unwrap();
    let url = as_role(&database.url, &role);
    let denied = connect(&url).await.batch_execute("CREATE TABLE more (id INT)").await;
    assert!(denied.is_err(), "this role makes nothing");
    let options = PostgresOptions { clock: database.clock.clone(), ..PostgresOptions::default() };
    let store = open(&url, options).await.unwrap();
    store.check().await.unwrap();
    let SignUpOutcome::Created(user) = store.sign_up(new_account("kari")).await.unwrap() else {
        panic!("kari is taken")
    };
    let OpenSessionOutcome::Opened(opened) = store.open_session(open_by(&user)).await.unwrap() else {
        panic!("no session")
    };
    let outcome = store.refresh_session(refresh(&opened.session, full(Slot::Body, 0))).await.unwrap();
    assert_eq!(outcome.session.unwrap().body.generation, 1);
    assert_eq!(store.list_mail(true, 10).await.unwrap(), []);
    assert_eq!(store.list_events(10).await.unwrap().len(), 2);
    store.close();
    let drop_role = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    connect(&server()).await.batch_execute(&drop_role).await.unwrap();
    database.discard().await;
}
