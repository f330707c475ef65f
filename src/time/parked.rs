//! `Parked`: a sleep without a deadline, which somebody else ends.
//!
//! What waits in a line for a lock or a queue. It is a sleep in all but the time: one slot,
//! no allocation, cancelled at the moment of the request, and gone when it is dropped.

use crate::LoopHandle;
use crate::kernel::{Over, SLEEP, Sleeper, Timer};
use crate::observe::Cause;
use std::task::{Context, Poll, Waker};

/// A wait of the task that runs.
pub(crate) struct Parked(Ticket);

/// What ends a wait; known to who is to end it. It must not outlive it.
#[derive(Clone)]
pub(crate) struct Ticket {
    handle: LoopHandle,
    slot: u32,
}

impl Parked {
    /// To be polled at once, by who runs now.
    #[inline]
    pub(crate) fn new(handle: &LoopHandle) -> Self {
        let state = &handle.state;
        let place = state.place();
        let timer = match place {
            Some(place) => Timer::Task(place.task, place.scope, Over::No),
            None => {
                let waker = Waker::noop().clone();
                Timer::Other(Box::new(Sleeper { waker, place, over: Over::No }))
            }
        };
        let slot = state.timers.borrow_mut().park(timer);
        if let Some(place) = place {
            state.enrol(place, slot | SLEEP, 1);
        }
        Parked(Ticket { handle: handle.clone(), slot })
    }

    pub(crate) fn ticket(&self) -> Ticket {
        self.0.clone()
    }

    /// Ready when it is over; whether it was woken, and not cancelled.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<bool> {
        let state = &self.0.handle.state;
        match state.poll_sleep(self.0.slot, cx.waker()) {
            Poll::Ready(()) if !state.holds_back(cx) => Poll::Ready(self.0.is_woken()),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.0.is_woken()
    }
}

impl Drop for Parked {
    #[inline]
    fn drop(&mut self) {
        self.0.handle.state.end_sleep(self.0.slot);
    }
}

impl Ticket {
    /// Ends the wait; false if it is over already.
    #[inline]
    pub(crate) fn wake(&self) -> bool {
        self.handle.state.finish_sleep(self.slot, Over::Elapsed, Cause::Done)
    }

    fn over(&self) -> Option<Over> {
        self.handle.state.timers.borrow_mut().at(self.slot).map(|timer| timer.over())
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.over() == Some(Over::Elapsed)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.over() == Some(Over::Cancelled)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over() != Some(Over::No)
    }
}
