//! Who waits for a descriptor, and step 6 when it became ready.

use super::reactor::Direction;
use super::slots::Key;
use super::state::State;
use super::waiters::Waiter;
use crate::observe::{Cause, Outcome};

impl State {
    /// Adds a waiter for the next edge, and answers its number.
    pub(crate) fn start_waiting(&self, key: Key, direction: Direction, waiter: Waiter) -> u64 {
        let number = self.waiter_number();
        let mut reactor = self.reactor.borrow_mut();
        if let Some(source) = reactor.sources.get_mut(key) {
            let side = &mut source.sides[direction as usize];
            side.ready = false;
            side.waiters.push(number, waiter);
            reactor.waited += 1;
        }
        number
    }

    /// Takes a waiter out, for the caller to drop.
    pub(crate) fn stop_waiting(&self, key: Key, from: Direction, number: u64) -> Option<Waiter> {
        let mut reactor = self.reactor.borrow_mut();
        let source = reactor.sources.get_mut(key)?;
        let waiter = source.sides[from as usize].waiters.remove(number)?;
        reactor.waited -= 1;
        Some(waiter)
    }

    /// Step 6 for a descriptor: tasks that wait for it wake, callbacks run.
    pub(crate) fn run_source(&self, key: Key) -> Outcome {
        if let Some(source) = self.reactor.borrow_mut().sources.get_mut(key) {
            source.queued = false;
        }
        for direction in [Direction::Read, Direction::Write] {
            let mut reactor = self.reactor.borrow_mut();
            let Some(source) = reactor.sources.get_mut(key) else { break };
            let side = &mut source.sides[direction as usize];
            if side.ready {
                let mut waiters = std::mem::take(&mut side.waiters);
                reactor.waited -= waiters.len();
                drop(reactor);
                for waiter in waiters.take() {
                    match waiter {
                        Waiter::Waker(waker) => self.wake_because(Cause::Readiness, &waker),
                        Waiter::Call(mut call, at) => {
                            self.run_call(&mut call, Some(at));
                        }
                    }
                }
            }
        }
        Outcome::Finished
    }
}
