//! What a timer does when it comes due: run a callback, or end a sleep.
//!
//! A sleep is a timer *callback* that completes a wait, which wakes the task: so the task
//! goes on one turn after its timer fired, as in asyncio. Its slot belongs to the future
//! that sleeps. Nearly always its waker is its task's own, and the task's key is kept.

use super::leaf::Place;
use super::slots::Key;
use super::state::State;
use super::task::Cancelling;
use crate::call::Call;
use crate::observe::{Cause, Site};
use std::task::Waker;

pub(crate) enum Timer {
    Call(Box<TimerCall>),
    /// The task sleeps, in this scope, and nothing stands between the two.
    Task(Key, u32, Over),
    /// Somebody sleeps who gave a waker of his own, or who is no task.
    Other(Box<Sleeper>),
    /// A timeout of the task, with its scope; or the leaf that was asked for it.
    Limit(Key, u32, Over),
}

pub(crate) struct TimerCall {
    pub(crate) call: Call,
    pub(crate) at: Option<Site>,
}

pub(crate) struct Sleeper {
    pub(crate) waker: Waker,
    pub(crate) place: Option<Place>,
    pub(crate) over: Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    No,
    Elapsed,
    Cancelled,
}

/// Sleeps share the space of ids with leaves: the id of one is its slot, marked.
pub(crate) const SLEEP: u32 = 1 << 31;

impl State {
    /// Step 6 for a timer that came due: a sleep is over; a callback is for the caller.
    pub(crate) fn ripe(&self, index: u32) -> Option<Box<TimerCall>> {
        let mut timers = self.timers.borrow_mut();
        match timers.fire(index)? {
            Timer::Call(_) => {
                let Some(Timer::Call(call)) = timers.remove_at(index) else { return None };
                return Some(call);
            }
            Timer::Limit(task, scope, over) => {
                *over = Over::Elapsed;
                let (task, scope) = (*task, *scope);
                drop(timers);
                self.expire(index, task, scope);
            }
            Timer::Task(..) | Timer::Other(_) => {
                drop(timers);
                self.finish_sleep(index, Over::Elapsed, Cause::Done);
            }
        }
        None
    }

    /// Ends a sleep and wakes its task. False: it is over already.
    pub(crate) fn finish_sleep(&self, index: u32, how: Over, cause: Cause) -> bool {
        let mut timers = self.timers.borrow_mut();
        match timers.at(index) {
            Some(Timer::Task(task, _, over @ Over::No)) => {
                let task = *task;
                *over = how;
                drop(timers);
                self.because(cause, || self.wake(task));
                true
            }
            Some(Timer::Other(sleeper)) if sleeper.over == Over::No => {
                sleeper.over = how;
                let waker = std::mem::replace(&mut sleeper.waker, Waker::noop().clone());
                drop(timers);
                self.wake_because(cause, waker);
                true
            }
            _ => false,
        }
    }
}
