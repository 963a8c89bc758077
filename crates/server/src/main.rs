//! `minbil-auth`: the authentication server of the Minbil car platform.

use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two crates of the tree could each bring a provider for TLS; there is exactly one.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail("the cryptographic provider was installed twice");
    }
    let cli = minbil_auth::cli::Cli::parse();
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let environment = std::env::vars_os().filter_map(text).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start the runtime: {error}")),
    };
    match runtime.block_on(minbil_auth::execute(cli, &environment)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&format!("{error:#}")),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command line program goes to standard error")]
fn fail(message: &str) -> ExitCode {
    eprintln!("minbil-auth: {message}");
    ExitCode::FAILURE
}
