//! Layer 0 of the timing protocol (docs/security/timing.md): what the server does for an address is the same, step
//! by step, whether or not the address has an account (ASVS 6.3.8, CWE-204, CWE-208).

use crate::harness::{Answer, OWNER, PASSWORD, Setup, Step, TestServer, Trace};
use app::operate_account::{NewPassword, add_account, verify_email};
use domain::account::AccountStatus;
use domain::email_address::EmailAddress;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use testkit::sabotage::Sabotage;

/// All addresses are of one length: a request is as long as its address.
const DISABLED: &str = "other@example.com";
const UNKNOWN: &str = "elsie@example.com";
const FROM_ELSEWHERE: &str = "older@example.com";
/// Signed up with [`PASSWORD`], and never opened the mail.
const WAITING: &str = "newer@example.com";
/// bcrypt of some password, cost 5.
const BCRYPT: &str = "$2b$05$OBZEPUfxdLMR7aaf0FGcZuK4ABIL2VtTsnsDpHSPJPzlkHMDHpVQC";
const MEMORY_KIB: u32 = 64;
/// How often each request is made: of this many, one is not interrupted.
const ROUNDS: usize = 40;
/// How much longer our own code between two steps may take for one class than for the other, in the quickest of all
/// rounds. Half of what `sleep_250us` does.
const PAUSE_MAX: Duration = Duration::from_micros(125);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    SignIn,
    /// With what a stranger would have signed up with.
    SignInAsSignedUp,
    ForgotPassword,
    ResendVerification,
    SignUp,
}

/// A server and the trace of what it does.
struct Traced {
    server: TestServer,
    trace: Trace,
    /// How many addresses have been used up that were free.
    used_up: AtomicUsize,
}

impl Traced {
    async fn start(sabotage: Option<Sabotage>) -> Self {
        Self::with_free(100, sabotage).await
    }

    /// `free`: how many failed sign-ins an account has before it is throttled.
    async fn with_free(free: u32, sabotage: Option<Sabotage>) -> Self {
        let trace = Trace::default();
        let watching = trace.clone();
        let setup = Setup::development()
            .real_hashing()
            .with("PASSWORDS__ARGON2_MEMORY_KIB", MEMORY_KIB)
            .with("PASSWORDS__ARGON2_ITERATIONS", 2)
            .with("LIMITS__FORGOT_PASSWORD_BURST", 1000)
            .with("LIMITS__ACCOUNT_FREE", free)
            .with("NAMESPACES__CO__EMAIL_VERIFICATION", "required")
            .change(move |service| {
                watching.watch(service);
                if let Some(sabotage) = sabotage {
                    sabotage.apply(service, MEMORY_KIB);
                }
            });
        let mut server = TestServer::with(setup).await;
        server.ignore_mail();
        server.sign_up(OWNER).await;
        server.sign_up(DISABLED).await;
        server.set_status(DISABLED, AccountStatus::Disabled).await;
        let namespace = server.service.namespaces[&server.user(OWNER).await.namespace].clone();
        let email = EmailAddress::parse(FROM_ELSEWHERE).unwrap();
        add_account(&server.service, &namespace, email, NewPassword::Hash(BCRYPT.to_owned())).await.unwrap();
        for email in [OWNER, FROM_ELSEWHERE] {
            verify_email(&server.service, &namespace, &server.user(email).await).await.unwrap();
        }
        server.sign_up(WAITING).await;
        Self { server, trace, used_up: AtomicUsize::new(0) }
    }

    async fn ask(&self, call: Call, email: &str) -> Answer {
        match call {
            Call::SignIn => {
                let body = json!({ "email": email, "password": "a wrong password" });
                self.server.post("sign-in").json(&body).await
            }
            Call::SignInAsSignedUp => self.server.try_sign_in(email, PASSWORD).await,
            Call::ForgotPassword => self.server.forgot(email).await,
            Call::ResendVerification => self.server.resend(email).await,
            Call::SignUp => {
                // Whoever signs up is known from then on.
                let fresh = format!("n{:04}@example.com", self.used_up.fetch_add(1, Ordering::Relaxed));
                let email = if email == UNKNOWN { &fresh } else { email };
                let body = json!({ "email": email, "password": "a password of one length" });
                self.server.post("sign-up").json(&body).await
            }
        }
    }

    async fn steps(&self, call: Call, email: &str) -> Vec<Step> {
        let before = self.server.writes();
        let mut steps = self.trace.of(self.ask(call, email)).await;
        steps.iter_mut().for_each(|step| step.what = without_uid(&step.what));
        let what = format!("{} writes were committed", self.server.writes() - before);
        steps.push(Step { what, pause: Duration::ZERO });
        steps
    }

