//! The log: lines to standard error, as text or as JSON.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts logging.
///
/// # Errors
/// When `level` is not a filter.
pub fn start(format: &str, level: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("configuration: log.level = {level:?}: {error}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A file or a collector wants no colours.
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    if format == "json" {
        lines.json().flatten_event(true).init();
    } else {
        lines.with_target(false).init();
    }
    Ok(())
}
