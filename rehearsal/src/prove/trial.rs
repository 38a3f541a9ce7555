//! One run with faults laid on it.

use std::sync::Arc;

use domain::system::System;

use crate::cloud::as_of;
use crate::injection::{CallFault, Fault, Injection, Injector, Noted, Passed};
use crate::lambda::Sabotage;
use crate::report;
use crate::scenario::Scenario;
use crate::stage::{
    Back, Checkpoint, Error, Left, Like, Machines, Played, Purpose, Recording, Theatre, Trial,
};
use crate::timeline::Entry;
use crate::world::Ms;
use crate::world::invariant::Violation;

/// What all trials of a subject have in common.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What strikes the system, who is there, and what it is.
    pub scenario: Scenario,
    /// The system.
    pub system: System,
    /// The seed.
    pub seed: u64,
    /// From when on a trial may be over.
    pub settles_after: Ms,
    /// How long after that it is over at the latest.
    pub patience: Ms,
    /// The state machines, where they are not the house's own.
    pub machines: Option<Arc<Machines>>,
    /// What answers in a step's place, where it is not the house's own.
    pub sabotage: Option<Sabotage>,
    /// See [`Trial::stops_at_everything`].
    pub stops_at_everything: bool,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The faults that were planned.
    pub injections: Vec<Injection>,
    /// Those that struck, and when. Fewer than planned where one kept the run from getting to the other.
    pub struck: Vec<(Ms, Injection)>,
    /// The places that were passed, and noted: see [`Follows`].
    pub passed: Vec<Passed>,
    /// What was broken.
    pub violations: Vec<Violation>,
    /// When it was over.
    pub ended: Ms,
}

/// What comes after a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Trials that are like it and have one fault more: it is recorded, and all the places that it passes are noted.
    More,
    /// Whoever asks which places it passed.
    Questions,
    /// Nothing. The states that it entered are noted.
    Nothing,
}

/// Where a subject is tried again and again.
pub struct Bench<'a> {
    theatre: Theatre<'a>,
    injector: Arc<Injector>,
}

/// A trial that was made at a bench, for others that are like it up to a fault.
#[derive(Clone, Debug)]
pub struct Known {
    /// What came of it.
    pub tried: Tried,
    recording: Recording,
}

impl<'a> Bench<'a> {
    /// A bench for a subject.
    ///
    /// # Errors
    /// When a play cannot begin.
    pub fn new(setting: &'a Setting) -> Result<Self, Error> {
        let injector = Arc::<Injector>::default();
        let trial = Trial {
            injector: Arc::clone(&injector),
            settles_after: setting.settles_after,
            ends_by: setting.settles_after + setting.patience,
            machines: setting.machines.clone(),
            sabotage: setting.sabotage,
            stops_at_everything: setting.stops_at_everything,
        };
        let theatre = Theatre::new(&setting.scenario, &setting.system, setting.seed, Some(trial))?;
        Ok(Self { theatre, injector })
    }

    /// Tries these faults.
    pub fn attempt(&self, injections: &[Injection]) -> Known {
        self.injector.begin(injections.to_vec());
        let Played { left, recording, .. } = self.theatre.play_like(Like {
            known: &Recording::default(),
            from: None,
            until: 0,
            purpose: Purpose::Recording,
        });
        let tried = self.judged(left, injections);
        Known { tried, recording }
    }

    /// Tries one fault more than another trial had. Up to that one both are alike.
    pub fn one_more(&self, known: &Known, injection: &Injection, follows: Follows) -> Known {
        let passed = &known.tried.passed;
        let nth = passed.iter().position(|passed| passed.place == injection.place);
        let until = nth.map_or(0, |nth| passed[nth].at);
        let mut injections = known.tried.injections.clone();
        injections.push(injection.clone());
        // What never struck has no instant; it strikes here neither.
        let mut planned = known.tried.struck.clone();
        planned.push((until, injection.clone()));
        let from = nth.and_then(|nth| {
            let recording = &known.recording;
            recording.last(|then| then.places <= nth && !is_too_late(then, &planned[then.struck..]))
        });
        let (places, struck) = from.map_or((0, 0), |from| (from.places, from.struck));
        let noted = match follows {
            Follows::More | Follows::Questions => Noted::All,
            Follows::Nothing => Noted::Entries,
        };
        self.injector
            .begin_with(planned, noted, &passed[..places], struck);
        let purpose = match follows {
            Follows::More => Purpose::Recording,
            // What a fault may excuse is judged with it.
            Follows::Questions | Follows::Nothing if !known.tried.violations.is_empty() => Purpose::End,
            Follows::Questions | Follows::Nothing => Purpose::Difference,
        };
        let Played {
            left,
            recording,
            back,
        } = self.theatre.play_like(Like {
            known: &known.recording,
            from,
            until,
            purpose,
        });
        let tried = match back {
            Some(back) => self.the_same(&known.tried, back, &injections),
            None => self.judged(left, &injections),
        };
        Known { tried, recording }
    }

    /// What came of a play that came back to another one.
    fn the_same(&self, known: &Tried, back: Back, injections: &[Injection]) -> Tried {
        self.injector.would_pass(back.noted, &known.passed[back.places..]);
        Tried {
            injections: injections.to_vec(),
            struck: self.injector.struck(),
            passed: self.injector.take_passed(),
            violations: known.violations.clone(),
            ended: known.ended,
        }
    }

    /// What came of a play.
    fn judged(&self, mut left: Left, injections: &[Injection]) -> Tried {
        let ended = left.world.now;
        report::judge(&mut left);
        Tried {
            injections: injections.to_vec(),
            struck: self.injector.struck(),
            passed: self.injector.take_passed(),
            violations: left.world.ledger.violations,
            ended,
        }
    }
}

/// Whether one of the faults to come, each at its instant, asks for the world of an instant before that checkpoint.
fn is_too_late(then: &Checkpoint, to_come: &[(Ms, Injection)]) -> bool {
    let mut stale = to_come
        .iter()
        .filter(|(_, injection)| injection.fault == Fault::Call(CallFault::Stale));
    stale.any(|(at, _)| as_of(*at) < then.at())
}

/// Plays a subject with these faults, once. `line` gets the timeline as it happens.
///
/// # Errors
/// When it cannot begin.
pub fn attempt(
    setting: &Setting,
    injections: &[Injection],
    line: &mut dyn FnMut(&Entry),
) -> Result<Tried, Error> {
    let bench = Bench::new(setting)?;
    bench.injector.begin(injections.to_vec());
    let left = bench.theatre.play(Vec::new(), None, line);
    Ok(bench.judged(left, injections))
}
