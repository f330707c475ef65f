//! `Cut`: a scope that can be ended on its own, also where it is one of several things that
//! its task waits for.
//!
//! A timeout and a group end their bodies by cancelling the task. In a join that would end
//! the whole join, and the task with it. There the body is dropped instead.

use crate::TaskRef;
use crate::catch_cancel::catch_cancel;
use crate::error::Cancelled;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, Waker};

#[derive(Default)]
pub(super) struct Cut {
    scope: Cell<Option<u32>>,
    waker: RefCell<Option<Waker>>,
    done: Cell<bool>,
}

impl Cut {
    /// Runs `body` in a scope, until a cancellation arrives or it is cut.
    pub(super) async fn catch<F: Future>(&self, body: F) -> Result<F::Output, Cancelled> {
        self.done.set(false);
        let mut body = pin!(Some(catch_cancel(body)));
        let ended = poll_fn(|cx| {
            if self.done.get() {
                return Poll::Ready(Err(Cancelled::new()));
            }
            let old = self.waker.replace(Some(cx.waker().clone()));
            drop(old);
            let Some(mut running) = body.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = running.as_mut().poll(cx);
            self.scope.set(running.scope());
            polled
        })
        .await;
        body.set(None);
        self.scope.set(None);
        let last = self.waker.take();
        drop(last);
        ended
    }

    /// Ends the body without the task, if a request to the task would end more than the
    /// body; false if it would not.
    pub(super) fn cut(&self, task: &TaskRef) -> bool {
        let state = &task.handle.state;
        if self.scope.get().is_none_or(|scope| state.reaches(task.key, scope)) {
            return false;
        }
        self.done.set(true);
        let waker = self.waker.take();
        if let Some(waker) = waker {
            state.wake_because(crate::Cause::Cancel, waker);
        }
        true
    }

    /// Whether what ran last was cut.
    pub(super) fn done(&self) -> bool {
        self.done.get()
    }
}
