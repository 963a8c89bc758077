//! Pairs of requests: one about an address of the class in question, one about an address without an account, in an
//! order that chance decides, so that whatever drifts drifts for both.

use crate::addresses::{Class, address};
use crate::probe::{Call, Probe};
use crate::random::Random;
use crate::served::Server;
use anyhow::Context as _;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Pairs that only fill caches.
const WARM_UP: usize = 50;
/// The least number of accounts of a class.
const POOL_MIN: usize = 2000;
/// How long a server may go on after its answer, so that what it does then is counted with its request.
const SETTLE: Duration = Duration::from_micros(300);

/// How many accounts of a class a run needs, so that each is asked about once.
pub(crate) fn pool(pairs: usize) -> usize {
    POOL_MIN.max(pairs + WARM_UP)
}

/// What is compared with an address that has no account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// What is asked.
    pub(crate) call: Call,
    /// The class of the address.
    pub(crate) class: Class,
}

/// What is looked at besides the time of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing.
    Wall,
    /// The server's time on the processor.
    Processor,
    /// How long the next request takes, of whoever it is.
    Echo,
}

/// One request, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Sample {
    wall: f64,
    more: f64,
}

/// Two requests.
struct Pair {
    is_class_first: bool,
    class: Sample,
    unknown: Sample,
}

/// All of a run.
pub(crate) struct Pairs(Vec<Pair>);

impl Pairs {
    /// Asks.
    pub(crate) fn take(
        server: &Server,
        question: Question,
        look: Look,
        count: usize,
        random: &mut Random,
    ) -> anyhow::Result<Self> {
        let mut probe = Probe::connect(server.port)?;
        let mut pairs = Vec::with_capacity(count);
        for number in 0..WARM_UP + count {
            let is_class_first = random.flip();
            let mut ask = |class| {
                let email = address(server.seed, class, number);
                sample(server, &mut probe, question.call, look, &email)
            };
            let (class, unknown) = if is_class_first {
                let first = ask(question.class)?;
                (first, ask(Class::Unknown)?)
            } else {
                let first = ask(Class::Unknown)?;
                (ask(question.class)?, first)
            };
            if number >= WARM_UP {
                pairs.push(Pair { is_class_first, class, unknown });
            }
        }
        Ok(Self(pairs))
    }

    /// Times of the answers: the class's, and those of nobody.
    pub(crate) fn walls(&self) -> (Vec<f64>, Vec<f64>) {
        self.0.iter().map(|pair| (pair.class.wall, pair.unknown.wall)).unzip()
    }

    /// What was looked at besides: the class's, and those of nobody.
    pub(crate) fn more(&self) -> (Vec<f64>, Vec<f64>) {
        self.0.iter().map(|pair| (pair.class.more, pair.unknown.more)).unzip()
    }

    /// Keeps every figure, as comma-separated values.
    pub(crate) fn keep(&self, file: &Path) -> anyhow::Result<()> {
        let mut text = String::from("first,class_wall_us,class_more_us,unknown_wall_us,unknown_more_us\n");
        for pair in &self.0 {
            let first = if pair.is_class_first { "class" } else { "unknown" };
            let (class, unknown) = (pair.class, pair.unknown);
            writeln!(text, "{first},{},{},{},{}", class.wall, class.more, unknown.wall, unknown.more)?;
        }
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The difference within each pair.
pub(crate) fn differences((ones, others): &(Vec<f64>, Vec<f64>)) -> Vec<f64> {
    ones.iter().zip(others).map(|(one, other)| one - other).collect()
}

fn sample(server: &Server, probe: &mut Probe, call: Call, look: Look, email: &str) -> anyhow::Result<Sample> {
    let before = if look == Look::Processor { server.cpu()? } else { 0 };
    let wall = micros(probe.ask(call, email)?);
    let more = match look {
        Look::Wall => 0.0,
        Look::Processor => {
            std::thread::sleep(SETTLE);
            (server.cpu()? - before) as f64 / 1000.0
        }
        Look::Echo => micros(probe.echo()?),
    };
    Ok(Sample { wall, more })
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}
