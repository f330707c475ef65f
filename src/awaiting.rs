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
    /// there. What was replaced is for the caller to drop, outside of its borrow.
    pub(crate) fn await_in(
        &self,
        list: &mut Waiters,
        number: &mut u64,
        waker: &Waker,
    ) -> Option<Waker> {
        match list.update(*number, waker.clone()) {
            Ok(old) => Some(old),
            Err(waker) => {
                *number = self.waiter_number();
                list.push(*number, Waiter::Waker(waker));
                None
            }
        }
    }
}
