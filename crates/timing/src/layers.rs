//! Layers 1 to 3 of the protocol, each with the leaks on purpose that it has to see.

use crate::addresses::Class;
use crate::pairs::{Look, Pairs, Question, differences, pool};
use crate::probe::Call;
use crate::random::Random;
use crate::report::{self, Row};
use crate::served::{Profile, Server, Setting};
use crate::statistics::{Interval, auc, median_interval, quantile};
use crate::verdict::{self, Verdict};
use anyhow::Context as _;
use std::path::PathBuf;
use testkit::sabotage::Sabotage;

/// How often what is inconclusive is measured again, each time with twice as many pairs. A leak is never measured again.
const AGAIN_MAX: usize = 2;
/// What a layer with nothing in it is called.
const HONEST: &str = "none";
/// Microseconds that a difference may be in the sensitive profile. Hashing lies over sign-in and not over
/// forgot-password, so the bound of that one is narrower.
const SIGN_IN_BOUND: f64 = 25.0;
/// See `SIGN_IN_BOUND`.
const FORGOT_PASSWORD_BOUND: f64 = 10.0;
/// Microseconds for what the next request may feel.
const ECHO_BOUND: f64 = 50.0;

/// A row of a user is written in either case, but not at the same place of the file.
const SIGN_UP_BOUND: f64 = 25.0;
const QUESTIONS: [Question; 6] = [
    Question { call: Call::SignIn, class: Class::Known },
    Question { call: Call::SignIn, class: Class::Disabled },
    Question { call: Call::ForgotPassword, class: Class::Known },
    Question { call: Call::ForgotPassword, class: Class::Disabled },
    Question { call: Call::SignUp, class: Class::Known },
    Question { call: Call::SignUp, class: Class::Disabled },
];

/// What all measurements share.
pub(crate) struct Bench {
    /// Pairs of a comparison.
    pub(crate) pairs: usize,
    /// Where the figures are kept.
    pub(crate) out: PathBuf,
    /// The program that ships.
    pub(crate) shipped: Option<PathBuf>,
    /// Chance.
    pub(crate) random: Random,
}

/// A measurement to be taken: which server, what of it.
#[derive(Clone, Copy)]
struct Measure {
    layer: u8,
    question: Question,
    sabotage: &'static str,
    profile: Profile,
    look: Look,
    is_shipped: bool,
}

