//! Random walks beside a reference model: the store must agree with `domain::session::classify` at every step.

use super::World;
use crate::SeededEntropy;
use crate::builders::{access, bearer, end, full, open, policy, redeem, refresh};
use app::ports::store::{AccountChange, EndSession, OpenSession, RefreshOutcome, RefreshSession};
use domain::account::{AccountStatus, User};
use domain::event::EventKind;
use domain::session::{Presented, RevokeReason, Session, SessionPolicy, Slot, Verdict, classify};
use domain::time::UnixMillis;
use std::collections::BTreeSet;
use std::time::Duration;

const WALKS: u64 = 12;
const STEPS: usize = 120;
/// Spans whose sums meet every boundary of [`tight`] exactly, and miss it by one.
const SPANS_MS: [u64; 8] = [0, 1, 999, 1000, 1001, 2000, 3999, 4000];

/// Windows so short that a walk crosses all of them.
fn tight() -> SessionPolicy {
    SessionPolicy {
        idle: Duration::from_secs(20),
        absolute: Duration::from_secs(120),
        grace: Duration::from_secs(4),
        bearer_chain: Duration::from_secs(10),
        ..policy()
    }
}

/// The model: a session and how many events it must have caused.
struct Model {
    session: Session,
    graces: usize,
    reuses: usize,
}

impl Model {
    /// What the contract says that presenting it does.
    fn apply(&mut self, presented: Presented, now: UnixMillis) -> Verdict {
        let verdict = classify(&self.session, presented, now, &tight());
        match verdict {
            Verdict::Rotate => {
                self.session = self.session.clone().rotated(presented.slot(), now, &tight());
            }
            Verdict::Regrant => self.graces += 1,
            Verdict::Reused => {
                self.session.revoked = Some((now, RevokeReason::RefreshReused));
                self.reuses += 1;
            }
            Verdict::Extend { .. }
            | Verdict::Superseded
            | Verdict::ReauthenticationRequired
            | Verdict::Ended(_)
            | Verdict::NeverIssued => {}
        }
        verdict
    }
}

/// A credential at or near the current generation of one slot.
fn credential(dice: &SeededEntropy, session: &Session, now: UnixMillis) -> Presented {
    let slot = dice.pick(&Slot::ALL);
    let current = session.chain(slot).generation;
    let generation = (current + 1).saturating_sub(dice.pick(&[0, 1, 1, 1, 1, 2, 2, 3, 4]));
    match dice.below(8) {
        0 => access(slot, generation),
        1 => bearer(slot, generation, now.plus(Duration::from_millis(dice.pick(&SPANS_MS)))),
        2 => bearer(slot, generation, session.absolute_deadline),
        _ => full(slot, generation),
    }
}

/// One walk over one session; one that has ended makes room for another after a while.
struct Walk<'a> {
    world: &'a World,
    user: User,
    seed: u64,
    dice: SeededEntropy,
    met: BTreeSet<String>,
}

impl Walk<'_> {
    async fn begin(&self) -> Model {
        let session = self.world.open(OpenSession { policy: tight(), ..open(&self.user) }).await;
        Model { session, graces: 0, reuses: 0 }
    }

    async fn move_the_clock(&self) {
        let span = Duration::from_millis(self.dice.pick(&SPANS_MS));
        match self.dice.below(16) {
            0 => self.world.turn_back(span).await,
            1..8 => self.world.advance(span).await,
            _ => {}
        }
    }

    /// In one of the ways in which sessions end: by itself, with the account, with the password.
    async fn end(&mut self, model: &mut Model, now: UnixMillis) {
        let (way, reason) = match self.dice.below(4) {
            0 => ("by disable", self.switch_off_and_on().await),
            1 => ("by reset", self.reset_password().await),
            _ => {
                let reason = self.dice.pick(&RevokeReason::ALL);
                self.world.store.end_session(EndSession { reason, ..end(&model.session) }).await.unwrap();
                ("by itself", reason)
            }
        };
        self.met.insert(way.to_owned());
        if model.session.ended(now).is_none() {
            model.session.revoked = Some((now, reason));
        }
    }

    async fn switch_off_and_on(&mut self) -> RevokeReason {
        for status in [AccountStatus::Disabled, AccountStatus::Active] {
            let changed = self.world.set_status(&self.user, status).await;
            self.changed(changed);
        }
        RevokeReason::AccountDisabled
    }

    async fn reset_password(&mut self) -> RevokeReason {
        let pending = self.world.mailed_reset(&name(self.seed)).await;
        let redeemed = self.world.store.redeem_reset(redeem(&self.user, &pending)).await.unwrap();
        self.changed(redeemed);
        RevokeReason::PasswordReset
    }

    /// The next session begins under the credential that is in force then.
    fn changed(&mut self, change: AccountChange) {
        match change {
            AccountChange::Done(user) => self.user = user,
            AccountChange::Refused => panic!("seed {}: refused", self.seed),
        }
    }

    async fn present(&mut self, model: &mut Model, now: UnixMillis, step: usize) {
        let presented = credential(&self.dice, &model.session, now);
        let call = RefreshSession { policy: tight(), ..refresh(&model.session, presented) };
        let outcome = self.world.store.refresh_session(call).await.unwrap();
        let verdict = model.apply(presented, now);
        let expected = RefreshOutcome { now, verdict, session: Some(model.session.clone()) };
        assert_eq!(outcome, expected, "seed {} step {step}: {presented:?}", self.seed);
        let name = format!("{verdict:?}");
        self.met.insert(name.split([' ', '(']).next().unwrap_or_default().to_owned());
    }

    async fn check_events(&self, model: &Model) {
        let mut events = self.world.events().await;
        events.retain(|event| event.session == Some(model.session.id));
        let count = |kind| events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(count(EventKind::RefreshGrace), model.graces, "seed {}", self.seed);
        assert_eq!(count(EventKind::RefreshReused), model.reuses, "seed {}", self.seed);
    }

    async fn run(&mut self) {
        let mut model = self.begin().await;
        for step in 0..STEPS {
            self.move_the_clock().await;
            let now = self.world.now().await;
            match self.dice.below(60) {
                0 => self.end(&mut model, now).await,
                1..15 if model.session.ended(now).is_some() => {
                    self.check_events(&model).await;
                    model = self.begin().await;
                }
                _ => self.present(&mut model, now, step).await,
            }
            let stored = self.world.session(&model.session).await;
            assert_eq!(stored, model.session, "seed {} step {step}", self.seed);
        }
        self.check_events(&model).await;
    }
}

fn name(seed: u64) -> String {
    format!("walker{seed}")
}

pub async fn the_store_agrees_with_the_rules_at_every_step_of_a_random_walk(world: &World) {
    let mut met = BTreeSet::new();
    for seed in 0..WALKS {
        let user = world.sign_up(&name(seed)).await;
        let mut walk = Walk { world, user, seed, dice: SeededEntropy::of(seed), met: BTreeSet::new() };
        walk.run().await;
        met.append(&mut walk.met);
    }
    assert_eq!(
        met.len(),
        8 + 3,
        "a walk that does not meet every verdict and every end proves little: {met:?}"
    );
}
