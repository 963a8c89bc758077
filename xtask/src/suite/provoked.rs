//! Whether the tests provoked every problem that the OpenAPI document names, at every call it names it for.
//!
//! The API tests note each refusal they get in a file; what the document has and the file has not is a promise that
//! nobody has looked at.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::{Workspace, array};

/// Tells the API tests where to note what they were answered.
pub(super) const ANSWERS_SEEN: &str = "MINBIL_AUTH_TEST_ANSWERS_SEEN";

/// What no test can provoke.
struct Exception {
    problem: &'static str,
    calls: &'static [&'static str],
    /// Why not, and what shows the same.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "it is for the reader, and a test asks that it is there")
    )]
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 4] = [
    Exception {
        problem: "internal_error",
        calls: &["get /openapi.json", "get /healthz", "get /readyz"],
        reason: "They use no part that a test could put a bug into. The layer that catches it is the one of all calls.",
    },
    Exception {
        problem: "internal_error",
        calls: &[
            "post /api/{ns}/auth/sign-up",
            "post /api/{ns}/auth/reset-password",
            "post /api/{ns}/auth/verify-email",
        ],
        reason: "They use the store and the hashing alone, and a bug in those would keep the test from its account.",
    },
    Exception {
        problem: "service_unavailable",
        calls: &["get /openapi.json", "get /healthz", "get /api/{ns}/.well-known/jwks.json"],
        reason: "They wait for nothing, so that only a machine that stands still makes them miss their deadline.",
    },
    Exception {
        problem: "service_unavailable",
        calls: &["get /api/{ns}/auth/me", "get /api/{ns}/auth/sessions"],
        reason: "They only read, and a reader works as long as the file does. The writes show the same refusal.",
    },
];

/// A file that is not there yet.
pub(super) fn fresh_file(workspace: &Workspace) -> Result<PathBuf> {
    let path = workspace.target.join("api-answers-seen.txt");
    if path.exists() {
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(path)
}

/// Compares the committed document with what the tests noted.
pub(super) fn check(workspace: &Workspace, seen: &Path) -> Result<String> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
    let document = serde_json::from_str(&read(&workspace.root.join("docs/openapi.json"))?)?;
    let (documented, seen) = (documented(&document), noted(&read(seen)?));
    let faults = faults(&documented, &seen);
    if !faults.is_empty() {
        bail!("the document and the tests disagree:\n  {}", faults.join("\n  "));
    }
    Ok(format!("{} documented problems provoked", documented.intersection(&seen).count()))
}

/// A call and a problem of it.
type Pair = (String, String);

fn documented(document: &Value) -> BTreeSet<Pair> {
    let mut pairs = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, call) in methods.as_object().into_iter().flatten() {
            let call_name = any_namespace(&format!("{method} {path}"));
            let codes = array(call, "x-problems").filter_map(Value::as_str);
            pairs.extend(codes.map(|code| (call_name.clone(), code.to_owned())));
        }
    }
    pairs
}

fn noted(text: &str) -> BTreeSet<Pair> {
    let pair = |line: &str| line.rsplit_once(' ').map(|(call, code)| (any_namespace(call), code.to_owned()));
    text.lines().filter_map(pair).collect()
}

/// `post /api/co/auth/sign-in` as `post /api/{ns}/auth/sign-in`: the calls are the same in each.
fn any_namespace(call: &str) -> String {
    match call.split_once(" /api/").and_then(|(method, rest)| Some((method, rest.split_once('/')?.1))) {
        Some((method, rest)) => format!("{method} /api/{{ns}}/{rest}"),
        None => call.to_owned(),
    }
}

fn faults(documented: &BTreeSet<Pair>, seen: &BTreeSet<Pair>) -> Vec<String> {
    let excepted: BTreeSet<Pair> = EXCEPTIONS
        .iter()
        .flat_map(|one| one.calls.iter().map(|call| ((*call).to_owned(), one.problem.to_owned())))
        .collect();
    let mut faults = Vec::new();
    for (call, code) in documented.difference(seen).filter(|pair| !excepted.contains(*pair)) {
        faults.push(format!("no test provokes {code} at {call}"));
    }
    for (call, code) in excepted.iter().filter(|pair| seen.contains(*pair) || !documented.contains(*pair)) {
        faults.push(format!("{code} at {call} is no exception any more: xtask/src/suite/provoked.rs"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> BTreeSet<Pair> {
        of.iter().map(|(call, code)| ((*call).to_owned(), (*code).to_owned())).collect()
    }

    fn excepted() -> BTreeSet<Pair> {
        let each =
            |one: &Exception| pairs(&one.calls.iter().map(|call| (*call, one.problem)).collect::<Vec<_>>());
        EXCEPTIONS.iter().flat_map(each).collect()
    }

    #[test]
    fn a_documented_problem_that_no_test_provokes_is_found() {
        let mut documented = excepted();
        assert_eq!(faults(&documented, &BTreeSet::new()), [""; 0]);
        documented.extend(pairs(&[("get /a", "one"), ("get /a", "two")]));
        let found = faults(&documented, &pairs(&[("get /a", "one")]));
        assert_eq!(found, ["no test provokes two at get /a"]);
    }

    #[test]
    fn an_exception_that_is_none_any_more_is_found() {
        let all = excepted();
        let provoked = all.first().cloned().into_iter().collect();
        assert_eq!(faults(&all, &provoked).len(), 1);
        assert_eq!(faults(&BTreeSet::new(), &BTreeSet::new()).len(), all.len());
        assert!(EXCEPTIONS.iter().all(|one| one.reason.ends_with('.')));
    }

    #[test]
    fn a_call_is_the_same_in_every_namespace() {
        let document = serde_json::json!({ "paths": {
            "/api/co/auth/me": { "get": { "x-problems": ["a", "b"] } },
            "/healthz": { "get": { "x-problems": ["c"] } },
        } });
        let wanted =
            pairs(&[("get /api/{ns}/auth/me", "a"), ("get /api/{ns}/auth/me", "b"), ("get /healthz", "c")]);
        assert_eq!(documented(&document), wanted);
        assert_eq!(noted("get /api/ws/auth/me a\nget /api/co/auth/me b\nget /healthz c\n"), wanted);
    }
}