impl Bench {
    /// The server's time on the processor, with a hash that costs next to nothing.
    pub(crate) fn layer1(&mut self) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for question in QUESTIONS {
            let mut honest = self.honest(question, self.pairs)?;
            let mut sabotaged = Vec::new();
            for sabotage in Sabotage::ALL.into_iter().filter(|sabotage| is_asked(*sabotage, question)) {
                sabotaged.push(self.sabotaged(question, sabotage, &mut honest)?);
            }
            rows.push(honest.0);
            rows.extend(sabotaged);
        }
        Ok(rows)
    }

    fn honest(&mut self, question: Question, pairs: usize) -> anyhow::Result<(Row, Figures)> {
        let bound = bound(question.call);
        self.settle(processor(question, HONEST), pairs, |found| Found {
            verdict: verdict::of_difference(found.more, bound),
            figures: found.text.clone(),
            bound: format!("±{bound} µs"),
        })
    }

    /// A leak is looked for in what it adds to the honest server, which is measured again as closely as the leak is.
    fn sabotaged(
        &mut self,
        question: Question,
        sabotage: Sabotage,
        honest: &mut (Row, Figures),
    ) -> anyhow::Result<Row> {
        let mut pairs = self.pairs;
        for again in 0.. {
            if honest.0.verdict == Verdict::Equal && honest.0.pairs < pairs {
                *honest = self.honest(question, pairs)?;
            }
            let measure = processor(question, sabotage.name());
            let compared = honest.1.more;
            let (row, _) = self.once(measure, pairs, |found| Found {
                verdict: verdict::of_sabotage(found.more, compared),
                figures: found.text.clone(),
                bound: format!("clear of {:+.1} µs", compared.at),
            })?;
            if !row.verdict.is_open() || again == AGAIN_MAX {
                return Ok(row);
            }
            pairs *= 2;
        }
        unreachable!("the loop returns")
    }

    /// The time of the answer, with the hash as it ships.
    pub(crate) fn layer2(&mut self) -> anyhow::Result<Vec<Row>> {
        let measure = |question, sabotage, is_shipped| Measure {
            layer: 2,
            question,
            sabotage,
            profile: Profile::Production,
            look: Look::Wall,
            is_shipped,
        };
        let mut rows = Vec::new();
        let (low, high) = verdict::AREA;
        for question in QUESTIONS {
            let (row, _) = self.settle(measure(question, HONEST, true), self.pairs, |found| Found {
                verdict: verdict::of_answers(found.area, found.wall, found.whole),
                figures: format!("{}; {}", report::area(found.area), report::micros(found.wall)),
                bound: format!("area {low} to {high}; 0 or 2 % of {:.1} ms", found.whole / 1000.0),
            })?;
            rows.push(row);
        }
        for sabotage in [Sabotage::SkipDummy, Sabotage::DummyT1] {
            let (row, _) =
                self.settle(measure(QUESTIONS[0], sabotage.name(), false), self.pairs / 3, |found| Found {
                    verdict: if found.area.low > high { Verdict::Seen } else { Verdict::Unseen },
                    figures: format!("{}; {}", report::area(found.area), report::micros(found.wall)),
                    bound: format!("area above {high}"),
                })?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// What the next request feels, of whoever it is.
    pub(crate) fn layer3(&mut self) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for question in [QUESTIONS[0], QUESTIONS[2], QUESTIONS[4]] {
            let measure = Measure {
                layer: 3,
                question,
                sabotage: HONEST,
                profile: Profile::Sensitive,
                look: Look::Echo,
                is_shipped: true,
            };
            let (row, _) = self.settle(measure, self.pairs, |found| {
                let is_small = verdict::of_difference(found.more, ECHO_BOUND) == Verdict::Equal;
                let bound = format!("±{ECHO_BOUND} µs: {}", if is_small { "inside" } else { "not shown" });
                Found { verdict: Verdict::Reported, figures: report::micros(found.more), bound }
            })?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// Measures until it is settled, or as often as is allowed.
    fn settle(
        &mut self,
        measure: Measure,
        mut pairs: usize,
        judge: impl Fn(&Figures) -> Found,
    ) -> anyhow::Result<(Row, Figures)> {
        for again in 0.. {
            let settled = self.once(measure, pairs, &judge)?;
            if !settled.0.verdict.is_open() || again == AGAIN_MAX {
                return Ok(settled);
            }
            pairs *= 2;
        }
        unreachable!("the loop returns")
    }

    fn once(
        &mut self,
        measure: Measure,
        pairs: usize,
        judge: impl Fn(&Figures) -> Found,
    ) -> anyhow::Result<(Row, Figures)> {
        let figures = self.measure(measure, pairs)?;
        let Found { verdict, figures: text, bound } = judge(&figures);
        let Measure { layer, question, sabotage, .. } = measure;
        let row = Row { layer, question, sabotage, pairs, figures: text, bound, verdict };
        crate::say(&row.line());
        Ok((row, figures))
    }

    fn measure(&mut self, measure: Measure, pairs: usize) -> anyhow::Result<Figures> {
        let Measure { layer, question, sabotage, profile, look, is_shipped } = measure;
        let pool = pool(pairs);
        let seed = self.random.next();
        let server = if is_shipped {
            let binary = self.shipped.as_ref().context("layers 2 and 3 need --server FILE")?;
            Server::shipped(binary, Setting { profile, call: question.call }, seed, pool)?
        } else {
            Server::joined(Setting { profile, call: question.call }, seed, pool, sabotage)?
        };
        let taken = Pairs::take(&server, question, look, pairs, &mut self.random)?;
        let (call, class) = (question.call.name(), question.class.name());
        taken.keep(&self.out.join(format!("layer{layer}-{call}-{class}-{sabotage}.csv")))?;
        Ok(Figures::of(&taken, &mut self.random))
    }
}

/// What a comparison is judged as.
struct Found {
    verdict: Verdict,
    figures: String,
    bound: String,
}

/// The figures of a run.
struct Figures {
    /// Difference of the times of the answers.
    wall: Interval,
    /// Difference of what was looked at besides.
    more: Interval,
    /// Area under the curve of the times of the answers.
    area: Interval,
    /// The time of an answer for nobody.
    whole: f64,
    text: String,
}

impl Figures {
    fn of(taken: &Pairs, random: &mut Random) -> Self {
        let (walls, mores) = (taken.walls(), taken.more());
        let more = median_interval(&differences(&mores), random);
        // The quietest tenth of either side, as a cross-check that noise has not hidden anything.
        let quiet = quantile(&mores.0, 0.1) - quantile(&mores.1, 0.1);
        Self {
            wall: median_interval(&differences(&walls), random),
            area: auc(&walls.0, &walls.1),
            whole: quantile(&walls.1, 0.5),
            text: format!(
                "{}, of {:.0}; quietest tenth {quiet:+.1} µs",
                report::micros(more),
                quantile(&mores.1, 0.5)
            ),
            more,
        }
    }
}

/// Layer 1.
const fn processor(question: Question, sabotage: &'static str) -> Measure {
    Measure {
        layer: 1,
        question,
        sabotage,
        profile: Profile::Sensitive,
        look: Look::Processor,
        is_shipped: false,
    }
}

const fn bound(call: Call) -> f64 {
    match call {
        Call::SignIn => SIGN_IN_BOUND,
        Call::ForgotPassword => FORGOT_PASSWORD_BOUND,
        Call::SignUp => SIGN_UP_BOUND,
    }
}

/// The leaks are put before accounts that are open.
fn is_asked(sabotage: Sabotage, question: Question) -> bool {
    question.class == Class::Known && (question.call == Call::SignIn || sabotage.is_of_ordered_mail())
}
