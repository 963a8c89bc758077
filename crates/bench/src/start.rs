//! How soon a server answers on a database that exists, and what it occupies while nothing happens.

use crate::report::{Figure, Target};
use crate::served::Server;
use std::path::Path;
use std::time::Duration;

pub(crate) const FIRST_ANSWER: &str = "ms from start to first answer, existing database";
pub(crate) const IDLE: &str = "MiB of memory, idle";

/// What we aim for. Each of two hashing threads keeps a block of 19 MiB that it has not touched yet.
pub(crate) const TARGETS: [Target; 2] = [Target::at_most(FIRST_ANSWER, 30.0), Target::at_most(IDLE, 25.0)];

/// Measures one round.
pub(crate) async fn round(binary: &Path, _: Duration) -> anyhow::Result<Vec<Figure>> {
    let server = Server::fresh(binary, &[]).await?.again(binary, &[]).await?;
    let first_answer = server.first_answer.as_secs_f64() * 1000.0;
    Ok(vec![Figure::new(FIRST_ANSWER, first_answer), Figure::new(IDLE, server.memory_mib()?)])
}
