//! When to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Returns at the first SIGTERM or SIGINT. Where a signal cannot be listened to, its default ends the process.
pub(crate) async fn requested() {
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    tokio::select! {
        () = next(&mut terminate) => {}
        () = next(&mut interrupt) => {}
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
