//! Callbacks: a closure to run soon, later, or at a time; and the handle that cancels it.
//!
//! A cancelled callback is dropped at once, with all it held. One that was ready keeps
//! its turn in the queue, in which then nothing happens, as in asyncio.

use crate::LoopHandle;
use crate::call::Call;
use crate::clock::nanos;
use crate::error::Closed;
use crate::kernel::{State, Timer, TimerCall, TimerKey};
use crate::observe::{Cause, Event};
use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A callback on its way, from [`call_soon`](LoopHandle::call_soon). Dropping it changes
/// nothing.
pub struct Handle {
    handle: LoopHandle,
    number: u64,
    name: fn() -> &'static str,
    at: &'static Location<'static>,
    cancelled: Cell<bool>,
}

/// A callback that waits for its time, from [`call_later`](LoopHandle::call_later) or
/// [`call_at`](LoopHandle::call_at). Dropping it changes nothing.
pub struct TimerHandle {
    handle: LoopHandle,
    key: TimerKey,
    name: fn() -> &'static str,
    at: &'static Location<'static>,
    when: u64,
    cancelled: Cell<bool>,
}

impl LoopHandle {
    /// Runs `f` in the next turn, behind all that is ready now (rules 1 and 2).
    ///
    /// A panic in `f` goes to the exception handler; the loop goes on.
    ///
    /// # Errors
    /// When the loop is closed; `f` is dropped.
    #[track_caller]
    #[inline]
    pub fn call_soon(&self, f: impl FnOnce() + 'static) -> Result<Handle, Closed> {
        if self.state.is_closed() {
            return Err(Closed::new());
        }
        let (name, at) = (name_of(&f), Location::caller());
        let number = self.state.push_call(|place| place.set(f), at, Cause::CallSoon);
        Ok(Handle { handle: self.clone(), number, name, at, cancelled: Cell::new(false) })
    }

    /// Runs `f` when `delay` has passed, never before. Any delay will do;
    /// `Duration::MAX` is never. A delay of zero is a timer, too: it runs in the next
    /// turn, behind what `call_soon` queued; on real time, in the next turn that looks at
    /// the clock, which while the loop is busy is one in 64 entries.
    ///
    /// # Errors
    /// When the loop is closed; `f` is dropped.
    #[track_caller]
    pub fn call_later(
        &self,
        delay: Duration,
        f: impl FnOnce() + 'static,
    ) -> Result<TimerHandle, Closed> {
        self.set_timer(self.due_in(delay), f, Location::caller())
    }

    /// Runs `f` when the loop's [`time`](Self::time) has reached `when`. Of timers with
    /// the same deadline, the one set first runs first (rule 3).
    ///
    /// # Errors
    /// When the loop is closed; `f` is dropped.
    #[track_caller]
    pub fn call_at(
        &self,
        when: Duration,
        f: impl FnOnce() + 'static,
    ) -> Result<TimerHandle, Closed> {
        self.set_timer(nanos(when), f, Location::caller())
    }

    pub(crate) fn due_in(&self, delay: Duration) -> u64 {
        self.state.time.now().saturating_add(nanos(delay))
    }

    pub(crate) fn set_timer(
        &self,
        when: u64,
        f: impl FnOnce() + 'static,
        at: &'static Location<'static>,
    ) -> Result<TimerHandle, Closed> {
        if self.state.is_closed() {
            return Err(Closed::new());
        }
        let name = name_of(&f);
        let key = self.state.arm_timer(when, Call::new(f), at);
        let cancelled = Cell::new(false);
        Ok(TimerHandle { handle: self.clone(), key, name, at, when, cancelled })
    }
}

impl State {
    /// Sets a timer that runs `call`.
    fn arm_timer(&self, when: u64, call: Call, at: &'static Location<'static>) -> TimerKey {
        let at = self.observed.get().then_some(at);
        let timer = Timer::Call(Box::new(TimerCall { call, at }));
        let mut timers = self.timers.borrow_mut();
        let number = timers.number();
        let key = timers.insert(number, when, timer);
        drop(timers);
        self.emit(|| Event::TimerSet { timer: key.index, deadline: Duration::from_nanos(when) });
        key
    }
}

impl Handle {
    /// Makes sure that the callback does not run, and drops it, if it has not begun.
    pub fn cancel(&self) {
        if !self.cancelled.replace(true) {
            let mut ready = self.handle.state.ready.borrow_mut();
            let call =
                ready.call_mut(self.number).map(|call| std::mem::replace(call, Call::empty()));
            drop(ready);
            if let Some(call) = call {
                self.handle.state.reports.discard(call);
            }
        }
    }

    /// Whether [`cancel`](Self::cancel) was called, in time or not.
    pub fn cancelled(&self) -> bool {
        self.cancelled.get()
    }
}

impl TimerHandle {
    /// Makes sure that the callback does not run, and drops it, if it has not begun;
    /// that holds also when it is due and queued already. O(1).
    pub fn cancel(&self) {
        if !self.cancelled.replace(true) {
            let timer = self.handle.state.timers.borrow_mut().remove(self.key);
            if let Some(Timer::Call(timer)) = timer {
                self.handle.state.reports.discard(timer.call);
            }
        }
    }

    /// Whether [`cancel`](Self::cancel) was called, in time or not.
    pub fn cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// When it is due, in the loop's [`time`](LoopHandle::time).
    pub fn when(&self) -> Duration {
        Duration::from_nanos(self.when)
    }
}

/// How to get at the name of a closure, later.
fn name_of<F>(_: &F) -> fn() -> &'static str {
    std::any::type_name::<F>
}

fn describe(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    cancelled: bool,
    debug: bool,
    who: (&str, &Location<'_>),
) -> fmt::Result {
    match (cancelled, debug) {
        (true, false) => write!(f, "{kind}(cancelled)"),
        (true, true) => write!(f, "{kind}(cancelled {} from {})", who.0, who.1),
        (false, _) => write!(f, "{kind}({} from {})", who.0, who.1),
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debug = self.handle.debug();
        describe(f, "Handle", self.cancelled(), debug, ((self.name)(), self.at))
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debug = self.handle.debug();
        describe(f, "TimerHandle", self.cancelled(), debug, ((self.name)(), self.at))
    }
}
