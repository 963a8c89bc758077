use super::*;
use crate::entropy::SystemEntropy;
use crate::password::sealed_password::Owner;
use crate::root_key::testing::{key_line, root_keys};
use app::fault::FaultKind;
use std::future::Future;
use std::io;
use std::sync::Mutex;
use uuid::Uuid;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn options() -> HashingOptions {
    HashingOptions {
        parameters: HashingParameters::minimal_for_tests(),
        threads: 1,
        ..HashingOptions::default()
    }
}

fn pool_with(options: &HashingOptions, roots: &str) -> HashingPool {
    HashingPool::start(*options, &root_keys(roots), Arc::new(SystemEntropy)).unwrap()
}

fn pool() -> HashingPool {
    pool_with(&options(), &key_line(1, 10))
}

fn co() -> NamespaceName {
    NamespaceName::parse("co").unwrap()
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn password(text: &str) -> Password {
    Password::presented(text.to_owned()).unwrap()
}

fn hash(pool: &HashingPool, text: &str) -> SealedPassword {
    block_on(pool.hash(pool.admit().unwrap(), &co(), user(1), password(text))).unwrap()
}

fn verify(pool: &HashingPool, text: &str, stored: &SealedPassword) -> Verification {
    block_on(pool.verify(pool.admit().unwrap(), &co(), user(1), password(text), stored.clone())).unwrap()
}

/// Seals any text as if it were a hash of user 1.
fn seal(roots: &str, text: &str) -> SealedPassword {
    let owner = Owner { namespace: co(), user: user(1) };
    owner.seal(&root_keys(roots).pepper(), text, &SystemEntropy).unwrap()
}

fn open(roots: &str, stored: &SealedPassword) -> String {
    let owner = Owner { namespace: co(), user: user(1) };
    owner.open(&root_keys(roots).pepper(), stored).unwrap().hash.to_string()
}

#[test]
fn a_password_matches_its_hash_and_no_other_does() {
    let pool = pool();
    let stored = hash(&pool, "StrongPass123!");
    assert!(verify(&pool, "StrongPass123!", &stored).matches);
    for wrong in ["StrongPass123", "StrongPass123! ", "strongpass123!", "StrongPass123!\0"] {
        assert!(!verify(&pool, wrong, &stored).matches, "{wrong:?}");
    }
    assert_ne!(stored.0, hash(&pool, "StrongPass123!").0, "a salt and a nonce of its own each time");
}

#[test]
fn what_is_stored_is_a_sealed_phc_string() {
    let pool = pool_with(
        &HashingOptions { parameters: HashingParameters::default(), ..options() },
        &key_line(4, 10),
    );
    let stored = hash(&pool, "StrongPass123!");
    assert!(stored.0.starts_with("v1.4."), "{}", stored.0);
    assert!(!stored.0.contains("argon2"), "{}", stored.0);
    let text = open(&key_line(4, 10), &stored);
    let (head, rest) = text.split_at("$argon2id$v=19$m=19456,t=2,p=1$".len());
    assert_eq!(head, "$argon2id$v=19$m=19456,t=2,p=1$");
    let lengths: Vec<usize> = rest.split('$').map(str::len).collect();
    assert_eq!(lengths, [22, 43], "16 bytes of salt and 32 of output");
    // Another reader of PHC strings agrees.
    let parsed = argon2::PasswordHash::new(&text).unwrap();
    let verifier: &dyn argon2::PasswordVerifier<argon2::PasswordHash> = &argon2::Argon2::default();
    assert!(verifier.verify_password(b"StrongPass123!", &parsed).is_ok());
}

#[test]
fn a_row_moved_to_another_user_or_namespace_does_not_match() {
    let pool = pool();
    let stored = hash(&pool, "StrongPass123!");
    let ws = NamespaceName::parse("ws").unwrap();
    for (namespace, user) in [(co(), user(2)), (ws, user(1))] {
        let permit = pool.admit().unwrap();
        let moved = pool.verify(permit, &namespace, user, password("StrongPass123!"), stored.clone());
        assert!(!block_on(moved).unwrap().matches);
        assert!(!pool.is_current(&namespace, user, &stored));
    }
}

#[test]
fn a_stored_value_that_cannot_be_used_costs_the_same_work_and_does_not_match() {
    let pool = pool();
    let real = hash(&pool, "StrongPass123!");
    let roots = key_line(1, 10);
    let unusable = [
        SealedPassword(String::new()),
        SealedPassword("v1.1.".to_owned()),
        SealedPassword("v1.99.AAAA".to_owned()),
        SealedPassword("v2".to_owned() + &real.0[2..]),
        SealedPassword(real.0.clone() + "A"),
        SealedPassword("é".repeat(600)),
        SealedPassword("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q".to_owned()),
        seal(&roots, ""),
        seal(&roots, "StrongPass123!"),
        seal(&roots, "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ"),
        seal(&roots, "$argon2id$v=19$m=4294967295,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q"),
        seal(&roots, "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        seal(&roots, "$2b$05$CCCCCCCCCCCCCCCCCCCCé.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe"),
    ];
    let work_of = |stored: &SealedPassword| {
        let before = pool.counts();
        let found = verify(&pool, "StrongPass123!", stored);
        let after = pool.counts();
        (
            found.matches,
            found.replacement.is_some(),
            after.argon2 - before.argon2,
            after.bcrypt - before.bcrypt,
        )
    };
    assert_eq!(work_of(&real), (true, false, 1, 0));
    for stored in &unusable {
        assert_eq!(work_of(stored), (false, false, 1, 0), "{}", stored.0);
    }
    assert_eq!(pool.counts().allocations, 1, "nothing of it made the memory grow");
}

#[test]
fn a_hash_with_yesterdays_parameters_verifies_and_is_replaced_by_todays() {
    let pool = pool();
    let yesterdays = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let stored = seal(&key_line(1, 10), yesterdays);
    assert!(!pool.is_current(&co(), user(1), &stored));
    let wrong = verify(&pool, "Password", &stored);
    assert!(!wrong.matches && wrong.replacement.is_none());
    let before = pool.counts().argon2;
    let right = verify(&pool, "password", &stored);
    assert!(right.matches);
    assert_eq!(pool.counts().argon2 - before, 2, "verified and hashed anew in one job");
    let replacement = right.replacement.unwrap();
    assert!(pool.is_current(&co(), user(1), &replacement));
    let again = verify(&pool, "password", &replacement);
    assert!(again.matches && again.replacement.is_none());
}

#[test]
fn a_bcrypt_hash_from_elsewhere_verifies_and_is_replaced() {
    let pool = pool();
    let foreign = " $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
    let stored = pool.import(&co(), user(1), foreign).unwrap();
    assert!(!pool.is_current(&co(), user(1), &stored));
    let found = verify(&pool, "U*U", &stored);
    assert!(found.matches);
    let replacement = found.replacement.unwrap();
    assert!(open(&key_line(1, 10), &replacement).starts_with("$argon2id$"));
    assert!(verify(&pool, "U*U", &replacement).matches);
    assert_eq!(pool.counts().bcrypt, 1);
}

#[test]
fn cve_2025_22228_an_imported_bcrypt_hash_never_lets_a_longer_password_in() {
    let pool = pool();
    let first_72 = "x".repeat(72);
    let stored = pool.import(&co(), user(1), &bcrypt::hash(&first_72, 4).unwrap()).unwrap();
    assert!(verify(&pool, &first_72, &stored).matches);
    let longer = verify(&pool, &(first_72.clone() + "y"), &stored);
    assert!(!longer.matches && longer.replacement.is_none());
    assert_eq!(pool.counts().bcrypt, 2, "the refusal did the work of a match");
    // Argon2id looks at every byte.
    let ours = hash(&pool, &first_72);
    assert!(!verify(&pool, &(first_72 + "y"), &ours).matches);
}

#[test]
fn an_import_that_cannot_be_verified_here_is_refused_with_a_sentence() {
    let pool = pool();
    for foreign in
        ["", "plain", "$1$salt$hash", "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
    {
        let sentence = pool.import(&co(), user(1), foreign).err().unwrap();
        assert!(sentence.starts_with("The hash ") && sentence.ends_with('.'), "{sentence}");
        assert!(foreign.is_empty() || !sentence.contains(foreign), "{sentence}");
    }
}

#[test]
fn after_a_rotation_of_the_root_key_an_old_seal_opens_and_is_replaced_under_the_new_one() {
    let before = pool();
    let stored = hash(&before, "StrongPass123!");
    let both = key_line(2, 20) + &key_line(1, 10);
    let rotated = pool_with(&options(), &both);
    assert!(!rotated.is_current(&co(), user(1), &stored));
    let found = verify(&rotated, "StrongPass123!", &stored);
    assert!(found.matches);
    let replacement = found.replacement.unwrap();
    assert!(replacement.0.starts_with("v1.2."), "{}", replacement.0);
    assert!(rotated.is_current(&co(), user(1), &replacement));
    let removed = pool_with(&options(), &key_line(2, 20));
    assert!(!verify(&removed, "StrongPass123!", &stored).matches, "the retired key is gone");
    assert!(verify(&removed, "StrongPass123!", &replacement).matches);
}

#[test]
fn a_hundred_verifications_at_once_use_threads_times_one_hashs_memory() {
    let parameters = HashingParameters::default();
    let threads = 2;
    let pool =
        pool_with(&HashingOptions { parameters, threads, queue_max: 98, ..options() }, &key_line(1, 10));
    // Cheap to verify, and never replaced, because the password is wrong.
    let stored = seal(&key_line(1, 10), "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q");
    let permits: Vec<_> = (0..100).map(|_| pool.admit().unwrap()).collect();
    assert!(pool.admit().is_err());
    let namespace = co();
    block_on(async {
        let mut jobs = tokio::task::JoinSet::new();
        let pool = Arc::new(pool);
        for permit in permits {
            let (pool, namespace, stored) = (Arc::clone(&pool), namespace.clone(), stored.clone());
            jobs.spawn(async move {
                pool.verify(permit, &namespace, user(1), password("wrong"), stored).await.unwrap().matches
            });
        }
        assert!(jobs.join_all().await.iter().all(|matches| !matches));
        let counts = pool.counts();
        assert_eq!((counts.argon2, counts.allocations), (100, 2));
        assert_eq!(counts.memory_kib, 2 * 19_456);
        assert_eq!(pool.places_taken(), 0);
    });
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let pool = pool_with(&HashingOptions { queue_max: 3, ..options() }, &key_line(1, 10));
    let permits: Vec<_> = (0..4).map(|_| pool.admit().unwrap()).collect();
    let full = pool.admit().err().unwrap();
    assert!(full.retry_after >= Duration::from_secs(1));
    drop(permits);
    assert!(pool.admit().is_ok());
}

#[test]
fn waiting_too_long_and_a_foreign_permit_are_faults() {
    let hurried =
        pool_with(&HashingOptions { queue_wait_max: Duration::ZERO, ..options() }, &key_line(1, 10));
    let late = block_on(hurried.hash(hurried.admit().unwrap(), &co(), user(1), password("StrongPass123!")));
    assert_eq!(late.err().map(|fault| fault.kind()), Some(FaultKind::Unavailable));
    let pool = pool();
    let foreign = block_on(pool.hash(HashPermit(Box::new(7)), &co(), user(1), password("StrongPass123!")));
    assert_eq!(foreign.err().map(|fault| fault.kind()), Some(FaultKind::Internal));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_damaged_hash_is_logged_with_the_users_id_and_nothing_secret() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let damaged = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$tooshort";
    let stored = seal(&key_line(1, 10), damaged);
    let counters = Arc::new(Counters::default());
    let hashing = Hashing::new(
        HashingParameters::minimal_for_tests(),
        root_keys(&key_line(1, 10)).pepper(),
        Arc::new(SystemEntropy),
        Arc::clone(&counters),
    )
    .unwrap();
    let owner = Owner { namespace: co(), user: user(1) };
    let found = tracing::subscriber::with_default(subscriber, || {
        hashing.verify(&mut Argon2Memory::new(counters), &owner, &password("StrongPass123!"), &stored)
    });
    assert!(!found.matches);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("WARN") && log.contains(&user(1).to_string()), "{log}");
    for secret in ["StrongPass123!", "tooshort", "c29tZXNhbHQ", &stored.0[5..]] {
        assert!(!log.contains(secret), "{log}");
    }
}
