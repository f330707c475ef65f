//! `Limited`: the future of `timeout`, which needs no allocation.
//!
//! It does what a [`Timeout`](super::Timeout) does that nobody else has a handle of: the
//! timer names the task, and is a slot that this future owns, as a sleep's is. It is set
//! when the body first waits, in the place that it had in the order of timers before: so a
//! body that is ready at once needs neither timer nor clock.

use crate::catch_cancel::{CatchCancel, Resume, catch_cancel};
use crate::error::{Cancelled, TimedOut};
use crate::kernel::{Cancelling, Key, Over, ROOT, Timer, context};
use crate::{Handle, LoopHandle};
use pin_project_lite::pin_project;
use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`timeout`](crate::timeout) and [`timeout_at`](crate::timeout_at). It
    /// belongs to the task that polls it first.
    ///
    /// # Cancel safety
    /// A cancel request that is not its own arrives in the body, and goes on outwards.
    /// Dropping it drops the body, and takes its own request back.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Limited<F> {
        // dropped before the alarm is taken away
        #[pin]
        body: CatchCancel<F>,
        alarm: Alarm,
        // The cancellation was somebody else's, and is raised again.
        raised: Option<Resume>,
    }
}

struct Alarm(Stage);

enum Stage {
    Set(Limit),
    Armed(Armed),
    Over,
}

/// In nanoseconds of the loop's time.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    /// From the first poll on.
    Lasts(u64),
    Until(u64),
}

struct Armed {
    handle: LoopHandle,
    task: Key,
    /// The task's cancel requests when it was armed.
    cancelling: u32,
    bell: Bell,
}

enum Bell {
    /// To be set: the number of the timer to come.
    Unset(Limit, u64),
    /// The slot of a timer.
    Timer(u32),
    /// The deadline has passed before: a callback.
    Soon(Handle, Rc<Soon>),
}

struct Soon {
    scope: Cell<u32>,
    rang: Cell<Over>,
}

impl<F: Future> Limited<F> {
    #[inline]
    pub(super) fn new(limit: Limit, body: F) -> Self {
        let alarm = Alarm(Stage::Set(limit));
        Limited { body: catch_cancel(body), alarm, raised: None }
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Result<F::Output, TimedOut>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Stage::Set(limit) = this.alarm.0 {
            this.alarm.0 = Stage::Armed(Armed::new(limit));
        }
        if this.raised.is_none() {
            let Poll::Ready(ended) = this.body.as_mut().poll(cx) else {
                this.alarm.set_timer(this.body.scope());
                return Poll::Pending;
            };
            let ours = this.alarm.end();
            match ended {
                Ok(value) => return Poll::Ready(Ok(value)),
                Err(_) if ours => return Poll::Ready(Err(TimedOut::new())),
                Err(cancelled) => *this.raised = Some(Cancelled::resume(cancelled)),
            }
        }
        match this.raised {
            Some(raised) => Pin::new(raised).poll(cx).map(|never| match never {}),
            None => Poll::Pending,
        }
    }
}

impl Armed {
    #[inline]
    fn new(limit: Limit) -> Self {
        let handle = context::with_current(LoopHandle::clone);
        let handle = handle.unwrap_or_else(|none| panic!("timeout: {none}"));
        let state = &handle.state;
        let task = state.current_task().expect("a timeout is run in a task");
        let cancelling = state.cancelling(task);
        let passed = match limit {
            Limit::Lasts(limit) => limit == 0,
            Limit::Until(deadline) => deadline <= state.time.of_turn(),
        };
        let bell = match passed {
            true => ring_soon(&handle, task),
            false => Bell::Unset(limit, state.timers.borrow_mut().number()),
        };
        Armed { handle, task, cancelling, bell }
    }

    /// Takes the alarm away; whether, and how, it had rung.
    #[inline]
    fn disarm(&self) -> Over {
        match &self.bell {
            Bell::Unset(..) => Over::No,
            Bell::Timer(slot) => {
                let timer = self.handle.state.timers.borrow_mut().remove_at(*slot);
                timer.map_or(Over::No, |timer| timer.over())
            }
            Bell::Soon(callback, soon) => {
                callback.cancel();
                soon.rang.get()
            }
        }
    }
}

#[cold]
fn ring_soon(handle: &LoopHandle, task: Key) -> Bell {
    let soon = Rc::new(Soon { scope: Cell::new(ROOT), rang: Cell::new(Over::No) });
    let (state, rings) = (Rc::downgrade(&handle.state), soon.clone());
    let callback = handle.call_soon(move || {
        if let Some(state) = state.upgrade() {
            rings.rang.set(state.end_scope(task, rings.scope.get()));
        }
    });
    Bell::Soon(callback.expect("a loop that runs is not closed"), soon)
}

impl Alarm {
    /// The body waits, and the time runs.
    #[inline]
    fn set_timer(&mut self, scope: Option<u32>) {
        let Stage::Armed(armed) = &mut self.0 else { return };
        let scope = scope.unwrap_or(ROOT);
        let (limit, number) = match &armed.bell {
            Bell::Unset(limit, number) => (*limit, *number),
            Bell::Soon(_, soon) => return soon.scope.set(scope),
            Bell::Timer(_) => return,
        };
        let state = &armed.handle.state;
        let deadline = match limit {
            Limit::Lasts(limit) => state.time.now().saturating_add(limit),
            Limit::Until(deadline) => deadline,
        };
        let timer = Timer::Limit(armed.task, scope, Over::No);
        let key = state.timers.borrow_mut().insert(number, deadline, timer);
        armed.bell = Bell::Timer(key.index);
    }

    /// Takes the alarm away, and its request back; whether nobody else has asked the task
    /// to cancel.
    #[inline]
    fn end(&mut self) -> bool {
        let Stage::Armed(armed) = std::mem::replace(&mut self.0, Stage::Over) else { return false };
        let state = &armed.handle.state;
        let left = match armed.disarm() {
            Over::No => return false,
            Over::Elapsed => state.uncancel(armed.task),
            Over::Cancelled => state.cancelling(armed.task),
        };
        left <= armed.cancelling
    }
}

impl Drop for Alarm {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

impl<F> fmt::Debug for Limited<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.alarm.0 {
            Stage::Set(_) => "Limited(not begun)",
            Stage::Armed(_) => "Limited(running)",
            Stage::Over => "Limited(over)",
        })
    }
}
