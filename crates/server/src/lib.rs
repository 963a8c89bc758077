//! The server: the one place that knows every adapter. It joins them, runs them, and offers the same use
//! cases at the command line.

pub mod cli;
pub mod commands;
pub mod config;
mod connection;
pub mod data_lock;
pub mod database;
pub mod demo;
pub mod doctor;
pub mod limiter;
pub mod listen;
pub mod log;
pub mod output;
pub mod outside;
mod shutdown;
pub mod surface;
pub mod wire;
pub mod workers;

use crate::cli::{Cli, Command, Key, Place};
use crate::commands as run;
use crate::config::Overrides;
use std::collections::HashMap;

/// Carries one command line out; what the program is to end with.
///
/// # Errors
/// What went wrong, in words for the person at the terminal.
pub async fn execute(cli: Cli, environment: &HashMap<String, String>) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Doctor(command) => {
            let Place { config, data_dir } = cli.place;
            let overrides = Overrides { file: config, data_dir, listen: Vec::new() };
            run::doctor::run(config::load(&overrides, environment), command).await
        }
        _ => carry_out(cli, environment).await.map(|()| 0),
    }
}

async fn carry_out(cli: Cli, environment: &HashMap<String, String>) -> anyhow::Result<()> {
    let listen = match &cli.command {
        Command::Serve(serve) => serve.listen.clone(),
        _ => Vec::new(),
    };
    let overrides = Overrides { file: cli.place.config, data_dir: cli.place.data_dir, listen };
    match &cli.command {
        Command::Config(command) => return run::config::run(command, &overrides, environment),
        Command::Passwords(command) => return run::passwords::run(command),
        Command::Key(Key::NewRoot) => {
            output::line(&crypto::RootKeys::new_text(&crypto::SystemEntropy));
            return Ok(());
        }
        _ => {}
    }
    let settings = config::load(&overrides, environment)?;
    if matches!(cli.command, Command::Ready) {
        return run::ready::run(&settings);
    }
    log::start(&settings.written.log.format, &settings.written.log.level)?;
    match &cli.command {
        Command::Serve(serve) => return run::serve::run(&settings, serve).await,
        Command::Backup { file } => return run::backup::backup(&settings, file).await,
        Command::Restore { file } => return run::backup::restore(&settings, file).await,
        Command::Migrate { what: Some(what) } => return run::relocate::run(&settings, what).await,
        Command::Openapi => {
            let document = http_api::openapi_document(&surface::options(&settings));
            output::line(&serde_json::to_string_pretty(&document)?);
            return Ok(());
        }
        _ => {}
    }
    let wired = wire::wire(&settings, wire::Outside::default()).await?;
    let service = &wired.service;
    app::rotate_signing_keys::install(service).await?;
    let outcome = match &cli.command {
        Command::User(command) => run::user::run(service, command).await,
        Command::Session(command) => run::session::run(service, command).await,
        Command::Key(command) => run::key::run(service, command, settings.key_rotation).await,
        Command::ApiKey(command) => run::api_key::run(service, command, settings.api_key_overlap).await,
        Command::Outbox(command) => run::outbox::run(service, command).await,
        Command::Audit(command) => run::audit::run(service, command).await,
        Command::Migrate { .. } => {
            output::line("The database has this version's schema.");
            Ok(())
        }
        Command::Serve(_)
        | Command::Backup { .. }
        | Command::Restore { .. }
        | Command::Openapi
        | Command::Doctor(_)
        | Command::Ready
        | Command::Passwords(_)
        | Command::Config(_) => Ok(()),
    };
    wired.database.close().await?;
    outcome
}
