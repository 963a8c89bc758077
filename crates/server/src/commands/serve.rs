//! `serve`: run the server until it is told to stop, and finish what was accepted.

use super::config::shown;
use crate::cli::Serve;
use crate::config::settings::{DatabasePlace, Mode, Settings};
use crate::data_lock::DataLock;
use crate::listen::{ConnectionLimits, Listeners, read_tls, reload_tls};
use crate::output::{hexadecimal, line};
use crate::wire::Wired;
use crate::{connection, demo, shutdown, surface, wire, workers};
use app::audit::AuditContext;
use app::deliver_mail::MailWork;
use app::ports::store::NewEvent;
use axum_server::Handle;
use domain::event::EventKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Runs the server.
///
/// # Errors
/// When it cannot start, or a listener breaks.
pub async fn run(settings: &Settings, command: &Serve) -> anyhow::Result<()> {
    run_changed(settings, command, async |_| Ok(())).await
}

/// Runs the server with parts exchanged after everything is prepared and before anything answers: for what measures
/// it from outside of this crate. The command line has no way here.
///
/// # Errors
/// When it cannot start, or a listener breaks.
pub async fn run_changed(
    settings: &Settings,
    command: &Serve,
    change: impl AsyncFnOnce(&mut Wired) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    anyhow::ensure!(
        !command.demo || settings.mode == Mode::Development,
        "--demo makes an account whose password everybody knows; it works in development mode alone"
    );
    // The certificate and the ports come first: what is likely to be wrong is said before anything is made.
    let tls = match &settings.tls {
        Some(files) => Some((read_tls(files).await?, files.clone())),
        None => None,
    };
    let listeners = Listeners::bind(&settings.listen)?;
    let metrics = settings.metrics_listen.map(|address| Listeners::bind(&[address])).transpose()?;
    wire::make_data_dir(settings)?;
    let _lock = match &settings.database {
        DatabasePlace::File(file) => Some(DataLock::take(file)?),
        DatabasePlace::Postgres(_) => None,
    };
    let mut wired = wire::wire(settings, wire::Outside::default()).await?;
    wire::prepare(&wired.service, settings).await?;
    if command.demo {
        demo::ensure_account(&wired.service).await?;
    }
    record_start(&wired, settings).await?;
    change(&mut wired).await?;
    let stop = CancellationToken::new();
    let handle = Handle::new();
    let limits = limits(settings);
    announce(settings, &listeners.addresses(), command.demo);
    let router = http_api::router(surface::state(settings, &wired, &stop));
    let mut serving = listeners.serve(&router, tls.as_ref().map(|(tls, _)| &tls.config), &handle, limits)?;
    if let Some(metrics) = metrics {
        let router = http_api::metrics_router(Arc::clone(&wired.metrics));
        let mut more = metrics.serve(&router, None, &handle, limits)?;
        serving.spawn(async move { more.join_next().await.map_or(Ok(()), flatten) });
    }
    let mut work = workers(settings, &wired, &stop);
    if let Some((tls, files)) = tls {
        let stop = stop.clone();
        work.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = reload_tls(tls, files) => {}
            }
        });
    }
    let outcome = tokio::select! {
        () = shutdown::requested() => Ok(()),
        Some(ended) = serving.join_next() => flatten(ended),
    };
    tracing::info!("stopping: finishing what was accepted");
    stop.cancel();
    handle.graceful_shutdown(Some(limits.shutdown_grace));
    while serving.join_next().await.is_some() {}
    while work.join_next().await.is_some() {}
    let (store, calls) = (&wired.service.store, &wired.service.refused_calls);
    if let Err(fault) = app::refused_calls::write(store.as_ref(), calls).await {
        tracing::warn!(error = %fault, "the last refused calls are not in the audit log");
    }
    wired.database.close().await?;
    tracing::info!("stopped");
    Ok(outcome?)
}

/// The audit log says which program runs how: a digest of `config show` tells one configuration from another.
async fn record_start(wired: &Wired, settings: &Settings) -> anyhow::Result<()> {
    let digest = crypto::sha256(shown(settings)?.as_bytes());
    let mode = match settings.mode {
        Mode::Development => "development",
        Mode::Production => "production",
    };
    let limits = if settings.written.limits.enabled { "" } else { ", limits off" };
    let (version, digest) = (env!("CARGO_PKG_VERSION"), hexadecimal(&digest[..8]));
    let detail = Some(format!("{version}, {mode}{limits}, configuration {digest}"));
    let started = NewEvent { detail, ..NewEvent::of(EventKind::ServerStarted, AuditContext::system()) };
    Ok(wired.service.store.record_events(vec![started]).await?)
}

fn flatten(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> std::io::Result<()> {
    ended.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

fn limits(settings: &Settings) -> ConnectionLimits {
    let http = &settings.written.http;
    ConnectionLimits {
        header: Duration::from_secs(http.header_timeout_seconds),
        write: Duration::from_secs(http.write_timeout_seconds),
        connections_max: connection::room_for(http.connections_max),
        shutdown_grace: Duration::from_secs(http.shutdown_grace_seconds),
    }
}

fn workers(settings: &Settings, wired: &Wired, stop: &CancellationToken) -> JoinSet<()> {
    let mut work = JoinSet::new();
    let mail = MailWork { lease: settings.mail_lease, retry: settings.mail_retry };
    for _ in 0..settings.written.mail.workers {
        work.spawn(workers::mail::run(Arc::clone(&wired.service), mail, stop.clone()));
    }
    let reload = Duration::from_secs(settings.written.keys.reload_seconds);
    let service = Arc::clone(&wired.service);
    work.spawn(workers::signing_keys::run(service, settings.key_rotation, reload, stop.clone()));
    work.spawn(workers::audit::run(Arc::clone(&wired.service), stop.clone()));
    work.spawn(workers::refused_calls::run(Arc::clone(&wired.service), stop.clone()));
    let every = Duration::from_secs(settings.written.retention.purge_seconds);
    let service = Arc::clone(&wired.service);
    work.spawn(workers::upkeep::run(service, settings.retention, every, stop.clone()));
    work
}

/// Says where everything is.
fn announce(settings: &Settings, addresses: &[SocketAddr], has_demo: bool) {
    let base = &settings.base_url;
    let listening: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    line(&format!("minbil-auth {} listens on {}", env!("CARGO_PKG_VERSION"), listening.join(" and ")));
    if settings.written.docs.enabled {
        line(&format!("  documentation  {base}/docs"));
    }
    if settings.mode == Mode::Development {
        line(&format!("  caught mail    {base}/dev/inbox"));
    }
    match &settings.database {
        DatabasePlace::File(_) => line(&format!("  data           {}", settings.data_dir.display())),
        DatabasePlace::Postgres(address) => line(&format!("  data           {}", address.places())),
    }
    if has_demo {
        line(&format!("  demo account   {} / {}", demo::DEMO_EMAIL, demo::DEMO_PASSWORD));
    }
}
