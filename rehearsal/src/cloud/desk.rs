//! Where calls meet the world: one at a time, at the world's present instant.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_mocks::MockResponse;
use domain::names::{Recovery, Region};
use tokio::sync::Notify;

use super::late::{Past, Postponed};
use super::refusal::Refusal;
use super::wire::{Fate, nothing};
use crate::clock::VirtualClock;
use crate::dynamodb::Tables;
use crate::injection::{
    self, CallFault, Context, EntryFault, EventFault, Fault, Injector, InvocationFault, PATIENT, Spot, What,
    Within,
};
use crate::world::lease::WriteLease;
use crate::world::region::{Plane, Reach};
use crate::world::{Ms, World};

/// From where to where calls go. Each operation adds what has to work for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The Region of whoever calls.
    pub from: Region,
    /// The Region whose endpoint is called.
    pub to: Region,
}

impl Route {
    /// Inside one Region.
    pub fn within(region: &Region) -> Self {
        Self {
            from: region.clone(),
            to: region.clone(),
        }
    }

    /// Whether it leads to another Region.
    pub fn is_far(&self) -> bool {
        self.from != self.to
    }
}

/// A shared way to the world. Clones lead to the same one.
#[derive(Clone, Debug)]
pub struct Desk {
    world: Arc<Mutex<World>>,
    clock: VirtualClock,
    fate: Arc<Mutex<Option<Fate>>>,
    changed: Arc<Notify>,
    /// Until when whoever lets time pass waits, where only what may be felt concerns them; [`EVERYTHING`] where all does.
    awaited: Arc<AtomicU64>,
    injector: Option<Arc<Injector>>,
    stops_at_everything: bool,
    stroke: Arc<Mutex<Option<CallFault>>>,
    postponed: Postponed,
    past: Past,
}

/// Every change of the world concerns whoever lets time pass.
const EVERYTHING: Ms = Ms::MAX;

/// The world, in somebody's hands. Whoever lets time pass hears of it when they are done, if it concerns them.
pub struct Touched<'a> {
    world: MutexGuard<'a, World>,
    told: Option<&'a Desk>,
}

impl Deref for Touched<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Touched<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for Touched<'_> {
    fn drop(&mut self) {
        if let Some(desk) = self.told
            && desk.concerns(&self.world)
        {
            desk.changed.notify_one();
        }
    }
}

/// What an operation comes to.
enum Answer<O, E> {
    /// The rule says it.
    Response(MockResponse<O, E>),
    /// The wire says it.
    Wire(Fate),
}

