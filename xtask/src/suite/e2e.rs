//! The steps that drive the built server from outside, through `e2e/run.py`.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Outcome, Session};
use crate::machine::{self, CHROMIUM, CURL, NODE, NPM, OPENSSL, PIP, PYTHON, Tool};
use crate::postgres;
use crate::process::{Run, Stream};

/// The packages that `e2e/run.py` installs into its work folder; it knows when they are stale.
const PACKAGES: [&str; 2] = ["node", "python"];

pub(super) fn snippets(session: &Session) -> Result<Outcome> {
    run(session, "snippets", &[PYTHON, NODE, NPM, CURL, OPENSSL])
}

pub(super) fn openapi(session: &Session) -> Result<Outcome> {
    let database = postgres::Server::ready(&session.workspace.target)?;
    run_with(session, "openapi", &[PYTHON, PIP, NODE, NPM], Some(&database))
}

pub(super) fn portal(session: &Session) -> Result<Outcome> {
    // The guide's Rust code is an example of the repository; cargo puts it beside the server.
    let build = session.workspace.cargo().args(["build", "-p", "minbil-auth-crypto", "--locked"]);
    build.args(["--example", "verify_access_token"]).run()?;
    run(session, "portal", &[PYTHON, PIP, NODE, NPM, CURL, OPENSSL, CHROMIUM])
}

pub(super) fn browser(session: &Session) -> Result<Outcome> {
    run(session, "browser", &[PYTHON, NODE, NPM, OPENSSL, CHROMIUM])
}

pub(super) fn mail(session: &Session) -> Result<Outcome> {
    run(session, "mail", &[PYTHON, OPENSSL])
}

fn run(session: &Session, name: &str, tools: &[Tool]) -> Result<Outcome> {
    run_with(session, name, tools, None)
}

fn run_with(
    session: &Session,
    name: &str,
    tools: &[Tool],
    database: Option<&postgres::Server>,
) -> Result<Outcome> {
    machine::ensure(tools)?;
    let root = &session.workspace.root;
    if !root.join("e2e/run.py").is_file() {
        bail!("e2e/run.py is missing");
    }
    let server = session.server()?;
    let work = session.workspace.target.join("e2e").join(name);
    std::fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    clear(&work)?;
    let python = Run::new("python3");
    let python = match database {
        Some(database) => python.hidden(postgres::URL, &database.url),
        None => python,
    };
    let output = python
        .folder(root)
        .args(["e2e/run.py", name, "--server"])
        .arg(&server)
        .arg("--work")
        .arg(&work)
        .setting("PYTHONDONTWRITEBYTECODE", "1")
        .kept(Stream::Out)
        .with_context(|| format!("logs and other remains are in {}", work.display()))?;
    session.evidence.borrow_mut().add_checks(&output);
    Ok(Outcome::Passed("against the built server".to_owned()))
}

/// Empties the work folder but for the packages: what an earlier run left must not make this one pass.
fn clear(work: &Path) -> Result<()> {
    for entry in std::fs::read_dir(work)? {
        let entry = entry?;
        let path = entry.path();
        if PACKAGES.iter().any(|kept| entry.file_name() == *kept) {
            continue;
        }
        let removed = if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remains_are_cleared_and_packages_stay() {
        let work = std::env::temp_dir().join(format!("xtask-clear-{}", std::process::id()));
        std::fs::create_dir_all(work.join("node/axios")).unwrap();
        std::fs::create_dir_all(work.join("data")).unwrap();
        std::fs::write(work.join("server.log"), "x").unwrap();
        clear(&work).unwrap();
        let left: Vec<_> =
            std::fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["node"]);
        assert!(work.join("node/axios").is_dir());
        std::fs::remove_dir_all(&work).unwrap();
    }
}
