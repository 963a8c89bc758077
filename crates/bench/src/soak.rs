//! The same load for a long time: what grows that should not. The clients come and go: every window begins with new
//! connections, new sign-ins and new chains.

use crate::load;
use crate::report::{Figure, Target};
use crate::served::Server;
use crate::work::Work;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long, unless it is said otherwise.
pub(crate) const MINUTES: u64 = 30;
/// How long the same clients stay.
const WINDOW: Duration = Duration::from_secs(10);
/// How many clients refresh, and how many sign in.
const CHAINS: usize = 16;
const SIGN_INS: usize = 2;

const MEMORY: &str = "ratio: memory, last third / first third";
const FILES: &str = "ratio: open files, last third / first third";
const LOG: &str = "ratio: write-ahead log, last third / first third";
const P99: &str = "ratio: refresh p99, last third / first third";

/// What we aim for. A latency varies with its neighbours, so it gets more room than what can only leak.
pub(crate) const TARGETS: [Target; 4] = [
    Target::at_most(MEMORY, 1.10),
    Target::at_most(FILES, 1.10),
    Target::at_most(LOG, 1.10),
    Target::at_most(P99, 1.30),
];

/// What one window showed.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    memory: f64,
    files: f64,
    log: f64,
    p99: f64,
    refreshes: f64,
    sign_ins: f64,
}

/// Measures once.
pub(crate) async fn round(binary: &Path, minutes: u64) -> anyhow::Result<Vec<Figure>> {
    let server = Server::fresh(binary, &[]).await?;
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut samples = Vec::new();
    while Instant::now() < end {
        samples.push(sample(&server).await?);
    }
    anyhow::ensure!(samples.len() >= 3, "too short to have a first and a last third");
    let third = samples.len() / 3;
    let (first, last) = (&samples[..third], &samples[samples.len() - third..]);
    let ratio = |of: fn(&Sample) -> f64| median(last, of) / median(first, of).max(1.0);
    let last_of = |of: fn(&Sample) -> f64| median(last, of);
    Ok(vec![
        Figure::new("minutes", minutes as f64),
        Figure::new("refresh/s", last_of(|one| one.refreshes)),
        Figure::new("sign-in/s", last_of(|one| one.sign_ins)),
        Figure::new("refresh p99, us, at the end", last_of(|one| one.p99)),
        Figure::new("MiB of memory, at the end", last_of(|one| one.memory)),
        Figure::new("open files, at the end", last_of(|one| one.files)),
        Figure::new("MiB of write-ahead log, at the end", last_of(|one| one.log)),
        Figure::new(MEMORY, ratio(|one| one.memory)),
        Figure::new(FILES, ratio(|one| one.files)),
        Figure::new(LOG, ratio(|one| one.log)),
        Figure::new(P99, ratio(|one| one.p99)),
    ])
}

async fn sample(server: &Server) -> anyhow::Result<Sample> {
    let (refresh, sign_in) = tokio::try_join!(
        load::drive(Work::Refresh, server.port, CHAINS, WINDOW),
        load::drive(Work::SignIn, server.port, SIGN_INS, WINDOW),
    )?;
    Ok(Sample {
        memory: server.memory_mib()?,
        files: server.open_files()?,
        log: server.log_mib(),
        p99: refresh.p99_us as f64,
        refreshes: refresh.per_second,
        sign_ins: sign_in.per_second,
    })
}

fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        let samples: Vec<_> = [9.0, 1.0, 5.0].map(|p99| Sample { p99, ..Sample::default() }).to_vec();
        assert!((median(&samples, |one| one.p99) - 5.0).abs() < f64::EPSILON);
    }
}
