//! What the whole process logs, at every level, while somebody listens.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

static LISTENERS: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Listens until it is dropped. Other tests' lines are heard too: look for what is yours alone.
pub struct Recording(());

/// Starts listening. The subscriber is the process's, so that the store's and the hashing threads are heard.
pub fn record_log() -> Recording {
    START.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Buffer);
        let heard = lines.with_filter(dynamic_filter_fn(|_, _| LISTENERS.load(Ordering::SeqCst) > 0));
        tracing_subscriber::registry().with(heard).init();
    });
    LISTENERS.fetch_add(1, Ordering::SeqCst);
    Recording(())
}

impl Recording {
    /// Everything so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&LINES.lock().unwrap()).into_owned()
    }

    /// The lines that hold `part`.
    pub fn lines_with(&self, part: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if LISTENERS.fetch_sub(1, Ordering::SeqCst) == 1 {
            LINES.lock().unwrap().clear();
        }
    }
}

struct Buffer;

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
