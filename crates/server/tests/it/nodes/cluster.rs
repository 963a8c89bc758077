//! A PostgreSQL cluster of a test's own: a primary, and a standby that confirms every commit.

use crate::process::free_port;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const USER: &str = "postgres";
const PASSWORD: &str = "thrown-away";
/// A standby that is ready takes a moment.
const READY_MAX: Duration = Duration::from_secs(60);

/// One server of it, stopped and removed when dropped.
pub struct Postgres {
    pub port: u16,
    folder: PathBuf,
}

impl Postgres {
    /// A primary. `listen` are its addresses, beside which networks of `10.0.0.0/8` may come in.
    pub fn primary(listen: &str) -> Self {
        let server = Self::in_a_new_folder();
        let password = server.folder.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        server.hand_over();
        let made = server
            .program("initdb")
            .args(["--username", USER, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .args(["--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile"])
            .arg(&password)
            .status();
        assert!(made.unwrap().success());
        let access = server.data().join("pg_hba.conf");
        let kept = std::fs::read_to_string(&access).unwrap();
        std::fs::write(&access, format!("{kept}\nhost all all 10.0.0.0/8 scram-sha-256\n")).unwrap();
        server.configure(&format!("listen_addresses = '{listen}'\nmax_connections = 200\n"));
        server.start();
        server
    }

    /// A standby of this primary, which from now on answers no commit before the standby has it on disk.
    pub fn standby(&self) -> Self {
        let standby = Self::in_a_new_folder();
        standby.hand_over();
        let copied = standby
            .program("pg_basebackup")
            .args(["--checkpoint", "fast", "--no-sync", "--write-recovery-conf", "--dbname"])
            .arg(format!("{} application_name=standby", self.conninfo()))
            .status();
        assert!(copied.unwrap().success());
        // After its promotion nobody stands by for it.
        standby.configure("synchronous_standby_names = ''\n");
        standby.start();
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        self.sql("SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1" {
            assert!(begun.elapsed() < READY_MAX, "the standby does not come in step");
            std::thread::sleep(Duration::from_millis(50));
        }
        standby
    }

    /// Makes this standby the primary.
    pub fn promote(&self) {
        assert!(self.program("pg_ctl").args(["--wait", "promote"]).status().unwrap().success());
    }

    /// `kill -9`, the postmaster and all its children: nothing is written any more, nothing is said to clients.
    pub fn kill(&self) {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let pids = children.split_whitespace().map(str::to_owned);
        let pids: Vec<String> = std::iter::once(postmaster).chain(pids).collect();
        // A child may have ended by itself in the meantime.
        let _ = Command::new("kill").arg("-9").args(&pids).stderr(Stdio::null()).status();
    }

    /// One value.
    pub fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql).unwrap_or_else(|said| panic!("{sql}: {said}"))
    }

    /// One value of another database, or what the server said instead.
    fn sql_in(&self, database: &str, sql: &str) -> Result<String, String> {
        let place = self.conninfo().replace("dbname=postgres", &format!("dbname={database}"));
        let mut psql = self.bare("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--dbname"])
            .arg(place)
            .args(["--command", sql]);
        let asked = psql.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
        if asked.status.success() { Ok(text(asked.stdout)) } else { Err(text(asked.stderr)) }
    }

    /// A database on a small disk; the address that leads into it.
    pub fn database_on(&self, disk: &SmallDisk) -> String {
        self.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display()));
        self.sql("CREATE DATABASE small TABLESPACE small");
        self.sql_in("small", "CREATE SCHEMA empty").unwrap();
        let url = Self::url(&[self]);
        format!("{}/small", url.strip_suffix("/postgres").unwrap())
    }

    /// Writes into it until nothing more goes in.
    pub fn fill(&self, _: &SmallDisk) {
        self.sql_in("small", "CREATE TABLE filler (text TEXT)").unwrap();
        for rows in [100_000, 1000, 10, 1] {
            let fill = format!("INSERT INTO filler SELECT repeat('x', 700) FROM generate_series(1, {rows})");
            let said = std::iter::repeat_with(|| self.sql_in("small", &fill)).find_map(Result::err).unwrap();
            assert!(said.contains("No space left"), "{said}");
        }
    }

    /// Takes out again what [`Self::fill`] put in.
    pub fn make_room(&self) {
        self.sql_in("small", "DROP TABLE filler").unwrap();
    }

    /// `host:port` and how to come in.
    pub fn url(servers: &[&Self]) -> String {
        let places: Vec<_> = servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("postgres://{USER}:{PASSWORD}@{}/postgres", places.join(","))
    }

    /// The address from another network.
    pub fn url_at(&self, host: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@{host}:{}/postgres?sslmode=disable", self.port)
    }

    fn conninfo(&self) -> String {
        format!("host={} port={} user={USER} dbname=postgres", self.folder.display(), self.port)
    }

    fn in_a_new_folder() -> Self {
        // Not below the test's own folder: PostgreSQL's user has to get there.
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().unwrap().keep();
        Self { port: free_port(), folder }
    }

    /// PostgreSQL refuses to run as root; Debian's package has made a user for it.
    fn hand_over(&self) {
        if is_root() {
            let given = Command::new("chown").args(["-R", USER]).arg(&self.folder).status();
            assert!(given.unwrap().success());
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn configure(&self, settings: &str) {
        let file = self.data().join("postgresql.auto.conf");
        let kept = std::fs::read_to_string(&file).unwrap();
        let folder = self.folder.display();
        let own = format!("port = {}\nunix_socket_directories = '{folder}'\n", self.port);
        std::fs::write(&file, format!("{kept}\n{own}{settings}")).unwrap();
    }

    fn start(&self) {
        let log = self.folder.join("log");
        let started =
            self.program("pg_ctl").arg("--log").arg(&log).args(["--wait", "start"]).output().unwrap();
        assert!(started.status.success(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    fn program(&self, name: &str) -> Command {
        let mut command = self.bare(name);
        command.arg("--pgdata").arg(self.data()).stdout(Stdio::null());
        command
    }

    fn bare(&self, name: &str) -> Command {
        let program = find(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", USER, "--"]).arg(program).current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.program("pg_ctl").args(["--mode", "immediate", "stop"]).stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A disk of a few MiB; unmounted when dropped, which must be after the server that uses it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one. Needs root.
    pub fn mount(mebibytes: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("small-disk-").tempdir().unwrap().keep();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(&folder);
        assert!(mount.status().unwrap().success());
        assert!(Command::new("chown").arg(USER).arg(&folder).status().unwrap().success());
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where a program of PostgreSQL is.
fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = versions.map(|version| version.unwrap().path().join("bin"));
    std::env::split_paths(&path)
        .chain(debian)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("there is no `{name}`; on Debian: apt-get install postgresql"))
}

/// Whether this is root.
pub fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
