//! `doctor`: each thing it can find, found once on a deployment that has it.

mod foundation;
mod pages;
mod proxies;
mod proxy;
mod stranger;

use crate::crash::smtp_sink::SmtpSink;
use crate::process::{Ran, ServerProcess, ServerSetup, run_with};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// A server in production mode and the mail server that it hands mail to.
struct Deployment {
    data: TempDir,
    setup: ServerSetup,
    server: ServerProcess,
    sink: SmtpSink,
}

/// Production, with a root key of its own. Changes come after.
fn production(mail_port: u16) -> ServerSetup {
    ServerSetup::default()
        .with("MINBIL_AUTH_MODE", "production")
        .with("MINBIL_AUTH_BASE_URL", "https://api.example.com")
        .with("MINBIL_AUTH_ROOT_KEY", new_root_key())
        .with("MINBIL_AUTH_MAIL__SMTP_URL", format!("smtp://127.0.0.1:{mail_port}?tls=none"))
        .with("MINBIL_AUTH_NAMESPACES__CO__ALLOWED_ORIGINS", "https://app.example.com,https://b.example.com")
}

fn new_root_key() -> String {
    crypto::RootKeys::new_text(&crypto::SystemEntropy).trim().to_owned()
}

impl Deployment {
    async fn with(changes: &[(&str, &str)]) -> Self {
        let sink = SmtpSink::start().await;
        let mut setup = production(sink.port);
        for (name, value) in changes {
            setup = setup.with(name, value);
        }
        let data = tempfile::tempdir().unwrap();
        let server = ServerProcess::start(data.path(), &setup).await;
        Self { data, setup, server, sink }
    }

    /// Examines what answers at a port of this machine.
    async fn examine(&self, port: u16) -> Report {
        self.examine_with(port, &self.setup, &[]).await
    }

    async fn examine_with(&self, port: u16, setup: &ServerSetup, more: &[&str]) -> Report {
        let url = format!("http://127.0.0.1:{port}");
        let arguments = [&["--url", &url], more].concat();
        Report::of(&examined(self.data.path(), setup, &arguments).await)
    }
}

/// Runs the command beside this runtime, in which the proxies run.
async fn examined(data: &Path, setup: &ServerSetup, more: &[&str]) -> Ran {
    let arguments: Vec<String> = ["doctor", "--json"].iter().chain(more).map(ToString::to_string).collect();
    let (data, setup) = (data.to_owned(), setup.clone());
    let run = move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        run_with(&data, &setup, &arguments, "")
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// What was found.
struct Report {
    findings: Vec<Value>,
    shown: String,
}

impl Report {
    /// The verdict, the exit code and the worst finding say the same.
    fn of(ran: &Ran) -> Self {
        let report = ran.json();
        let findings = report["findings"].as_array().unwrap().clone();
        let code = ["ok", "warning", "wrong"].iter().position(|name| report["verdict"] == *name).unwrap();
        assert_eq!(ran.code, i32::try_from(code).ok(), "{ran:?}");
        assert!(findings.iter().any(|finding| finding["verdict"] == report["verdict"]), "{report}");
        for finding in findings.iter().filter(|finding| finding["verdict"] != "ok") {
            assert!(finding["remedy"].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        }
        Self { findings, shown: format!("{report:#}") }
    }

    /// There is a finding of this check with this verdict that says this.
    fn says(&self, check: &str, verdict: &str, part: &str) {
        let is_it = |finding: &&Value| {
            let says = finding["says"].as_str().unwrap();
            finding["check"] == check && finding["verdict"] == verdict && says.contains(part)
        };
        assert!(
            self.findings.iter().any(|finding| is_it(&finding)),
            "{check} {verdict} `{part}`: {}",
            self.shown
        );
    }

    /// Nothing of this check is worse than this.
    fn is_at_most(&self, check: &str, verdict: &str) {
        let mut found = self.findings.iter().filter(|finding| finding["check"] == check).peekable();
        assert!(found.peek().is_some(), "nothing about {check}: {}", self.shown);
        assert!(found.all(|finding| finding["verdict"] == verdict), "{}", self.shown);
    }
}