impl Desk {
    /// A desk in front of a world.
    pub fn new(world: World, clock: VirtualClock) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            clock,
            fate: Arc::default(),
            changed: Arc::default(),
            awaited: Arc::new(AtomicU64::new(EVERYTHING)),
            injector: None,
            stops_at_everything: true,
            stroke: Arc::default(),
            postponed: Postponed::default(),
            past: Past::default(),
        }
    }

    /// The same desk with somebody at it who lays faults on calls, and where time stops only at what may be felt, or at
    /// everything. To be said before clients are made.
    #[must_use]
    pub fn with_injector(mut self, injector: Arc<Injector>, stops_at_everything: bool) -> Self {
        self.injector = Some(injector);
        self.stops_at_everything = stops_at_everything;
        self
    }

    /// A play begins, in the world that is there or in another one: everything is as it was at first, but for the world, its time,
    /// and the faults that are laid.
    pub(crate) fn begin(&self, other: Option<World>) {
        let now = {
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = other {
                *world = other;
            }
            world.now
        };
        self.clock.set(now);
        self.postponed.clear();
        let wanted = self.injector.as_ref().map(|injector| injector.wanted());
        self.past.begin(wanted.unwrap_or_default());
        self.take_fate();
        self.take_stroke();
        self.awaited.store(EVERYTHING, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// A play is over: the world as it was left, with the next one's in its place.
    pub(crate) fn end(&self, next: World) -> World {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(self.clock.elapsed_ms());
        std::mem::replace(&mut world, next)
    }

    /// The world, if nothing but itself is under way in it: no call that takes effect later, and nothing that has to reach anybody.
    pub(crate) fn at_rest(&self) -> Option<World> {
        let world = self.now();
        (self.postponed.next().is_none() && !world.has_news()).then(|| world.clone())
    }

    /// Whether that is the world, and nothing but itself is under way in it.
    pub(crate) fn rests_in(&self, other: &World) -> bool {
        let world = self.now();
        self.postponed.next().is_none() && *world == *other
    }

    /// Whoever lets time pass looks up.
    pub(crate) fn look_up(&self) {
        self.changed.notify_one();
    }

    /// The clock.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// The world as it is now, to be changed. Whoever lets time pass looks at it again afterwards, if it concerns them.
    pub fn world(&self) -> Touched<'_> {
        Touched {
            world: self.now(),
            told: Some(self),
        }
    }

    /// The world as it is now, for whoever lets time pass.
    pub fn look(&self) -> Touched<'_> {
        Touched {
            world: self.now(),
            told: None,
        }
    }

    fn now(&self) -> MutexGuard<'_, World> {
        // Every change is carried out whole before the next begins, so what a poisoned mutex holds is whole.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.elapsed_ms();
        let advance = |world: &mut World, to: Ms| self.past.advance(world, to);
        self.postponed.take_effect(&mut world, now, advance);
        advance(&mut world, now);
        world
    }

    /// When something happens next in the world that whoever lets time pass has to be there for. In a trial that is only what may
    /// be felt outside: the rest happens when somebody looks, each thing at its own time.
    pub(crate) fn next_change(&self, world: &World) -> Option<Ms> {
        let next = if self.stops_at_everything {
            world.next_change()
        } else {
            world.next_felt()
        };
        next.into_iter().chain(self.postponed.next()).min()
    }

    /// Whoever lets time pass waits until then.
    pub(crate) fn awaits(&self, until: Ms) {
        let awaited = if self.stops_at_everything {
            EVERYTHING
        } else {
            until
        };
        self.awaited.store(awaited, Ordering::Relaxed);
    }

    fn concerns(&self, world: &World) -> bool {
        let awaited = self.awaited.load(Ordering::Relaxed);
        awaited == EVERYTHING
            || world.has_news()
            || self.next_change(world).is_some_and(|next| next < awaited)
    }

    /// When the next call takes effect that is late.
    pub(crate) fn next_postponed(&self) -> Option<Ms> {
        self.postponed.next()
    }

    /// The world some seconds ago, if it was remembered.
    fn earlier(&self) -> Option<World> {
        self.past.earlier(self.clock.elapsed_ms())
    }

    /// A call goes out. What goes wrong with it, if something is to: for those that no SDK client makes.
    pub(super) fn pass(&self, operation: impl Into<Arc<str>>, to: &Region) -> Option<CallFault> {
        let within = injection::within().filter(|_| self.is_watched())?;
        let (operation, to) = (operation.into(), to.clone());
        match self.passed(&within, What::Call { operation, to })? {
            Fault::Call(fault) => Some(fault),
            Fault::Invocation(_) | Fault::Entry(_) | Fault::Event(_) => None,
        }
    }

    /// A function is invoked. What goes wrong with that, if something is to.
    pub(crate) fn invoked(&self, context: &Context) -> Option<InvocationFault> {
        match self.passed(&context.within, What::Invocation)? {
            Fault::Invocation(fault) => Some(fault),
            Fault::Call(_) | Fault::Entry(_) | Fault::Event(_) => None,
        }
    }

    /// A state is entered. What goes wrong then, if something is to.
    pub(crate) fn entered(&self, machine: Recovery, state: &Arc<str>) -> Option<EntryFault> {
        let state = Arc::clone(state);
        match self.passed(&Within::State { machine, state }, What::Entry)? {
            Fault::Entry(fault) => Some(fault),
            Fault::Call(_) | Fault::Invocation(_) | Fault::Event(_) => None,
        }
    }

    /// An event is on its way. What goes wrong with it, if something is to.
    pub(crate) fn sent(&self, region: &Region, kind: &str) -> Option<EventFault> {
        let kind = kind.into();
        match self.passed(&Within::Bus(region.clone()), What::Event { kind })? {
            Fault::Event(fault) => Some(fault),
            Fault::Call(_) | Fault::Invocation(_) | Fault::Entry(_) => None,
        }
    }

    /// A spot is passed now. The fault that is laid there, if one is.
    fn passed(&self, within: &Within, what: What) -> Option<Fault> {
        let injector = self.injector.as_ref()?;
        let within = within.clone();
        injector.pass(Spot { within, what }, self.clock.elapsed_ms())
    }

    /// The same for the call that a rule is about to be asked about.
    pub(super) fn announce(&self, operation: &Arc<str>, to: &Region) {
        self.announced(operation, to);
        self.keep(|desk| {
            let (operation, to) = (Arc::clone(operation), to.clone());
            move || desk.announced(&operation, &to)
        });
    }

    fn announced(&self, operation: &Arc<str>, to: &Region) {
        let fault = self.pass(Arc::clone(operation), to);
        *self.stroke.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// How to do again what was just done, for whoever records the invocation that did it.
    pub(super) fn keep<A: Fn() + 'static>(&self, again: impl FnOnce(Self) -> A) {
        injection::keep(|| self.clock.elapsed_ms(), || again(self.clone()));
    }

    /// Whether anybody wants to know of calls.
    pub(super) const fn is_watched(&self) -> bool {
        self.injector.is_some()
    }

    fn take_stroke(&self) -> Option<CallFault> {
        self.stroke.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns when somebody has been at the desk.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What a rule decided about the call that is being made; nothing if no rule knows it.
    pub(super) fn take_fate(&self) -> Option<Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn decide(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = Some(fate);
    }

    /// What a rule computes for an operation of the control plane: one that describes or changes how things are set up.
    pub(super) fn control<I: Clone + Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        operation: impl Fn(&mut World, &Region, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.answer(route, Plane::Control, move |world, route, input| {
            operation(world, &route.to, input)
        })
    }

    /// What a rule computes for an operation of the data plane: one that does the service's daily work.
    pub(super) fn data<I: Clone + Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        operation: impl Fn(&mut World, &Region, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.answer(route, Plane::Data, move |world, route, input| {
            operation(world, &route.to, input)
        })
    }

    /// The same for an operation whose input has to be copied by hand, because it is a stream.
    pub(super) fn stream<I: Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        copy: fn(&I) -> I,
        operation: impl Fn(&mut World, &Region, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.rule(
            Self::world,
            route,
            Plane::Data,
            copy,
            move |world, route, input| on_the_world(world, |world| operation(world, &route.to, input)),
        )
    }

    /// What a rule computes: an operation on the world in the Region that is called, if the call gets there.
    pub(super) fn answer<I: Clone + Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        plane: Plane,
        operation: impl Fn(&mut World, &Route, &I) -> Result<O, Refusal> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.rule(Self::world, route, plane, I::clone, move |world, route, input| {
            on_the_world(world, |world| operation(world, route, input))
        })
    }

    /// What a rule computes for an operation of the data plane that changes nothing in the world, such as one on a
    /// table. It has the SDK's own errors.
    pub(super) fn aside<I: Clone + Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        operation: impl Fn(&I) -> Result<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.rule(Self::look, route, Plane::Data, I::clone, move |_, _, input| {
            Answer::Response(match operation(input) {
                Ok(output) => MockResponse::Output(output),
                Err(error) => MockResponse::Error(error),
            })
        })
    }

    /// What a rule computes for an operation on the write lease's table, a global table with multi-Region strong
    /// consistency: it works where the Region agrees with another, and nobody is answered where it does not. It has the
    /// SDK's own errors.
    pub(super) fn global_item<I: Clone + Send + 'static, O: 'static, E: 'static>(
        &self,
        route: &Route,
        operation: impl Fn(&mut Tables, &I) -> Result<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        self.rule(
            Self::world,
            route,
            Plane::Data,
            I::clone,
            move |world, route, input| {
                if !world.regions.agrees_with_another(&route.to) {
                    return Answer::Wire(Fate::Silent);
                }
                let mut none = Tables::new();
                let tables = world.write_lease.as_mut().map_or(&mut none, WriteLease::tables);
                Answer::Response(match operation(tables, input) {
                    Ok(output) => MockResponse::Output(output),
                    Err(error) => MockResponse::Error(error),
                })
            },
        )
    }

    /// A rule: what becomes of a call, and how the same call is made again without its client. `at` is [`Self::world`] for an
    /// operation that may change the world, [`Self::look`] for others.
    fn rule<I: Send + 'static, O: 'static, E: 'static>(
        &self,
        at: fn(&Self) -> Touched<'_>,
        route: &Route,
        plane: Plane,
        copy: fn(&I) -> I,
        operation: impl Fn(&mut World, &Route, &I) -> Answer<O, E> + Send + Sync + 'static,
    ) -> impl Fn(&I) -> MockResponse<O, E> + Send + Sync + 'static {
        let rule = Arc::new(Rule {
            desk: self.clone(),
            at,
            route: route.clone(),
            plane,
            copy,
            operation,
        });
        move |input| {
            let answer = rule.answer(input);
            rule.desk.keep(|desk| {
                let (rule, input) = (Arc::clone(&rule), copy(input));
                move || {
                    drop(rule.answer(&input));
                    desk.take_fate();
                }
            });
            answer
        }
    }

    fn answered<O, E>(&self, answer: Answer<O, E>) -> MockResponse<O, E> {
        match answer {
            Answer::Response(response) => {
                self.decide(match response {
                    MockResponse::Error(_) => Fate::AnsweredWithError,
                    MockResponse::Output(_) | MockResponse::Http(_) => Fate::Answered,
                });
                response
            }
            Answer::Wire(fate) => self.unanswered(fate),
        }
    }

    /// The rule has nothing to say; the wire says it.
    fn unanswered<O, E>(&self, fate: Fate) -> MockResponse<O, E> {
        self.decide(fate);
        MockResponse::Http(nothing())
    }
}

