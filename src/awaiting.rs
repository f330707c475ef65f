//! Waiting in a list of waiters: what futures, tasks and descriptors have in common.

use crate::kernel::{State, Waiter, Waiters};
use std::task::Waker;

impl State {
    /// A number for a new waiter, from 1.
    pub(crate) fn waiter_number(&self) -> u64 {
        self.next_waiter.set(self.next_waiter.get() + 1);
        self.next_waiter.get()
    }

    /// Waits in a list under `number` (0: none yet), or under a new one if that is not
    /// there. The waker was cloned, and what it replaces is dropped, outside of the
    /// caller's borrow: both may be user code. Hence [`discard_waker`](Self::discard_waker).
    #[must_use]
    pub(crate) fn await_in(
        &self,
        list: &mut Waiters,
        number: &mut u64,
        waker: Waker,
    ) -> Option<Waker> {
        match list.update(*number, waker) {
            Ok(old) => Some(old),
            Err(waker) => {
                *number = self.waiter_number();
                list.push(*number, Waiter::Waker(waker));
                None
            }
        }
    }

    /// Drops a waker, which may panic.
    pub(crate) fn discard_waker(&self, waker: Option<Waker>) {
        if waker.is_some() {
            self.reports.contain("a waker", || drop(waker));
        }
    }

    /// Drops a waiter that went away.
    pub(crate) fn discard_waiter(&self, waiter: Option<Waiter>) {
        if waiter.is_some() {
            self.reports.contain("a waiter", || drop(waiter));
        }
    }
}
