//! What the whole process logs, at every level, while somebody listens.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

static LISTENERS: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// Everything that was logged since the process began, for whoever looks for leaks.
static ALL: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Listens until it is dropped. Other tests' lines are heard too: look for what is yours alone.
pub struct Recording(());

/// Starts listening. The subscriber is the process's, so that the store's and the hashing threads are heard.
pub fn record_log() -> Recording {
    start();
    LISTENERS.fetch_add(1, Ordering::SeqCst);
    Recording(())
}

/// How much was logged up to now.
pub(super) fn logged() -> usize {
    start();
    ALL.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// What was logged since, by whichever test.
pub(super) fn logged_since(start: usize) -> Vec<u8> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)[start..].to_vec()
}

fn start() {
    START.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Buffer);
        let heard = lines.with_filter(dynamic_filter_fn(|_, _| LISTENERS.load(Ordering::SeqCst) > 0));
        // At the level of production: what is logged below it is for whoever works on the server.
        let all = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Everything);
        let all = all.with_filter(tracing_subscriber::filter::LevelFilter::INFO);
        tracing_subscriber::registry().with(heard).with(all).with(ThisThread).init();
    });
}

type Listener = Box<dyn Fn(String)>;

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Hands every event of this thread to `listener` until it is dropped: level, place, message and the names of its
/// fields. (A subscriber of the thread's own would do, but that misses events while another thread makes one.)
pub(super) fn hear_this_thread(listener: impl Fn(String) + 'static) -> Heard {
    start();
    LISTENER.set(Some(Box::new(listener)));
    Heard(())
}

/// Somebody listens to this thread.
pub(super) struct Heard(());

impl Drop for Heard {
    fn drop(&mut self) {
        LISTENER.set(None);
    }
}

struct ThisThread;

impl<S: tracing::Subscriber> Layer<S> for ThisThread {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        LISTENER.with_borrow(|listener| {
            let Some(listener) = listener else { return };
            let metadata = event.metadata();
            let fields: Vec<_> = metadata.fields().iter().map(|field| field.name()).collect();
            let mut message = Message(String::new());
            event.record(&mut message);
            listener(format!("{} {}: {} {fields:?}", metadata.level(), metadata.target(), message.0));
        });
    }
}

/// The message of an event, without its fields.
struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
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

struct Everything;

impl Write for Everything {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ALL.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
