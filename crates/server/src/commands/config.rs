//! `config check|show|default`

use crate::cli::ConfigCommand;
use crate::config::settings::Settings;
use crate::config::{self, ConfigError, DEFAULT_CONFIG, Overrides};
use crate::output::line;
use anyhow::Context as _;
use std::collections::HashMap;

/// Runs the command. It reads the configuration and touches nothing else.
///
/// # Errors
/// When the configuration cannot be used.
pub fn run(
    command: &ConfigCommand,
    overrides: &Overrides,
    environment: &HashMap<String, String>,
) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Default => line(DEFAULT_CONFIG.trim_end()),
        ConfigCommand::Check => {
            let settings = load(overrides, environment)?;
            line(&format!("The configuration is good: {} namespaces.", settings.namespaces.len()));
        }
        ConfigCommand::Show => {
            let settings = load(overrides, environment)?;
            line(&shown(&settings)?);
        }
    }
    Ok(())
}

/// What is in force, without secrets.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn shown(settings: &Settings) -> anyhow::Result<String> {
    serde_json::to_string_pretty(&settings.written).context("cannot print the configuration")
}

fn load(overrides: &Overrides, environment: &HashMap<String, String>) -> Result<Settings, ConfigError> {
    config::load(overrides, environment)
}
