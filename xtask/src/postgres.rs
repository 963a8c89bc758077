//! A PostgreSQL server for as long as a command takes: a cluster of its own on a free port, thrown away after.
//!
//! A server that `MINBIL_AUTH_TEST_POSTGRES_URL` names is used instead, and left as it was but for what the tests make
//! and remove in it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::machine::{self, IPROUTE, POSTGRES};
use crate::process::{Run, Stream, show};
use crate::workspace::Workspace;

/// Names the server that tests use.
pub(crate) const URL: &str = "MINBIL_AUTH_TEST_POSTGRES_URL";
/// PostgreSQL refuses to run as root; Debian's package makes this user for it.
const USER: &str = "postgres";
/// The cluster listens on loopback alone and lives for minutes.
const PASSWORD: &str = "thrown-away";
/// Room for the nodes of all tests that run at once.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'\nmax_connections = 400\nlog_min_messages = fatal\n";
/// Nothing in it outlives the tests, so nothing waits for the disk.
const HASTY: &str = "fsync = off\n";

/// A server to test against.
pub(crate) struct Server {
    pub(crate) url: String,
    _cluster: Option<Cluster>,
}

impl Server {
    /// The one that the environment names, or one of our own.
    pub(crate) fn ready(target: &Path) -> Result<Self> {
        Self::with(target, HASTY)
    }

    /// The same, but one of our own waits for the disk, as a benchmark must.
    pub(crate) fn durable(target: &Path) -> Result<Self> {
        Self::with(target, "")
    }

    fn with(target: &Path, settings: &str) -> Result<Self> {
        if let Ok(url) = std::env::var(URL) {
            show(&format!("{URL} names the PostgreSQL server"));
            return Ok(Self { url, _cluster: None });
        }
        machine::ensure(&[POSTGRES])?;
        let cluster = Cluster::start(target, settings)?;
        let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres", cluster.port);
        Ok(Self { url, _cluster: Some(cluster) })
    }
}

/// A cluster of our own; dropped, it is stopped and removed.
struct Cluster {
    folder: PathBuf,
    port: u16,
    pg_ctl: PathBuf,
}

impl Cluster {
    fn start(target: &Path, settings: &str) -> Result<Self> {
        let folder = home(target)?.join(format!("postgres-{}", std::process::id()));
        let program = |name: &str| machine::find(name).with_context(|| format!("there is no `{name}`"));
        let (initdb, pg_ctl) = (program("initdb")?, program("pg_ctl")?);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cluster = Self { folder, port, pg_ctl };
        let folder = &cluster.folder;
        let password = folder.join("password");
        std::fs::write(&password, PASSWORD)?;
        if machine::is_root() {
            Run::new("chown").args(["-R", USER]).arg(folder).output()?;
        }
        let data = folder.join("data");
        as_user(&initdb)
            .arg("--pgdata")
            .arg(&data)
            .args(["--username", USER, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .args(["--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile"])
            .arg(&password)
            .output()
            .context("cannot make a PostgreSQL cluster")?;
        let settings =
            format!("{SETTINGS}{settings}port = {port}\nunix_socket_directories = '{}'\n", folder.display());
        let file = data.join("postgresql.conf");
        let kept = std::fs::read_to_string(&file)?;
        std::fs::write(&file, format!("{kept}\n{settings}"))?;
        let log = folder.join("log");
        as_user(&cluster.pg_ctl)
            .arg("--pgdata")
            .arg(&data)
            .arg("--log")
            .arg(&log)
            .args(["--wait", "start"])
            .output()
            .with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        show(&format!("PostgreSQL listens on 127.0.0.1:{port}, in {}", folder.display()));
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        let stop = as_user(&self.pg_ctl).arg("--pgdata").arg(data).args(["--mode", "immediate", "stop"]);
        if let Err(error) = stop.output() {
            show(&format!("PostgreSQL was not stopped: {error:#}"));
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            show(&format!("{} was not removed: {error}", self.folder.display()));
        }
    }
}

/// A program run as somebody that PostgreSQL accepts.
fn as_user(program: &Path) -> Run {
    if machine::is_root() {
        Run::new("runuser").args(["-u", USER, "--"]).arg(program).folder(Path::new("/"))
    } else {
        Run::new(program)
    }
}

/// Where the cluster's folder may be: below the target folder, unless its user cannot get there.
fn home(target: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(target)?;
    for folder in [target.to_owned(), std::env::temp_dir()] {
        if as_user(Path::new("test")).arg("-x").arg(&folder).output().is_ok() {
            return Ok(folder);
        }
    }
    bail!("neither {} nor the temporary folder can be entered by `{USER}`", target.display())
}

/// `cargo xtask postgres [-- COMMAND …]`: runs a command with a server.
pub(crate) fn command(workspace: &Workspace, words: &[String]) -> Result<()> {
    let words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
    let Some((program, arguments)) = words.split_first() else {
        bail!("say what to run: cargo xtask postgres -- cargo test -p minbil-auth-store-postgres");
    };
    let server = Server::ready(&workspace.target)?;
    Run::new(program).folder(&workspace.root).args(arguments).hidden(URL, &server.url).run()
}

/// The tests of several servers on one database: `failovers` times, the primary is killed and its standby promoted.
/// In a few words, and what the tests printed.
pub(crate) fn nodes(workspace: &Workspace, failovers: u32) -> Result<(String, String)> {
    let run = nodes_command(workspace, failovers)?;
    let server = Server::ready(&workspace.target)?;
    let run = run.hidden(URL, &server.url);
    let output = run.kept(Stream::Out)?;
    let counts = Counts::read(&output);
    counts.some_passed()?;
    Ok((format!("{failovers} failovers, {counts}"), output))
}

/// The command of [`nodes`].
pub(crate) fn nodes_command(workspace: &Workspace, failovers: u32) -> Result<Run> {
    machine::ensure(&[POSTGRES, IPROUTE])?;
    let run = workspace
        .cargo()
        .args(["test", "-p", "minbil-auth", "--test", "it", "--locked", "--"])
        .args(["--ignored", "nodes::", "--test-threads", "1", "--nocapture"])
        .setting("MINBIL_AUTH_TEST_FAILOVERS", &failovers.to_string());
    Ok(run)
}
