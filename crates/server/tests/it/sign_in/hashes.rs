//! Password hashes of yesterday and from elsewhere.

use crate::harness::{OWNER, PASSWORD, TestServer};
use app::audit::AuditContext;
use app::operate_account::{NewPassword, OperateError, add_account};
use app::ports::password_hasher::SealedPassword;
use app::ports::store::{AccountChange, SetPassword, SignUpOutcome};
use domain::email_address::EmailAddress;
use domain::password::Password;
use domain::session::RevokeReason;

/// bcrypt of [`PASSWORD`], cost 5.
const BCRYPT: &str = "$2b$05$OBZEPUfxdLMR7aaf0FGcZuK4ABIL2VtTsnsDpHSPJPzlkHMDHpVQC";
/// Argon2id of [`PASSWORD`], m = 64 KiB, t = 1, p = 1.
const ARGON2: &str =
    "$argon2id$v=19$m=64,t=1,p=1$e+D7nKR0vdVI7X5sHJTmuw$HrjY3yvHML96EYLwL0RkYeSg5CSvZzfLY9QRVNzrGu0";

async fn import(server: &TestServer, email: &str, hash: &str) -> Result<SignUpOutcome, OperateError> {
    let namespace = &server.service.namespaces[&server.settings.namespaces.keys().next().unwrap().clone()];
    let email = EmailAddress::parse(email).unwrap();
    add_account(&server.service, namespace, email, NewPassword::Hash(hash.to_owned())).await
}

async fn stored(server: &TestServer, email: &str) -> SealedPassword {
    let user = server.user(email).await;
    let found = server.service.store.find_credential_of(&user.namespace, user.id).await.unwrap();
    found.unwrap().password
}

/// Whether the stored hash is of today's parameters.
async fn is_current(server: &TestServer, email: &str) -> bool {
    let (user, stored) = (server.user(email).await, stored(server, email).await);
    server.service.hasher.is_current(&user.namespace, user.id, &stored)
}

#[tokio::test]
async fn a_hash_from_elsewhere_verifies_and_is_replaced_at_the_first_sign_in() {
    let server = TestServer::start().await;
    for (email, hash) in [(OWNER, BCRYPT), ("other@example.com", ARGON2)] {
        import(&server, email, hash).await.unwrap();
        assert!(!is_current(&server, email).await);
        server.try_sign_in(email, "a wrong password").await.problem("invalid_credentials");
        assert!(!is_current(&server, email).await, "a wrong password replaces nothing");
        let first = server.sign_in(email).await;
        assert!(is_current(&server, email).await);
        let replaced = stored(&server, email).await;
        server.sign_in(email).await;
        assert!(stored(&server, email).await == replaced, "replaced once");
        server.me(&first.access).await.ok();
    }
}

#[tokio::test]
async fn what_is_no_hash_is_not_imported() {
    let server = TestServer::start().await;
    let truncated = &BCRYPT[..BCRYPT.len() - 1];
    for bad in ["", "plain", "$argon2id$v=19$", truncated, "$1$abc$def", "$2b$31$"] {
        assert!(matches!(import(&server, OWNER, bad).await, Err(OperateError::Hash(_))), "{bad}");
    }
}

#[tokio::test]
async fn changed_parameters_replace_each_hash_when_its_owner_signs_in() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let before = stored(&server, OWNER).await;
    let changed = [
        ("PASSWORDS__ARGON2_MEMORY_KIB", "7168"),
        ("PASSWORDS__ARGON2_ITERATIONS", "5"),
        ("PASSWORDS__THREADS", "1"),
    ];
    let server = server.restart(&changed).await;
    assert!(!is_current(&server, OWNER).await);
    server.try_sign_in(OWNER, "a wrong password").await.problem("invalid_credentials");
    server.try_sign_in("nobody@example.com", PASSWORD).await.problem("invalid_credentials");
    server.sign_in(OWNER).await;
    assert!(is_current(&server, OWNER).await);
    assert!(stored(&server, OWNER).await != before);
    server.sign_in(OWNER).await;
}

/// Puts `sealed` in the place of the account's password, as somebody does who writes to the database.
async fn tamper(server: &TestServer, email: &str, sealed: SealedPassword) {
    let user = server.user(email).await;
    let set = SetPassword {
        namespace: user.namespace,
        user: user.id,
        expected_epoch: None,
        password: sealed,
        reason: RevokeReason::Operator,
        notice: None,
        audit: AuditContext::operator(),
    };
    assert!(matches!(server.service.store.set_password(set).await.unwrap(), AccountChange::Done(_)));
}

#[tokio::test]
async fn rustsec_2026_0199_a_damaged_hash_opens_nothing_and_breaks_nothing() {
    let server = TestServer::start().await;
    server.sign_up(OWNER).await;
    let good = stored(&server, OWNER).await.0;
    let half = good[..good.len() / 2].to_owned();
    for damaged in
        [String::new(), "x".to_owned(), "æ💥".to_owned(), BCRYPT.to_owned(), ARGON2.to_owned(), half]
    {
        tamper(&server, OWNER, SealedPassword(damaged)).await;
        let answer = server.try_sign_in(OWNER, PASSWORD).await;
        assert_eq!(answer.status, 401);
        answer.problem("invalid_credentials");
    }
    tamper(&server, OWNER, SealedPassword(good)).await;
    server.sign_in(OWNER).await;
    server.one_letter().await;
}

#[tokio::test]
async fn a_hash_that_is_moved_to_another_account_opens_nothing() {
    let server = TestServer::start().await;
    server.sign_up_with(OWNER, "a password the thief knows").await;
    server.sign_up("victim@example.com").await;
    tamper(&server, "victim@example.com", stored(&server, OWNER).await).await;
    server
        .try_sign_in("victim@example.com", "a password the thief knows")
        .await
        .problem("invalid_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hash_that_is_being_replaced_never_undoes_a_password_change() {
    let server = TestServer::start().await;
    for round in 0..30 {
        let email = format!("owner{round}@example.com");
        import(&server, &email, BCRYPT).await.unwrap();
        let (user, co, by_hash) = (server.user(&email).await, server.co.clone(), email.clone());
        let signing_in = tokio::spawn(async move { co.try_sign_in(&by_hash, PASSWORD).await });
        let permit = server.service.hasher.admit().unwrap_or_else(|_| panic!("room for one"));
        let new = Password::presented("the new password".to_owned()).unwrap();
        let sealed = server.service.hasher.hash(permit, &user.namespace, user.id, new).await.unwrap();
        tamper(&server, &email, sealed).await;
        let meanwhile = signing_in.await.unwrap();
        server.try_sign_in(&email, PASSWORD).await.problem("invalid_credentials");
        server.try_sign_in(&email, "the new password").await.ok();
        if meanwhile.status == 200 {
            server.me(&meanwhile.signed().access).await.problem("session_revoked");
        }
    }
}
