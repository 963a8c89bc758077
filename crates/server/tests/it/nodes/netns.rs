//! A network of its own for one server, which a test can cut from the rest.

use crate::process::{binary, free_port};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A network namespace with one cable to here.
pub struct Network {
    name: String,
    /// The address of this end.
    pub here: String,
    cable: String,
}

impl Network {
    /// Makes one. Needs root.
    pub fn new() -> Self {
        let id = std::process::id();
        let name = format!("minbil-{id}");
        let (cable, there) = (format!("mbh{id}"), format!("mbn{id}"));
        let (here, far) = (format!("10.213.{}.1", id % 250), format!("10.213.{}.2", id % 250));
        ip(&["netns", "add", &name]);
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", &there]);
        ip(&["link", "set", &there, "netns", &name]);
        let network = Self { name, here, cable };
        network.connect();
        ip(&["link", "set", &network.cable, "up"]);
        network.ip_inside(&["addr", "add", &format!("{far}/30"), "dev", &there]);
        network.ip_inside(&["link", "set", &there, "up"]);
        network.ip_inside(&["link", "set", "lo", "up"]);
        // The far end keeps sending to where the near end was: packets vanish, and nobody says so.
        let near = std::fs::read_to_string(format!("/sys/class/net/{}/address", network.cable)).unwrap();
        let lladdr =
            ["neigh", "replace", &network.here, "lladdr", near.trim(), "nud", "permanent", "dev", &there];
        network.ip_inside(&lladdr);
        network
    }

    /// Cuts the cable.
    pub fn cut(&self) {
        ip(&["addr", "del", &format!("{}/30", self.here), "dev", &self.cable]);
    }

    /// Plugs it in (again).
    pub fn connect(&self) {
        ip(&["addr", "add", &format!("{}/30", self.here), "dev", &self.cable]);
    }

    /// A command inside.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    fn ip_inside(&self, arguments: &[&str]) {
        assert!(self.inside("ip").args(arguments).status().unwrap().success(), "{arguments:?}");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = Command::new("ip").args(["link", "del", &self.cable]).stderr(Stdio::null()).status();
    }
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// A server inside a network; killed when dropped.
pub struct Inside<'a> {
    network: &'a Network,
    child: Child,
    port: u16,
}

/// What came back, and how long it took.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: String,
    pub took: Duration,
}

impl<'a> Inside<'a> {
    /// Starts one.
    pub fn start(network: &'a Network, environment: &[(String, String)], data: &std::path::Path) -> Self {
        let port = free_port();
        let mut command = network.inside(binary().to_str().unwrap());
        command.arg("--data-dir").arg(data).args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
        command.env_remove("MINBIL_AUTH_TEST_POSTGRES_URL");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { network, child, port }
    }

    /// Asks it something, with curl from inside; status 0 is no answer.
    pub fn ask(&self, path: &str, body: Option<&str>) -> Reply {
        let begun = Instant::now();
        let mut curl = self.network.inside("curl");
        curl.args(["--silent", "--include", "--max-time", "30"]);
        if let Some(body) = body {
            curl.args(["--header", "content-type: application/json", "--data", body]);
        }
        let output = curl.arg(format!("http://127.0.0.1:{}{path}", self.port)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Reply { status, text, took: begun.elapsed() }
    }

    /// Asks until the status is this one.
    pub fn until(&self, path: &str, status: u16, limit: Duration) -> Duration {
        let begun = Instant::now();
        loop {
            let reply = self.ask(path, None);
            if reply.status == status {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < limit, "{path} does not become {status}: {reply:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
