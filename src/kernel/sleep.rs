//! The two waits that need nobody else: for a time, and for the next turn.
//!
//! A sleep is a timer *callback* that completes a wait, which wakes the task: the task
//! goes on one turn after its timer fired, as in asyncio. `yield_now` is no timer at
//! all, but a bare reschedule.

use super::call::Call;
use super::cancel::SLEEP;
use super::clock::{NEVER, nanos};
use super::context;
use super::observe::{Cause, Event};
use super::slots::Key;
use super::state::{LoopHandle, State};
use super::timers::TimerKey;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The callback of a timer, and where it was set.
pub(crate) type Due = (Box<Call>, Option<&'static Location<'static>>);

/// What is in a timer's slot.
pub(crate) enum Timer {
    /// A callback; boxed, because most timers are sleeps.
    Call(Box<Call>, Option<&'static Location<'static>>),
    /// A task that sleeps, or slept: the slot is there until the `Sleep` is done with it.
    Sleep { waker: Waker, owner: Option<Key>, over: Over },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    No,
    Elapsed,
    Cancelled,
}

/// The future of [`sleep`](crate::sleep): done once its time has come.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep(Nap);

enum Nap {
    Until(u64),
    Waiting(LoopHandle, TimerKey),
    Over,
}

impl Sleep {
    /// Sleeps for `duration` from now. Never early; `Duration::MAX` is for ever.
    pub(crate) fn lasting(handle: &LoopHandle, duration: Duration) -> Self {
        Sleep(Nap::Until(handle.state.time.now().saturating_add(nanos(duration))))
    }

    pub(crate) fn until(deadline: Duration) -> Self {
        Sleep(Nap::Until(nanos(deadline)))
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &self.0 {
            Nap::Until(deadline) => {
                let deadline = *deadline;
                let armed = context::with_current(|handle| {
                    let key = handle.state.arm_sleep(deadline, cx.waker());
                    Nap::Waiting(handle.clone(), key)
                });
                match armed {
                    Ok(waiting) => self.0 = waiting,
                    Err(none) => panic!("cannot sleep: {none}"),
                }
                Poll::Pending
            }
            Nap::Waiting(handle, key) => {
                let (handle, key) = (handle.clone(), *key);
                if handle.state.poll_sleep(key, cx.waker()).is_pending() {
                    return Poll::Pending;
                }
                self.0 = Nap::Over;
                Poll::Ready(())
            }
            Nap::Over => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if let Nap::Waiting(handle, key) = &self.0 {
            handle.state.end_sleep(*key);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Nap::Until(_) => "Sleep(not begun)",
            Nap::Waiting(..) => "Sleep(waiting)",
            Nap::Over => "Sleep(over)",
        })
    }
}

impl State {
    #[inline]
    fn arm_sleep(&self, deadline: u64, waker: &Waker) -> TimerKey {
        let owner = self.current_task();
        let timer = Timer::Sleep { waker: waker.clone(), owner, over: Over::No };
        let key = self.timers.borrow_mut().insert(deadline, timer);
        if let Some(owner) = owner {
            self.enrol(owner, key.index | SLEEP, 1);
        }
        self.emit_timer(key, deadline);
        key
    }

    pub(crate) fn emit_timer(&self, key: TimerKey, deadline: u64) {
        let deadline = Duration::from_nanos(deadline);
        self.emit(|| Event::TimerSet { timer: key.index, deadline });
    }

    fn poll_sleep(&self, key: TimerKey, newest: &Waker) -> Poll<()> {
        let mut timers = self.timers.borrow_mut();
        match timers.get_mut(key) {
            Some(Timer::Sleep { waker, over: Over::No, .. }) => {
                let old = std::mem::replace(waker, newest.clone());
                drop(timers);
                drop(old); // a foreign waker's drop is user code
                Poll::Pending
            }
            _ => {
                drop(timers);
                self.end_sleep(key);
                Poll::Ready(())
            }
        }
    }

    #[inline]
    fn end_sleep(&self, key: TimerKey) {
        let timer = self.timers.borrow_mut().remove(key);
        if let Some(Timer::Sleep { owner: Some(owner), .. }) = timer {
            self.enrol(owner, key.index | SLEEP, u32::MAX);
        }
    }

    /// Step 6 for a timer that came due: a sleep is over; a callback is for the caller
    /// to run.
    pub(crate) fn ripe(&self, index: u32, low: u32) -> Option<Due> {
        let mut timers = self.timers.borrow_mut();
        let key = timers.find(index, low)?;
        if let Some(Timer::Sleep { waker, over, .. }) = timers.get_mut(key) {
            if *over == Over::No {
                *over = Over::Elapsed;
                let waker = waker.clone();
                drop(timers);
                self.wake_because(Cause::Done, &waker);
            }
            return None;
        }
        match timers.remove(key) {
            Some(Timer::Call(call, at)) => Some((call, at)),
            _ => None,
        }
    }

    /// The name of a timer that came due, and where it was set.
    pub(crate) fn who_is_due(
        &self,
        index: u32,
        low: u32,
    ) -> (String, Option<&'static Location<'static>>) {
        let mut timers = self.timers.borrow_mut();
        let key = timers.find(index, low);
        match key.and_then(|key| timers.get_mut(key)) {
            Some(Timer::Call(call, at)) => (call.name().to_owned(), *at),
            Some(Timer::Sleep { owner: Some(owner), .. }) => {
                let owner = *owner;
                drop(timers);
                (format!("the sleep of {}", self.task_name(owner)), None)
            }
            Some(Timer::Sleep { .. }) => ("a sleep".to_owned(), None),
            None => ("(cancelled)".to_owned(), None),
        }
    }

    /// A cancel request reached a sleep: it ends at once, and its task wakes.
    pub(crate) fn cancel_sleep(&self, index: u32) -> bool {
        let mut timers = self.timers.borrow_mut();
        let Some(Timer::Sleep { waker, over, .. }) = timers.get_index_mut(index) else {
            return false;
        };
        if *over != Over::No {
            return false;
        }
        *over = Over::Cancelled;
        let waker = waker.clone();
        drop(timers);
        self.wake_because(Cause::Cancel, &waker);
        true
    }

    pub(crate) fn sleep_was_cancelled(&self, index: u32) -> bool {
        let timers = self.timers.borrow();
        matches!(timers.get_index(index), Some(Timer::Sleep { over: Over::Cancelled, .. }))
    }
}

/// The future of [`yield_now`](crate::yield_now): done at the task's next step.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct YieldNow(Option<u64>);

impl YieldNow {
    pub(crate) fn new() -> Self {
        YieldNow(None)
    }
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Outside of a loop there are no steps; then the second poll ends it.
        let step = context::with_current(|handle| handle.state.steps.get()).unwrap_or(NEVER);
        match self.0 {
            Some(begun) if begun != step || step == NEVER => Poll::Ready(()),
            Some(_) => Poll::Pending,
            None => {
                self.0 = Some(step);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
