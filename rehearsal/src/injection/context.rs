//! In whose work a call is made: known to the call without anybody handing it on.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::place::Within;

tokio::task_local! {
    static CURRENT: Context;
}

/// The work that goes on: one invocation of a function, or one command.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Whose it is.
    pub(crate) within: Rc<Within>,
    crashed: Rc<Crash>,
}

#[derive(Debug, Default)]
struct Crash {
    over: Cell<bool>,
    wake: Notify,
}

impl Context {
    /// Work of that kind.
    pub(crate) fn of(within: Within) -> Self {
        Self {
            within: Rc::new(within),
            crashed: Rc::default(),
        }
    }

    /// The same place's work in another process: what crashes one leaves the other.
    pub(crate) fn apart(&self) -> Self {
        Self {
            within: Rc::clone(&self.within),
            crashed: Rc::default(),
        }
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