/// What answers an operation.
struct Rule<I, F> {
    desk: Desk,
    at: fn(&Desk) -> Touched<'_>,
    route: Route,
    plane: Plane,
    copy: fn(&I) -> I,
    operation: F,
}

impl<I, O, E, F> Rule<I, F>
where
    I: Send + 'static,
    F: Fn(&mut World, &Route, &I) -> Answer<O, E> + Send + Sync + 'static,
{
    /// What becomes of a call: whether it gets there, what the operation answers, and what a fault that was laid on it makes of
    /// that.
    fn answer(self: &Arc<Self>, input: &I) -> MockResponse<O, E> {
        let Self {
            desk,
            route,
            operation,
            ..
        } = self.as_ref();
        let stroke = desk.take_stroke();
        let mut world = (self.at)(desk);
        if let Some(fate) = missed(&world, route, self.plane) {
            return desk.unanswered(fate);
        }
        let fate = match stroke {
            None => return desk.answered(operation(&mut world, route, input)),
            Some(CallFault::Twice) => {
                let answer = operation(&mut world, route, input);
                drop(operation(&mut world, route, input));
                return desk.answered(answer);
            }
            Some(CallFault::Stale) => {
                let mut then = desk.earlier().unwrap_or_else(|| world.clone());
                return desk.answered(operation(&mut then, route, input));
            }
            Some(CallFault::Refused) => Fate::Refused(Refusal::denied()),
            Some(CallFault::Throttled) => Fate::Refused(Refusal::throttled()),
            Some(CallFault::Unanswered) => Fate::Lost,
            Some(CallFault::AnswerLost) => {
                drop(operation(&mut world, route, input));
                Fate::Lost
            }
            Some(CallFault::Crash) => {
                drop(operation(&mut world, route, input));
                injection::crash();
                Fate::Lost
            }
            Some(CallFault::Late) => {
                let (rule, input) = (Arc::clone(self), (self.copy)(input));
                // Whoever lets time pass has to know when.
                desk.changed.notify_one();
                desk.postponed.put(world.now + PATIENT.as_millis(), move |world| {
                    if missed(world, &rule.route, rule.plane).is_none() {
                        drop((rule.operation)(world, &rule.route, &input));
                    }
                });
                Fate::Lost
            }
        };
        desk.unanswered(fate)
    }
}

/// What an operation on the world comes to. The world is checked after it.
fn on_the_world<O, E>(
    world: &mut World,
    operation: impl FnOnce(&mut World) -> Result<O, Refusal>,
) -> Answer<O, E> {
    let answer = operation(world);
    world.check();
    match answer {
        Ok(output) => Answer::Response(MockResponse::Output(output)),
        Err(refusal) => Answer::Wire(Fate::Refused(refusal)),
    }
}

/// What becomes of a call that does not get there. Nothing takes effect.
fn missed(world: &World, route: &Route, plane: Plane) -> Option<Fate> {
    match world.regions.reach(&route.from, &route.to, plane) {
        Reach::Yes => None,
        Reach::Refused => Some(Fate::Refused(Refusal::unavailable())),
        Reach::Silent => Some(Fate::Silent),
    }
}
