//! Where configuration comes from: the defaults, one file, the environment, the command line, in that order.

use super::schema::Config;
use super::settings::Settings;
use super::validate;
use config::{Environment, File, FileFormat};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The defaults, as the documented file.
pub const DEFAULT_CONFIG: &str = include_str!("default.toml");

/// What every variable starts with.
const PREFIX: &str = "MINBIL_AUTH_";
/// Variables with the prefix that are not configuration: where the file is, and what tests are told.
const NOT_CONFIGURATION: [&str; 2] = ["MINBIL_AUTH_CONFIG", "MINBIL_AUTH_TEST_"];

/// What the command line overrides.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// `--listen`, as often as it is given.
    pub listen: Vec<String>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read; the text names the key, the value and the origin.
    #[error("configuration: {0}")]
    Unreadable(String),
    /// It can be read, but does not make sense.
    #[error("configuration: {}", .0.join("\nconfiguration: "))]
    Invalid(Vec<String>),
}

/// Reads and checks the configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(overrides: &Overrides, environment: &HashMap<String, String>) -> Result<Settings, ConfigError> {
    let config = read(overrides, environment)?;
    validate::check(config).map_err(ConfigError::Invalid)
}

fn read(overrides: &Overrides, environment: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let mut builder = config::Config::builder().add_source(File::from_str(DEFAULT_CONFIG, FileFormat::Toml));
    if let Some(path) = &overrides.file {
        check_readable(path)?;
        builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
    }
    let variables = Environment::with_prefix(PREFIX.trim_end_matches('_'))
        .prefix_separator("_")
        .separator("__")
        .source(Some(configuration_variables(environment)));
    builder = builder.add_source(variables);
    let unreadable = |error: config::ConfigError| ConfigError::Unreadable(error.to_string());
    if let Some(data_dir) = &overrides.data_dir {
        builder = builder.set_override("data_dir", data_dir.display().to_string()).map_err(unreadable)?;
    }
    if !overrides.listen.is_empty() {
        builder = builder.set_override("listen", overrides.listen.clone()).map_err(unreadable)?;
    }
    builder.build().and_then(config::Config::try_deserialize).map_err(unreadable)
}

fn configuration_variables(environment: &HashMap<String, String>) -> HashMap<String, String> {
    let is_ours = |name: &str| {
        name.starts_with(PREFIX) && !NOT_CONFIGURATION.iter().any(|other| name.starts_with(other))
    };
    environment
        .iter()
        .filter(|(name, _)| is_ours(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn check_readable(path: &Path) -> Result<(), ConfigError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(ConfigError::Unreadable(format!("{} is not a file", path.display()))),
        Err(error) => Err(ConfigError::Unreadable(format!("{}: {error}", path.display()))),
    }
}
