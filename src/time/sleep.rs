//! The two waits that need nobody else: for a time, and for the next turn.

use crate::LoopHandle;
use crate::clock::nanos;
use crate::kernel::{Over, Place, SLEEP, Sleeper, State, Timer, context, waker};
use crate::observe::Event;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The future of [`sleep`](crate::sleep): done once its time has come.
///
/// # Cancel safety
/// Dropping it takes the timer away. Nothing is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep(Nap);

enum Nap {
    /// No time at all: a bare reschedule, as asyncio's `sleep(0)`.
    Turn(YieldNow),
    Until(u64),
    /// Its timer's slot, and when that is due.
    Waiting(LoopHandle, u32, u64),
    Over,
}

impl Sleep {
    pub(super) fn lasting(handle: &LoopHandle, duration: Duration) -> Self {
        if duration.is_zero() {
            return Sleep(Nap::Turn(YieldNow::new()));
        }
        Sleep(Nap::Until(handle.state.time.now().saturating_add(nanos(duration))))
    }

    pub(super) fn until(deadline: Duration) -> Self {
        Sleep(Nap::Until(nanos(deadline)))
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Nap::Turn(turn) => Pin::new(turn).poll(cx),
            Nap::Until(deadline) => {
                let deadline = *deadline;
                let handle = context::with_current(LoopHandle::clone);
                let handle = handle.unwrap_or_else(|none| panic!("cannot sleep: {none}"));
                let index = handle.state.arm_sleep(deadline, cx.waker());
                self.0 = Nap::Waiting(handle, index, deadline);
                Poll::Pending
            }
            Nap::Waiting(handle, index, deadline) if handle.state.is_cancelled(*index) => {
                // The task that was cancelled in it has gone on, or it is another's now.
                handle.state.end_sleep(*index);
                *index = handle.state.arm_sleep(*deadline, cx.waker());
                Poll::Pending
            }
            Nap::Waiting(handle, index, _) => {
                let polled = handle.state.poll_sleep(*index, cx.waker());
                if polled.is_ready() {
                    if handle.state.holds_back(cx) {
                        return Poll::Pending;
                    }
                    handle.state.end_sleep(*index);
                    self.0 = Nap::Over;
                }
                polled
            }
            Nap::Over => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if let Nap::Waiting(handle, index, _) = &self.0 {
            handle.state.end_sleep(*index);
        }
    }
}

impl State {
    /// Begins a sleep of the running task.
    #[inline]
    fn arm_sleep(&self, deadline: u64, newest: &Waker) -> u32 {
        let place = self.place();
        let timer = match place.filter(|place| waker::is_of(newest, self.id, place.task)) {
            Some(place) => Timer::Task(place.task, place.scope, Over::No),
            None => {
                Timer::Other(Box::new(Sleeper { waker: newest.clone(), place, over: Over::No }))
            }
        };
        let mut timers = self.timers.borrow_mut();
        let number = timers.number();
        let index = timers.insert(number, deadline, timer).index;
        drop(timers);
        if let Some(place) = place {
            self.enrol(place, index | SLEEP, 1);
        }
        self.emit(|| Event::TimerSet { timer: index, deadline: Duration::from_nanos(deadline) });
        index
    }

    /// Whether a cancel request has ended a sleep.
    fn is_cancelled(&self, index: u32) -> bool {
        let mut timers = self.timers.borrow_mut();
        timers.at(index).is_some_and(|timer| timer.over() == Over::Cancelled)
    }

    #[inline]
    pub(super) fn poll_sleep(&self, index: u32, newest: &Waker) -> Poll<()> {
        match self.timers.borrow_mut().at(index) {
            Some(Timer::Task(task, scope, Over::No)) => {
                let place = Place { task: *task, scope: *scope };
                if waker::is_of(newest, self.id, *task) && self.place() == Some(place) {
                    return Poll::Pending;
                }
            }
            Some(timer) if timer.over() == Over::No => {}
            _ => return Poll::Ready(()),
        }
        self.hand_over(index, newest);
        Poll::Pending
    }

    /// A sleep has another waker now, or another task to sleep in.
    #[cold]
    fn hand_over(&self, index: u32, newest: &Waker) {
        let place = self.place();
        let sleeper = Sleeper { waker: newest.clone(), place, over: Over::No };
        let mut timers = self.timers.borrow_mut();
        let Some(timer) = timers.at(index) else { return };
        let before = timer.place();
        let old = std::mem::replace(timer, Timer::Other(Box::new(sleeper)));
        drop(timers);
        if before != place {
            before.iter().for_each(|place| self.enrol(*place, index | SLEEP, u32::MAX));
            place.iter().for_each(|place| self.enrol(*place, index | SLEEP, 1));
        }
        self.reports.contain("a waker", || drop(old));
    }

    /// Gives up the slot of a sleep, over or not.
    #[inline]
    pub(super) fn end_sleep(&self, index: u32) {
        let timer = self.timers.borrow_mut().remove_at(index);
        if let Some(place) = timer.as_ref().and_then(Timer::place) {
            self.enrol(place, index | SLEEP, u32::MAX);
        }
        if let Some(foreign @ Timer::Other(_)) = timer {
            self.reports.contain("a waker", || drop(foreign));
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Nap::Turn(_) => "Sleep(for a turn)",
            Nap::Until(_) => "Sleep(not begun)",
            Nap::Waiting(..) => "Sleep(waiting)",
            Nap::Over => "Sleep(over)",
        })
    }
}

/// The future of [`yield_now`](crate::yield_now): done at the task's next step.
///
/// # Cancel safety
/// Nothing is lost.
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug, Default)]
pub struct YieldNow {
    /// The step in which it was first polled, counted from 1.
    begun: u64,
}

impl YieldNow {
    pub(crate) fn new() -> Self {
        YieldNow { begun: 0 }
    }
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Outside of a loop no steps are counted; then the second poll ends it.
        let look = |handle: &LoopHandle| (handle.state.steps.get(), handle.state.holds_back(cx));
        let (step, held_back) = context::with_current(look).unwrap_or((0, false));
        if self.begun == 0 {
            self.begun = step.max(1);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if step != self.begun {
            return if held_back { Poll::Pending } else { Poll::Ready(()) };
        }
        // Polled twice in one step: whoever did that has used up the wake.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
