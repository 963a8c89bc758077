//! Who does what, statement by statement. Between any two statements anybody else may come.

use crate::world::{Answer, GRACE, Rules, World};
use minbil_auth_domain::session::{RevokeReason, Session, Verdict};
use std::time::Duration;

/// A call that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// None.
    Idle,
    /// It is on its way with the token of this generation.
    Sent(u32),
    /// The conditional update hit nothing.
    Missed(u32, Box<SeenRow>),
    /// The answer is on its way.
    Answered(u32, Answer),
}

/// The row as it was when the update missed, for rules that judge by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenRow(pub(crate) Session);

impl std::hash::Hash for SeenRow {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.0.body, self.0.revoked, self.0.idle_deadline).hash(state);
    }
}

/// Who refreshes. Two tabs have one storage, a thief has a copy of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Caller {
    pub(crate) shares_storage: bool,
    pub(crate) own: u32,
    pub(crate) call: Call,
    /// How many calls are left, and how many answers may be lost.
    pub(crate) calls: u8,
    pub(crate) losses: u8,
}

/// Who ends sessions, or opens one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Third {
    Nobody,
    SignOut,
    Reset,
    Disable,
    /// A sign-in with the password of this epoch: the row was read, and is being hashed against.
    SignIn(Option<u32>),
    Done,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) storage: u32,
    pub(crate) callers: [Caller; 2],
    pub(crate) thirds: [Third; 2],
    /// What the clock may still do, in halves of the grace.
    pub(crate) halves: u8,
    /// Whether the end of the session was answered, and of the account's credential.
    pub(crate) is_ended: bool,
    pub(crate) is_credential_over: bool,
}

/// One statement, or one arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(usize),
    Update(usize),
    Judge(usize),
    Deliver(usize),
    Lose(usize),
    Third(usize),
    HalfAGrace,
}

impl State {
    /// Every step there is at this moment.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, caller) in self.callers.iter().enumerate() {
            match caller.call {
                Call::Idle if caller.calls > 0 => steps.push(Step::Send(at)),
                Call::Idle => {}
                Call::Sent(_) => steps.push(Step::Update(at)),
                Call::Missed(..) => steps.push(Step::Judge(at)),
                Call::Answered(..) => {
                    steps.push(Step::Deliver(at));
                    steps.extend((caller.losses > 0).then_some(Step::Lose(at)));
                }
            }
        }
        for (at, third) in self.thirds.iter().enumerate() {
            if !matches!(third, Third::Nobody | Third::Done) {
                steps.push(Step::Third(at));
            }
        }
        steps.extend((self.halves > 0).then_some(Step::HalfAGrace));
        steps
    }

    pub(crate) fn take(&mut self, step: Step, rules: &Rules) {
        match step {
            Step::Send(at) => {
                let storage = self.storage;
                let caller = &mut self.callers[at];
                caller.call = Call::Sent(if caller.shares_storage { storage } else { caller.own });
            }
            Step::Update(at) => {
                let Call::Sent(generation) = self.callers[at].call else { return };
                let seen = SeenRow(self.world.session());
                self.callers[at].call = match self.world.rotate(rules, generation) {
                    Some(answer) => Call::Answered(generation, answer),
                    None => Call::Missed(generation, Box::new(seen)),
                };
            }
            Step::Judge(at) => {
                let Call::Missed(generation, seen) = self.callers[at].call.clone() else { return };
                let answer = self.world.judge(rules, generation, &seen.0);
                self.callers[at].call = match answer {
                    // The row has become what the update asks for: it is asked again.
                    Answer::Refused(Verdict::Rotate) => Call::Sent(generation),
                    answer => Call::Answered(generation, answer),
                };
            }
            Step::Deliver(at) => self.deliver(at),
            Step::Lose(at) => {
                // The client sends again what it has.
                self.callers[at].losses -= 1;
                self.callers[at].call = Call::Idle;
            }
            Step::Third(at) => self.third(at, rules),
            Step::HalfAGrace => {
                self.halves -= 1;
                self.world.now = self.world.now.plus(GRACE / 2 + Duration::from_millis(1));
            }
        }
    }

    fn deliver(&mut self, at: usize) {
        let caller = &mut self.callers[at];
        caller.calls -= 1;
        if let Call::Answered(_, Answer::Granted(generation)) = caller.call {
            if caller.shares_storage {
                self.storage = generation;
            } else {
                caller.own = generation;
            }
        }
        caller.call = Call::Idle;
    }

    /// Each is one write, or two where something is read before.
    fn third(&mut self, at: usize, rules: &Rules) {
        let next = match self.thirds[at] {
            Third::SignOut => {
                self.world.end(RevokeReason::SignOut);
                self.is_ended = true;
                Third::Done
            }
            Third::Reset => {
                self.world.epoch += 1;
                (rules.reset)(&mut self.world);
                (self.is_ended, self.is_credential_over) = (true, true);
                Third::Done
            }
            Third::Disable => {
                self.world.epoch += 1;
                self.world.is_active = false;
                self.world.end_all(RevokeReason::AccountDisabled);
                (self.is_ended, self.is_credential_over) = (true, true);
                Third::Done
            }
            Third::SignIn(None) if self.world.is_active => Third::SignIn(Some(self.world.epoch)),
            Third::SignIn(Some(epoch)) => {
                // Only the password of the beginning is known to who signs in here.
                self.world.has_second_session = epoch == 0 && (rules.may_open)(epoch, &self.world);
                Third::Done
            }
            Third::SignIn(None) | Third::Nobody | Third::Done => Third::Done,
        };
        self.thirds[at] = next;
    }
}
