//! A bare axum server that does nothing but answer: what HTTP alone costs, and what keeps the machine as busy beside the
//! disk's ceiling as the product does.

use crate::load::{self, Driven};
use crate::work::Work;
use anyhow::Context as _;
use axum::Json;
use axum::body::Bytes;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The hidden command that makes this program the echo server.
pub(crate) const COMMAND: &str = "echo";
/// About as long as the answer to a refresh.
const FILLER: usize = 900;

/// A running one.
pub(crate) struct Echo {
    _child: Child,
    port: u16,
}

impl Echo {
    /// Starts one.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line).await?;
        Ok(Self { _child: child, port: line.trim().parse()? })
    }

    /// So many clients, as fast as they are answered.
    pub(crate) async fn drive(&self, clients: usize, span: Duration) -> anyhow::Result<Driven> {
        load::drive(Work::Echo, self.port, clients, span).await
    }
}

/// The child's side: prints its port, then answers until it is killed.
pub(crate) async fn run_as_child() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let listener = listener.tap_io(|stream| {
        // What cannot be set is slower, and still right.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, axum::Router::new().fallback(post(answer))).await?)
}

async fn answer(_: Bytes) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "filler": "x".repeat(FILLER) }))
}
