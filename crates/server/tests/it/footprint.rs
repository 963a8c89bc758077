//! What the built binary occupies while nobody asks for anything.

use crate::process::{ServerProcess, ServerSetup};

/// So many threads that what they reserve is far more than anything else of the server's.
const THREADS: u64 = 16;
/// `passwords.argon2_memory_kib`, the default.
const BLOCK_KIB: u64 = 19_456;

/// A figure of `/proc/PID/status`, in KiB.
fn kib(server: &ServerProcess, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn memory_for_hashing_is_reserved_at_the_start_and_occupied_by_those_threads_that_have_hashed() {
    let data = tempfile::tempdir().unwrap();
    let setup = ServerSetup {
        arguments: vec!["--demo".to_owned()],
        environment: vec![("MINBIL_AUTH_PASSWORDS__THREADS".to_owned(), THREADS.to_string())],
    };
    // The first start hashes: each namespace gets its decoy, the demo account its password.
    let mut server = ServerProcess::start(data.path(), &setup).await;
    server.terminate();
    server.ended().await;
    let server = ServerProcess::start(data.path(), &setup).await;
    assert!(kib(&server, "VmSize") > THREADS * BLOCK_KIB, "it is not reserved");
    let idle = kib(&server, "RssAnon");
    assert!(idle < THREADS * BLOCK_KIB / 4, "{idle} KiB are occupied before the first hash");

    let body = serde_json::json!({ "email": "owner@minbil.io", "password": "StrongPass123!" });
    for _ in 0..3 {
        let request = reqwest::Client::new().post(format!("{}/api/co/auth/sign-in", server.base)).json(&body);
        assert!(request.send().await.unwrap().status().is_success());
    }
    let after = kib(&server, "RssAnon");
    assert!(after > idle + BLOCK_KIB, "{after} KiB after {idle}: the memory of a hash is kept for the next");
    assert!(
        after < idle + 4 * BLOCK_KIB,
        "{after} KiB after {idle}: three hashes occupy three blocks at most"
    );
}
