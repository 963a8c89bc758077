//! Password hashes of yesterday and from elsewhere.

use crate::harness::{OWNER, PASSWORD, TestServer};
use app::operate_account::{NewPassword, OperateError, add_account};
use app::ports::password_hasher::SealedPassword;
use app::ports::store::SignUpOutcome;
use domain::email_address::EmailAddress;

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
