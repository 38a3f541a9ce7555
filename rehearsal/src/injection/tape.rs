//! What invocations did outside themselves, kept so that a later trial does the same without them.
//!
//! Two trials are alike up to the first fault that only one of them has. Up to there the second one does again what the first
//! one did: each call meets the world at the same instant with the same input, and each function answers at the same instant
//! what it answered. Only the code between, which is the same and sees the same, is left out.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::clock::VirtualClock;
use crate::world::Ms;

/// Something that the world feels.
pub(crate) type Act = Rc<dyn Fn()>;

/// One invocation, as it went.
pub(crate) struct Recorded {
    acts: Vec<(Ms, Act)>,
    ended: Ms,
    answer: Box<dyn Any>,
}

/// The invocations of one trial, in the order in which they began; nothing for one that never ended. It belongs to the theatre in
/// which it was recorded.
#[derive(Clone, Default)]
pub struct Tape(Vec<Option<Rc<Recorded>>>);

/// Plays a tape up to an instant, and records another.
#[derive(Default)]
pub(crate) struct Deck(RefCell<State>);

#[derive(Default)]
struct State {
    known: Tape,
    until: Ms,
    next: usize,
    recorded: Option<Tape>,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} invocations", self.0.len())
    }
}

impl Recorded {
    /// Does it again, each act at its instant.
    pub(crate) async fn again(&self, clock: &VirtualClock) {
        for (at, act) in &self.acts {
            wait(clock, *at).await;
            act();
        }
        wait(clock, self.ended).await;
    }
}

async fn wait(clock: &VirtualClock, at: Ms) {
    if clock.elapsed_ms() < at {
        clock.until_ms(at).await;
    }
}

impl Deck {
    /// A trial begins that is like that one until then, after so many of its invocations. It is recorded if another one is to be
    /// like it.
    pub(crate) fn begin(&self, known: Tape, until: Ms, next: usize, is_recorded: bool) {
        let recorded = is_recorded.then(|| Tape(known.0[..next].to_vec()));
        *self.0.borrow_mut() = State {
            known,
            until,
            next,
            recorded,
        };
    }

    /// How many invocations there were, if the trial is recorded.
    pub(crate) fn recorded(&self) -> Option<usize> {
        let state = self.0.borrow();
        state.recorded.is_some().then_some(state.next)
    }

    /// What was recorded since.
    pub(crate) fn end(&self) -> Tape {
        std::mem::take(&mut *self.0.borrow_mut())
            .recorded
            .unwrap_or_default()
    }

    /// The next invocation begins: its number, if anybody records, and how it goes, if that is known.
    pub(crate) fn next<T: Clone + 'static>(&self) -> (Option<usize>, Option<(Rc<Recorded>, T)>) {
        let mut state = self.0.borrow_mut();
        let (index, until) = (state.next, state.until);
        state.next += 1;
        // One that is under way at that instant may be the one that the fault strikes.
        let known = state.known.0.get(index).cloned().flatten();
        let known = known
            .filter(|known| known.ended < until)
            .and_then(|known| Some((Rc::clone(&known), known.answer.downcast_ref::<T>()?.clone())));
        let Some(recorded) = &mut state.recorded else {
            return (None, known);
        };
        recorded.0.push(known.as_ref().map(|(known, _)| Rc::clone(known)));
        (Some(index), known)
    }

    /// That invocation has ended.
    pub(crate) fn keep<T: Clone + 'static>(&self, index: usize, acts: Vec<(Ms, Act)>, ended: Ms, answer: &T) {
        if let Some(recorded) = &mut self.0.borrow_mut().recorded {
            recorded.0[index] = Some(Rc::new(Recorded {
                acts,
                ended,
                answer: Box::new(answer.clone()),
            }));
        }
    }
}