    /// What one can tell two addresses apart by; nothing, if all is well.
    async fn differences(&self, call: Call, one: &str, other: &str) -> BTreeSet<String> {
        // The first of each fills caches.
        self.ask(call, one).await;
        self.ask(call, other).await;
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ones.push(self.steps(call, one).await);
            others.push(self.steps(call, other).await);
        }
        let (one, other) = (quickest(&ones), quickest(&others));
        let texts = |steps: &[Step]| steps.iter().map(|step| step.what.clone()).collect::<Vec<_>>();
        let (texts_of_one, texts_of_other) = (texts(&one), texts(&other));
        if texts_of_one != texts_of_other {
            let (a, b): (BTreeSet<_>, BTreeSet<_>) =
                (texts_of_one.into_iter().collect(), texts_of_other.into_iter().collect());
            let mut different: BTreeSet<_> = a.symmetric_difference(&b).cloned().collect();
            if different.is_empty() {
                different.insert("the same steps in another order or count".to_owned());
            }
            return different;
        }
        let pauses = one.iter().zip(&other).filter(|(a, b)| a.pause.abs_diff(b.pause) > PAUSE_MAX);
        pauses.map(|(a, b)| format!("before {}: {:?} and {:?}", a.what, a.pause, b.pause)).collect()
    }
}

/// A line without the id that a sign-up makes up.
fn without_uid(line: &str) -> String {
    let Some((before, rest)) = line.split_once("\"uid\":\"") else { return line.to_owned() };
    format!("{before}uid of {} bytes", rest.find('"').unwrap())
}

/// The steps, which are the same in every round, each with the shortest pause before it.
fn quickest(rounds: &[Vec<Step>]) -> Vec<Step> {
    let mut quickest = rounds[0].clone();
    for round in rounds {
        let texts = |steps: &[Step]| steps.iter().map(|step| step.what.clone()).collect::<Vec<_>>();
        assert_eq!(texts(round), texts(&quickest), "one request, made again, does the same");
        for (least, step) in quickest.iter_mut().zip(round) {
            least.pause = least.pause.min(step.pause);
        }
    }
    quickest
}

fn whats(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.what.as_str()).collect()
}

#[tokio::test]
async fn asvs_6_3_8_a_refused_sign_in_takes_the_same_steps_for_every_class_of_account() {
    let traced = Traced::start(None).await;
    for other in [UNKNOWN, DISABLED] {
        let differences = traced.differences(Call::SignIn, OWNER, other).await;
        assert!(differences.is_empty(), "{other}: {differences:#?}");
    }
}

