//! `Cut`: a scope that can be ended on its own, also where it is one of several things that
//! its task waits for.
//!
//! A timeout and a group end their bodies by cancelling the task. In a join that would end
//! the whole join, and the task with it. There the body is dropped instead.

use crate::catch_cancel::catch_cancel;
use crate::error::Cancelled;
use crate::{LoopHandle, TaskRef};
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[derive(Default)]
pub(super) struct Cut {
    scope: Cell<Option<u32>>,
    done: Cell<bool>,
}

impl Cut {
    /// Runs `body` in a scope, until a cancellation arrives or it is cut.
    pub(super) async fn catch<F: Future>(&self, body: F) -> Result<F::Output, Cancelled> {
        self.done.set(false);
        let mut body = pin!(Some(catch_cancel(body)));
        let ended = poll_fn(|cx| {
            if self.done.get() {
                // While a cancellation is raised beside it, the task goes as a whole.
                let held = LoopHandle::current().is_ok_and(|here| here.state.holds_back(cx));
                return if held { Poll::Pending } else { Poll::Ready(Err(Cancelled::new())) };
            }
            let Some(mut running) = body.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = running.as_mut().poll(cx);
            self.scope.set(running.scope());
            polled
        })
        .await;
        body.set(None);
        self.scope.set(None);
        ended
    }

    /// Ends the body without the task, if a request to the task would end more than the
    /// body; false if it would not.
    pub(super) fn cut(&self, task: &TaskRef) -> bool {
        let state = &task.handle.state;
        let Some(scope) = self.scope.get().filter(|scope| !state.reaches(task.key, *scope)) else {
            return false;
        };
        self.done.set(true);
        state.wake_scope(scope);
        true
    }

    /// Whether what ran last was cut.
    pub(super) fn done(&self) -> bool {
        self.done.get()
    }
}
