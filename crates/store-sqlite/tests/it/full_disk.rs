//! A disk without room: unavailable, nothing lost, and back at work once there is room again.
//!
//! A full disk is made in a process of its own: with a limit on the size of files, which needs no rights, and
//! where user namespaces are to be had, with a real file system of two megabytes.

use crate::database::open;
use app::fault::FaultKind;
use app::ports::store::{AccountStore as _, StoreUpkeep as _};
use minbil_auth_store_sqlite::SqliteStore;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::builders::{co, new_account};

const DIRECTORY: &str = "STORE_SQLITE_TEST_DIRECTORY";

/// Runs one ignored test of this file in a process that `shell` prepares before its `exec "$@"`.
fn run_in(shell: &str, test: &str, directory: &Path) {
    let output = Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(DIRECTORY, directory)
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

fn directory() -> PathBuf {
    std::env::var_os(DIRECTORY).unwrap().into()
}

/// Fills the disk with accounts; how many were made before it was full.
async fn fill(store: &SqliteStore) -> usize {
    for n in 0..100_000 {
        if let Err(fault) = store.sign_up(new_account(&format!("n{n}"))).await {
            assert_eq!(fault.kind(), FaultKind::Unavailable, "{fault}");
            return n;
        }
    }
    unreachable!("the disk was never full")
}

async fn count(store: &SqliteStore) -> usize {
    store.list_accounts(&co(), None, 1_000_000).await.unwrap().len()
}

/// Everything that was answered is there, reads go on, and with room the same store writes again.
async fn fill_and_recover(make_room: impl FnOnce()) {
    let path = directory().join("store.db");
    let store = open(&path).unwrap();
    let made = fill(&store).await;
    assert!(made > 50, "{made}");
    assert_eq!(count(&store).await, made);
    make_room();
    store.check().await.unwrap();
    store.sign_up(new_account("after")).await.unwrap();
    assert_eq!(count(&store).await, made + 1);
    store.close().await.unwrap();
    assert_eq!(count(&open(&path).unwrap()).await, made + 1);
}

#[test]
fn a_file_that_cannot_grow_is_unavailable_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // An ignored signal stays ignored in the new program, so that the write fails instead of the process.
    let shell = "trap '' XFSZ; ulimit -S -f 4000; exec \"$@\"";
    run_in(shell, "full_disk::in_a_process_with_small_files", directory.path());
}

#[tokio::test]
#[ignore = "runs in a process of its own, with a limit on the size of files"]
async fn in_a_process_with_small_files() {
    fill_and_recover(|| {
        let pid = std::process::id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
        assert!(raised.success());
    })
    .await;
}

#[test]
fn a_full_file_system_is_unavailable_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=2m tmpfs \"${DIRECTORY}\"");
    let unshare = "unshare --user --map-root-user --mount sh -c";
    let may_mount = Command::new("sh")
        .args(["-c", &format!("{unshare} '{mount}'")])
        .env(DIRECTORY, directory.path())
        .status()
        .unwrap();
    if !may_mount.success() {
        println!("no file system of its own is to be had here; the limit on files stands for it");
        return;
    }
    let shell = format!("exec {unshare} '{mount} && exec \"$@\"' sh \"$@\"");
    run_in(&shell, "full_disk::in_a_process_with_a_small_file_system", directory.path());
}

#[tokio::test]
#[ignore = "runs in a process of its own, on a file system of two megabytes"]
async fn in_a_process_with_a_small_file_system() {
    let ballast = directory().join("ballast");
    fs::write(&ballast, vec![7; 512 * 1024]).unwrap();
    fill_and_recover(|| fs::remove_file(&ballast).unwrap()).await;
}
