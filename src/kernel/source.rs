//! Step 6 for a descriptor that became ready: tasks wake, callbacks run.

use super::reactor::Direction;
use super::slots::Key;
use super::state::State;
use crate::exception::catch;
use crate::observe::{Cause, Outcome};

impl State {
    /// Step 6 for a descriptor: wakes those who wait, runs its callbacks.
    pub(crate) fn run_source(&self, key: Key) -> Outcome {
        if let Some(source) = self.reactor.borrow_mut().sources.get_mut(key) {
            source.queued = false;
        }
        for direction in [Direction::Read, Direction::Write] {
            let mut reactor = self.reactor.borrow_mut();
            let Some(source) = reactor.sources.get_mut(key) else { break };
            let side = &mut source.sides[direction as usize];
            if !side.ready {
                continue;
            }
            let waiters = std::mem::take(&mut side.waiters);
            let callback = side.callback.take().map(|callback| (callback, side.version));
            side.ready &= callback.is_none();
            reactor.waited -= waiters.len();
            drop(reactor);
            let mut waiters = waiters;
            self.wake_all(waiters.take(), Cause::Readiness);
            if let Some((callback, version)) = callback {
                self.run_io_callback(key, direction, callback, version);
            }
        }
        Outcome::Finished
    }

    /// Runs a reader or writer callback and puts it back, if it is still the one. The
    /// kernel is asked for the edge anew: it comes at once if the level is still there.
    fn run_io_callback(&self, key: Key, to: Direction, mut call: Box<dyn FnMut()>, version: u64) {
        let what = if to == Direction::Read { "a reader callback" } else { "a writer callback" };
        if let Err(payload) = catch(&mut call) {
            self.report("Exception in callback", what, None, Some(payload));
        }
        let mut reactor = self.reactor.borrow_mut();
        let mut call = Some(call);
        if let Some(source) = reactor.sources.get_mut(key) {
            let side = &mut source.sides[to as usize];
            if side.version == version {
                side.callback = call.take();
                let interest = source.callback_interest();
                if let Some(Err(error)) = interest.map(|i| reactor.rearm(key, i)) {
                    log::error!("cannot go on watching a descriptor: {error}");
                }
            }
        }
        drop(reactor);
        self.contain(what, || drop(call));
    }
}
