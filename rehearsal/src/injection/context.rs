//! In whose work a call is made: known to the call without anybody handing it on.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::place::Within;
use super::tape::Act;
use crate::world::Ms;

tokio::task_local! {
    static CURRENT: Context;
}

/// The work that goes on: one invocation of a function, or one command.
#[derive(Clone)]
pub(crate) struct Context {
    /// Whose it is.
    pub(crate) within: Rc<Within>,
    crashed: Rc<Crash>,
    acts: Option<Acts>,
}

type Acts = Rc<RefCell<Vec<(Ms, Act)>>>;

#[derive(Debug, Default)]
struct Crash {
    over: Cell<bool>,
    wake: Notify,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// Work of that kind.
    pub(crate) fn of(within: Within) -> Self {
        Self {
            within: Rc::new(within),
            crashed: Rc::default(),
            acts: None,
        }
    }

    /// The same place's work in another process: what crashes one leaves the other.
    pub(crate) fn apart(&self) -> Self {
        Self {
            within: Rc::clone(&self.within),
            crashed: Rc::default(),
            acts: None,
        }
    }

    /// The same work, and what it does outside itself is kept.
    pub(crate) fn recorded(&self) -> Self {
        Self {
            acts: Some(Rc::default()),
            ..self.clone()
        }
    }

    /// What was kept.
    pub(crate) fn acts(&self) -> Vec<(Ms, Act)> {
        self.acts.as_ref().map(|acts| acts.take()).unwrap_or_default()
    }

    fn crash(&self) {
        self.crashed.over.set(true);
        self.crashed.wake.notify_one();
    }

    /// Does work in it. Nothing if its process died on the way.
    pub(crate) async fn host<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let work = std::pin::pin!(CURRENT.scope(self.clone(), work));
        let crash = std::pin::pin!(self.crashed.wake.notified());
        match select(work, crash).await {
            Either::Left((done, _)) => (!self.crashed.over.get()).then_some(done),
            Either::Right(((), _)) => None,
        }
    }
}

/// Whose work goes on now.
pub(crate) fn within() -> Option<Rc<Within>> {
    CURRENT.try_with(|context| Rc::clone(&context.within)).ok()
}

/// The process dies in which the work goes on, if anybody said whose it is.
pub(crate) fn crash() {
    CURRENT.try_with(Context::crash).ok();
}

/// Does something outside the work that goes on, and keeps when, and how to do it again, where somebody records. Both are asked
/// for only then.
pub(crate) fn keep<A: Fn() + 'static>(at: impl FnOnce() -> Ms, again: impl FnOnce() -> A) {
    let acts = CURRENT.try_with(|context| context.acts.clone()).ok().flatten();
    if let Some(acts) = acts {
        acts.borrow_mut().push((at(), Rc::new(again())));
    }
}
