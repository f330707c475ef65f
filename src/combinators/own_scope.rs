//! `OwnScope`: a `catch_cancel` that who opened it may end, and nothing beside it.

use crate::TaskRef;
use crate::catch_cancel::catch_cancel;
use crate::error::Cancelled;
use crate::kernel::ROOT;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

pub(super) struct OwnScope {
    /// Where the body waits.
    scope: Cell<u32>,
    /// It was asked to end: the leaf to which that went.
    asked: Cell<Option<u32>>,
}

impl Default for OwnScope {
    fn default() -> Self {
        OwnScope { scope: Cell::new(ROOT), asked: Cell::new(None) }
    }
}

impl OwnScope {
    /// Asks the body to end; whether by a request to the whole task, which counts as one.
    pub(super) fn ask(&self, task: &TaskRef) -> bool {
        let asked = task.handle.state.ask_scope(task.key, self.scope.get());
        self.asked.set(asked);
        asked.is_none()
    }

    /// Runs `body`.
    ///
    /// # Errors
    /// When a cancellation of the task arrives; without one, when the body alone was asked
    /// to end.
    pub(super) async fn run<F: Future>(
        &self,
        task: &TaskRef,
        body: F,
    ) -> Result<F::Output, Option<Cancelled>> {
        self.asked.set(None);
        let state = &task.handle.state;
        let mut body = pin!(catch_cancel(body));
        poll_fn(|cx| {
            match self.asked.get().map(|leaf| state.ended_cancelled(leaf)) {
                Some(Some(true)) => {
                    body.as_mut().give_up();
                    return Poll::Ready(Err(None));
                }
                Some(Some(false)) => self.asked.set(None), // it ended in spite of that
                Some(None) | None => {}
            }
            let polled = body.as_mut().poll(cx);
            self.scope.set(body.scope());
            polled.map_err(Some)
        })
        .await
    }
}
