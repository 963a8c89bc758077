//! The steps of `cargo xtask test`, cheapest first.

use anyhow::{Context, Result, bail};

use super::{Outcome, Session, Step, e2e, provoked};
use crate::counts::Counts;
use crate::fuzz::Fuzz;
use crate::process::Stream;
use crate::requirements::{self, TestPrograms, ran_in};
use crate::{faults, gate, licences, postgres, tidy, timing};

/// The program of tests that starts the built server.
const FROM_OUTSIDE: &str = "server::it";

/// A tenth of what `cargo xtask prove` runs.
const KILLS: u32 = 10;

pub(super) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "every file is formatted", run: fmt },
    Step {
        name: "tidy",
        about: "the house rules",
        run: |session| tidy::run(&session.workspace).map(Outcome::Passed),
    },
    Step { name: "licences", about: "licences, sources, bans and duplicates of dependencies", run: licences },
    Step { name: "clippy", about: "no lint fires, in tests neither", run: clippy },
    Step { name: "tests", about: "unit, property, store contract, API tests", run: tests },
    Step { name: "docs", about: "links in doc comments; the committed OpenAPI document", run: docs },
    Step {
        name: "snippets",
        about: "the published snippets (axios, fetch, cURL), unchanged",
        run: e2e::snippets,
    },
    Step {
        name: "openapi",
        about: "the document linted, made into a client, and held against every answer",
        run: e2e::openapi,
    },
    Step {
        name: "portal",
        about: "the documentation in Chromium; its snippets and guides, run",
        run: e2e::portal,
    },
    Step { name: "browser", about: "pages and journeys in Chromium", run: e2e::browser },
    Step { name: "mail", about: "a real SMTP process that refuses, stalls and comes back", run: e2e::mail },
    Step {
        name: "timing",
        about: "the time of an answer does not tell who has an account; five leaks on purpose do",
        run: |session| timing::sensitive(&session.workspace).map(Outcome::Passed),
    },
    Step {
        name: "gate",
        about: "instructions of a refresh and a sign-in, within 3 % of what is committed",
        run: |session| gate::check(&session.workspace, gate::Build::Dev).map(Outcome::Passed),
    },
    Step {
        name: "postgres",
        about: "several servers on PostgreSQL: failover, partition, upgrade, moving house",
        run: nodes,
    },
    Step { name: "faults", about: "kill -9 under load, 10 times in a row", run: kills },
    Step { name: "fuzz", about: "every committed fuzz input again", run: fuzz },
    Step {
        name: "asvs",
        about: "whatever docs/security says is proven by a test was shown above",
        run: |session| requirements::proven(&session.workspace).map(Outcome::Passed),
    },
];

fn fmt(session: &Session) -> Result<Outcome> {
    session.workspace.cargo().args(["fmt", "--all", "--check"]).run()?;
    Ok(Outcome::Passed("formatted".to_owned()))
}

fn licences(session: &Session) -> Result<Outcome> {
    licences::run(&session.workspace).map(Outcome::Passed)
}

fn clippy(session: &Session) -> Result<Outcome> {
    let run = session.workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--locked"]);
    run.args(["--", "-D", "warnings"]).run()?;
    Ok(Outcome::Passed("no warnings".to_owned()))
}

fn tests(session: &Session) -> Result<Outcome> {
    let database = postgres::Server::ready(&session.workspace.target)?;
    let seen = provoked::fresh_file(&session.workspace)?;
    let programs = TestPrograms::build(&session.workspace)?;
    let run = session.workspace.cargo().args(["test", "--workspace", "--locked"]);
    let run = run.hidden(postgres::URL, &database.url).hidden("CARGO_TERM_COLOR", "never");
    let output = run.setting(provoked::ANSWERS_SEEN, &seen.display().to_string()).kept(Stream::Both)?;
    let counts = Counts::read(&output);
    counts.some_passed()?;
    let ran = programs.ran(&output);
    requirements::tests_exist(&session.workspace.root, &ran.there)?;
    session.evidence.borrow_mut().add_tests(ran.passed);
    let provoked = provoked::check(&session.workspace, &seen)?;
    Ok(Outcome::Passed(format!("{counts}; {provoked}")))
}

fn docs(session: &Session) -> Result<Outcome> {
    let run = session.workspace.cargo().args(["doc", "--workspace", "--no-deps", "--locked"]);
    run.setting("RUSTDOCFLAGS", "-D warnings").run()?;
    let committed = std::fs::read_to_string(session.workspace.root.join("docs/openapi.json"))
        .context("docs/openapi.json: `cargo run -- openapi > docs/openapi.json` writes it")?;
    let generated = crate::process::Run::new(session.server()?).arg("openapi").answer()?;
    if let Some(line) = differing_line(&committed, &generated) {
        bail!(
            "docs/openapi.json:{line} differs from what `minbil-auth openapi` prints: \
             `cargo run -- openapi > docs/openapi.json`"
        );
    }
    Ok(Outcome::Passed("doc comments, docs/openapi.json".to_owned()))
}

/// The first line, counted from 1, in which two texts differ, the end of the text aside.
fn differing_line(one: &str, other: &str) -> Option<usize> {
    let (one, other) = (one.trim_end(), other.trim_end());
    if one == other {
        return None;
    }
    let same = one.lines().zip(other.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

fn nodes(session: &Session) -> Result<Outcome> {
    let (said, output) = postgres::nodes(&session.workspace, 1)?;
    session.evidence.borrow_mut().add_tests(ran_in(FROM_OUTSIDE, &output));
    Ok(Outcome::Passed(said))
}

fn kills(session: &Session) -> Result<Outcome> {
    let (said, output) = faults::kill(&session.workspace, KILLS)?;
    session.evidence.borrow_mut().add_tests(ran_in(FROM_OUTSIDE, &output));
    Ok(Outcome::Passed(said))
}

fn fuzz(session: &Session) -> Result<Outcome> {
    let Some(fuzz) = Fuzz::find(&session.workspace)? else {
        return Ok(Outcome::Skipped("there is no fuzz/Cargo.toml".to_owned()));
    };
    let inputs = fuzz.replay().context("a committed input makes its fuzz target fail")?;
    Ok(Outcome::Passed(format!("{inputs} inputs of {} targets", fuzz.targets().len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_at_a_line() {
        assert_eq!(differing_line("a\nb\n", "a\nb"), None);
        assert_eq!(differing_line("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(differing_line("a\n", "a\nb\n"), Some(2));
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }
}
