//! `api-key`, as it is typed.

use super::InNamespace;
use clap::{Args, Subcommand};

/// `api-key`
#[derive(Debug, Subcommand)]
pub enum ApiKey {
    /// Make a key for an application and print it, this once
    ///
    /// The application sends it as x-api-key. It names the application, never a user. A namespace whose api_key_required is true
    /// answers nobody without one. Only a hash of the key is kept: store the printed one where the application reads it.
    Create {
        /// The namespace.
        #[command(flatten)]
        namespace: InNamespace,
        /// What to call it; no two keys of a namespace share a name
        name: String,
        /// How long it works; until it is revoked when left out
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        expires_days: Option<u32>,
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// List keys in the order they were made, without what is secret
    List {
        /// The namespace.
        #[command(flatten)]
        namespace: InNamespace,
        /// Revoked ones too
        #[arg(long)]
        all: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Give a key a new secret and print it, this once; the one before goes on working for a while
    Rotate {
        /// The key.
        #[command(flatten)]
        key: OneApiKey,
        /// How long the secret before goes on working [default: api_keys.rotation_overlap_hours]
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(0..=2160))]
        overlap_hours: Option<u32>,
        /// How long the new secret works; as long as the one before was given when left out
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36500))]
        expires_days: Option<u32>,
    },
    /// Revoke a key for good; every server refuses it within api_keys.cache_seconds
    Revoke(OneApiKey),
}

/// One API key, named by name or id.
#[derive(Debug, Args)]
pub struct OneApiKey {
    /// The namespace.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// Name or id of the key
    pub key: String,
    /// As a JSON object
    #[arg(long)]
    pub json: bool,
}