#[tokio::test]
async fn asvs_6_3_8_an_account_that_waits_for_its_proof_takes_the_steps_of_none() {
    let traced = Traced::start(None).await;
    let differences = traced.differences(Call::SignIn, WAITING, UNKNOWN).await;
    assert!(differences.is_empty(), "{differences:#?}");
    let traced = Traced::start(None).await;
    // Whoever has just signed up learns nothing by signing in: a right password that must wait is like a wrong one.
    let differences = traced.differences(Call::SignInAsSignedUp, WAITING, UNKNOWN).await;
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn asvs_6_3_8_forgot_password_takes_the_same_steps_for_every_class_of_account() {
    let traced = Traced::start(None).await;
    for other in [UNKNOWN, DISABLED, FROM_ELSEWHERE] {
        let differences = traced.differences(Call::ForgotPassword, OWNER, other).await;
        assert!(differences.is_empty(), "{other}: {differences:#?}");
    }
}

#[tokio::test]
async fn asvs_6_3_8_resend_verification_takes_the_same_steps_for_every_class_of_account() {
    let traced = Traced::start(None).await;
    for other in [UNKNOWN, DISABLED, FROM_ELSEWHERE, WAITING] {
        let differences = traced.differences(Call::ResendVerification, OWNER, other).await;
        assert!(differences.is_empty(), "{other}: {differences:#?}");
    }
}

#[tokio::test]
async fn asvs_6_3_8_a_sign_up_in_secret_takes_the_same_steps_for_every_class_of_account() {
    let traced = Traced::start(None).await;
    for other in [OWNER, DISABLED, FROM_ELSEWHERE, WAITING] {
        let differences = traced.differences(Call::SignUp, other, UNKNOWN).await;
        assert!(differences.is_empty(), "{other}: {differences:#?}");
    }
}

#[tokio::test]
async fn asvs_6_3_8_a_throttled_sign_in_takes_the_same_steps_for_every_class_of_account() {
    let traced = Traced::with_free(1, None).await;
    for other in [UNKNOWN, DISABLED, FROM_ELSEWHERE] {
        let differences = traced.differences(Call::SignIn, OWNER, other).await;
        assert!(differences.is_empty(), "{other}: {differences:#?}");
        let steps = traced.steps(Call::SignIn, other).await;
        let steps = whats(&steps);
        assert!(steps.contains(&"429") && !steps.iter().any(|step| step.contains("find_")), "{steps:#?}");
    }
}

#[tokio::test]
async fn the_trace_holds_what_it_is_to_compare() {
    let traced = Traced::start(None).await;
    let steps = traced.steps(Call::SignIn, UNKNOWN).await;
    let steps = whats(&steps);
    for wanted in [
        "limiter.climb: SignInAccount -> Some(Accepted)",
        "hasher.admit -> a place",
        "store.find_credential",
        "hasher.verify -> replaces the hash: false",
        "store.record_refused_sign_in -> done",
        "1 writes were committed",
        "401",
    ] {
        assert!(steps.contains(&wanted), "{wanted}: {steps:#?}");
    }
    assert!(steps.iter().any(|step| step.starts_with("log INFO") && step.contains(": request ")));
    let steps = traced.steps(Call::ForgotPassword, UNKNOWN).await;
    let steps = whats(&steps);
    for wanted in [
        "macs.limiter_key: 17 bytes of address",
        "limiter.charge: ForgotPassword -> Some(Accepted)",
        "store.order_mail -> one row",
        "1 writes were committed",
        "200",
    ] {
        assert!(steps.contains(&wanted), "{wanted}: {steps:#?}");
    }
    assert!(!steps.iter().any(|step| step.contains("find_")), "nobody is looked up: {steps:#?}");
    let steps = traced.steps(Call::SignUp, UNKNOWN).await;
    let steps = whats(&steps);
    for wanted in [
        "limiter.charge: Verification -> Some(Accepted)",
        "hasher.hash -> a hash",
        "store.sign_up -> an outcome",
        "1 writes were committed",
        "201",
    ] {
        assert!(steps.contains(&wanted), "{wanted}: {steps:#?}");
    }
    assert!(steps.iter().any(|step| step.ends_with("uid of 36 bytes")), "{steps:#?}");
}

/// Rule 9 of the protocol, and where we stop: an account that came with a bcrypt hash is verified by bcrypt until its
/// owner signs in, and bcrypt takes another time than the decoy's Argon2id. Everything else is the same.
/// docs/security/timing.md says what that tells, and how an operator closes it.
#[tokio::test]
async fn a_hash_from_elsewhere_differs_in_its_hash_and_in_nothing_else() {
    let traced = Traced::start(None).await;
    let differences = traced.differences(Call::SignIn, UNKNOWN, FROM_ELSEWHERE).await;
    let is_declared = |line: &String| line.contains("bytes of hash");
    assert!(differences.iter().all(is_declared), "{differences:#?}");
    assert!(differences.iter().any(|line| line.contains("other parameters")), "{differences:#?}");
    // The owner's next sign-in makes it one like any other.
    traced.server.try_sign_in(FROM_ELSEWHERE, PASSWORD).await.ok();
    let differences = traced.differences(Call::SignIn, UNKNOWN, FROM_ELSEWHERE).await;
    assert!(differences.is_empty(), "{differences:#?}");
}

/// What each leak is to be noticed by.
const fn mark(sabotage: Sabotage) -> &'static str {
    match sabotage {
        Sabotage::SkipDummy => "hasher.verify -> ",
        Sabotage::DummyT1 => "other parameters",
        Sabotage::ExtraSelect => "store.find_credential_of",
        Sabotage::ExtraUpdate => "store.check",
        Sabotage::Sleep250us => "before ",
    }
}

#[tokio::test]
async fn every_sabotage_of_sign_in_leaves_a_trace() {
    for sabotage in Sabotage::ALL {
        let traced = Traced::start(Some(sabotage)).await;
        let differences = traced.differences(Call::SignIn, OWNER, UNKNOWN).await;
        let is_marked = differences.iter().any(|line| line.contains(mark(sabotage)));
        assert!(is_marked, "{sabotage:?} goes unnoticed: {differences:#?}");
    }
}

#[tokio::test]
async fn every_sabotage_of_an_ordered_mail_leaves_a_trace() {
    for call in [Call::ForgotPassword, Call::ResendVerification, Call::SignUp] {
        for sabotage in Sabotage::ALL.into_iter().filter(|sabotage| sabotage.is_of_ordered_mail()) {
            let traced = Traced::start(Some(sabotage)).await;
            let differences = traced.differences(call, OWNER, UNKNOWN).await;
            let is_marked = differences.iter().any(|line| line.contains(mark(sabotage)));
            assert!(is_marked, "{call:?} {sabotage:?} goes unnoticed: {differences:#?}");
        }
    }
}

#[test]
fn the_program_that_ships_has_no_leak_on_purpose() {
    let program = std::fs::read(crate::process::binary()).unwrap();
    let text = String::from_utf8_lossy(&program);
    assert!(text.contains("invalid_credentials"), "what is in the program is found");
    for sabotage in Sabotage::ALL {
        assert!(!text.contains(sabotage.name()), "{sabotage:?}");
    }
}
