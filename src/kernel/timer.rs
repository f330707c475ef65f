//! What a timer does when it comes due: run a callback, or end a sleep.
//!
//! A sleep is a timer *callback* that completes a wait, which wakes the task: so the task
//! goes on one turn after its timer fired, as in asyncio. The slot of a sleep belongs to
//! the future that sleeps, and is there until that is done with it. Nearly always the
//! waker of a sleep is its task's own, and then the task's key is all that is kept.

use super::slots::Key;
use super::state::State;
use super::timers::TimerKey;
use super::waker;
use crate::call::Call;
use crate::observe::{Cause, Event};
use std::panic::Location;
use std::task::{Poll, Waker};
use std::time::Duration;

pub(crate) enum Timer {
    Call(Box<TimerCall>),
    /// The task sleeps, and nothing stands between the two.
    Task(Key, Over),
    /// Somebody sleeps who gave a waker of his own, or who is no task.
    Other(Box<Sleeper>),
}

pub(crate) struct TimerCall {
    pub(crate) call: Call,
    pub(crate) at: Option<&'static Location<'static>>,
}

pub(crate) struct Sleeper {
    waker: Waker,
    owner: Option<Key>,
    over: Over,
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
    /// Sets a timer that runs `call`.
    pub(crate) fn set_timer(
        &self,
        when: u64,
        call: Call,
        at: &'static Location<'static>,
    ) -> TimerKey {
        let at = self.is_watched().then_some(at);
        let timer = Timer::Call(Box::new(TimerCall { call, at }));
        let key = self.timers.borrow_mut().insert(when, timer);
        self.emit(|| Event::TimerSet { timer: key.index, deadline: Duration::from_nanos(when) });
        key
    }

    /// Begins a sleep of the running task.
    #[inline]
    pub(crate) fn arm_sleep(&self, deadline: u64, newest: &Waker) -> u32 {
        let owner = self.current_task();
        let timer = match owner.filter(|owner| waker::is_of(newest, self.id, *owner)) {
            Some(task) => Timer::Task(task, Over::No),
            None => {
                Timer::Other(Box::new(Sleeper { waker: newest.clone(), owner, over: Over::No }))
            }
        };
        let index = self.timers.borrow_mut().insert(deadline, timer).index;
        if let Some(owner) = owner {
            self.enrol(owner, index | SLEEP, 1);
        }
        self.emit(|| Event::TimerSet { timer: index, deadline: Duration::from_nanos(deadline) });
        index
    }

    #[inline]
    pub(crate) fn poll_sleep(&self, index: u32, newest: &Waker) -> Poll<()> {
        let mut timers = self.timers.borrow_mut();
        let old = match timers.at(index) {
            Some(Timer::Task(task, Over::No)) if waker::is_of(newest, self.id, *task) => None,
            Some(timer @ Timer::Task(_, Over::No)) => {
                let owner = timer.owner();
                let sleeper = Sleeper { waker: newest.clone(), owner, over: Over::No };
                *timer = Timer::Other(Box::new(sleeper));
                None
            }
            Some(Timer::Other(sleeper)) if sleeper.over == Over::No => {
                Some(std::mem::replace(&mut sleeper.waker, newest.clone()))
            }
            _ => return Poll::Ready(()),
        };
        drop(timers);
        drop(old); // a foreign waker's drop is user code
        Poll::Pending
    }

    /// Gives up the slot of a sleep, over or not.
    #[inline]
    pub(crate) fn end_sleep(&self, index: u32) {
        let timer = self.timers.borrow_mut().remove_at(index);
        if let Some(owner) = timer.as_ref().and_then(Timer::owner) {
            self.enrol(owner, index | SLEEP, u32::MAX);
        }
    }

    /// Step 6 for a timer that came due: a sleep is over; a callback is for the caller.
    pub(crate) fn ripe(&self, index: u32, low: u32) -> Option<Box<TimerCall>> {
        let mut timers = self.timers.borrow_mut();
        let key = timers.find(index, low)?;
        if let Some(Timer::Call(_)) = timers.at(index) {
            let Some(Timer::Call(call)) = timers.remove(key) else { return None };
            return Some(call);
        }
        drop(timers);
        self.finish_sleep(index, Over::Elapsed, Cause::Done);
        None
    }

    /// A cancel request reached a sleep: it ends at once. False: it is over already.
    pub(crate) fn cancel_sleep(&self, index: u32) -> bool {
        self.finish_sleep(index, Over::Cancelled, Cause::Cancel)
    }

    fn finish_sleep(&self, index: u32, how: Over, cause: Cause) -> bool {
        let mut timers = self.timers.borrow_mut();
        match timers.at(index) {
            Some(Timer::Task(task, over @ Over::No)) => {
                let task = *task;
                *over = how;
                drop(timers);
                self.because(cause, || self.wake(task));
                true
            }
            Some(Timer::Other(sleeper)) if sleeper.over == Over::No => {
                sleeper.over = how;
                let waker = sleeper.waker.clone();
                drop(timers);
                self.wake_because(cause, &waker);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn sleep_was_cancelled(&self, index: u32) -> bool {
        self.timers.borrow_mut().at(index).is_some_and(|timer| match timer {
            Timer::Task(_, over) => *over == Over::Cancelled,
            Timer::Other(sleeper) => sleeper.over == Over::Cancelled,
            Timer::Call(_) => false,
        })
    }
}

impl Timer {
    pub(crate) fn owner(&self) -> Option<Key> {
        match self {
            Timer::Task(task, _) => Some(*task),
            Timer::Other(sleeper) => sleeper.owner,
            Timer::Call(_) => None,
        }
    }
}
