//! `OwnScope`: a `catch_cancel` that who opened it may end, and nothing beside it.

use crate::TaskRef;
use crate::catch_cancel::catch_cancel;
use crate::error::Cancelled;
use crate::kernel::ROOT;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;

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
        let (state, before) = (&task.handle.state, task.cancelling());
        let mut body = pin!(catch_cancel(body));
        let mut told = false; // the body, and nobody else, was told to end
        let ended = poll_fn(|cx| {
            let ends = match self.asked.get().map(|leaf| state.ended_cancelled(leaf)) {
                Some(Some(ends)) if !ends || !body.is_marked() => {
                    self.asked.set(None);
                    ends
                }
                _ => false,
            };
            told = (told && !body.is_marked_from_around()) || ends;
            let polled = match ends {
                true => body.as_mut().poll_ending(cx),
                false => body.as_mut().poll(cx).map(Some),
            };
            self.scope.set(body.scope());
            polled
        });
        match ended.await {
            Some(Err(_)) if told && task.cancelling() <= before => Err(None),
            Some(ended) => ended.map_err(Some),
            None => Err(None),
        }
    }
}
