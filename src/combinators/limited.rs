//! `Limited`: the future of `timeout`, which needs no allocation.
//!
//! It does what a [`Timeout`](super::Timeout) does that nobody else has a handle of: the
//! timer names the task, and is a slot that this future owns, as a sleep's is. It is set
//! when the body first waits, in the place that it had in the order of timers before: so a
//! body that is ready at once needs neither timer nor clock.

use crate::catch_cancel::{CatchCancel, Resume, catch_cancel};
use crate::error::{Cancelled, TimedOut};
use crate::kernel::{Key, Over, ROOT, Timer, context};
use crate::{Handle, LoopHandle};
use pin_project_lite::pin_project;
use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`timeout`](crate::timeout) and [`timeout_at`](crate::timeout_at).
    /// Requests to cancel are counted for the task that polls it first.
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
    /// The body, and nobody else, was told to end.
    told: bool,
}

enum Bell {
    /// To be set: the number of the timer to come.
    Unset(Limit, u64),
    /// The slot of a timer.
    Timer(u32),
    /// The deadline has passed before: a callback, and what it did.
    Soon(Handle, Rc<Cell<Rang>>),
}

/// As in `Timer::Limit`.
type Rang = (u32, Over);

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
        let this = self.project();
        if let Stage::Set(limit) = this.alarm.0 {
            this.alarm.0 = Stage::Armed(Armed::new(limit));
        }
        let mut body = this.body;
        if this.raised.is_none() {
            if body.is_marked_from_around() {
                this.alarm.untell();
            }
            let polled = match !body.is_marked() && this.alarm.gives_up() {
                true => body.as_mut().poll_ending(cx),
                false => body.as_mut().poll(cx).map(Some),
            };
            let Poll::Ready(ended) = polled else {
                this.alarm.set_timer(body.scope());
                return Poll::Pending;
            };
            let ours = this.alarm.end();
            match ended {
                Some(Ok(value)) => return Poll::Ready(Ok(value)),
                Some(Err(_)) if ours => return Poll::Ready(Err(TimedOut::new())),
                None => return Poll::Ready(Err(TimedOut::new())),
                Some(Err(cancelled)) => *this.raised = Some(Cancelled::resume(cancelled)),
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
        let cancelling = state.cancel_requests(task);
        let passed = match limit {
            Limit::Lasts(limit) => limit == 0,
            Limit::Until(deadline) => deadline <= state.time.of_turn(),
        };
        let bell = match passed {
            true => ring_soon(&handle, task),
            false => Bell::Unset(limit, state.timers.borrow_mut().number()),
        };
        Armed { handle, task, cancelling, bell, told: false }
    }

    /// Takes the alarm away; whether it had rung.
    #[inline]
    fn disarm(&self) -> bool {
        match &self.bell {
            Bell::Unset(..) => false,
            Bell::Timer(slot) => {
                let timer = self.handle.state.timers.borrow_mut().remove_at(*slot);
                timer.is_some_and(|timer| timer.over() == Over::Elapsed)
            }
            Bell::Soon(callback, rang) => {
                callback.cancel();
                rang.get().1 == Over::Elapsed
            }
        }
    }
}

#[cold]
fn ring_soon(handle: &LoopHandle, task: Key) -> Bell {
    let rang = Rc::new(Cell::new((ROOT, Over::No)));
    let (state, rings) = (Rc::downgrade(&handle.state), rang.clone());
    let callback = handle.call_soon(move || {
        if let Some(state) = state.upgrade() {
            let leaf = state.ask_scope(task, rings.get().0);
            rings.set(leaf.map_or((ROOT, Over::Elapsed), |leaf| (leaf, Over::Cancelled)));
        }
    });
    Bell::Soon(callback.expect("a loop that runs is not closed"), rang)
}

impl Alarm {
    /// The body waits, in `scope`, and the time runs.
    #[inline]
    fn set_timer(&mut self, scope: u32) {
        let Stage::Armed(armed) = &mut self.0 else { return };
        let (limit, number) = match &armed.bell {
            Bell::Unset(limit, number) => (*limit, *number),
            Bell::Soon(_, rang) if rang.get().1 == Over::No => return rang.set((scope, Over::No)),
            Bell::Soon(..) | Bell::Timer(_) => return,
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

    /// Whether the time is over, and the scope alone was asked to end, and what it waited
    /// for did end by that. If that ended in spite of it, nothing more will happen.
    #[inline]
    fn gives_up(&mut self) -> bool {
        let Stage::Armed(armed) = &mut self.0 else { return false };
        if armed.told {
            return false;
        }
        let state = &armed.handle.state;
        let leaf = match &armed.bell {
            Bell::Timer(slot) => match state.timers.borrow_mut().at(*slot) {
                Some(Timer::Limit(_, leaf, Over::Cancelled)) => *leaf,
                _ => return false,
            },
            Bell::Soon(_, rang) if rang.get().1 == Over::Cancelled => rang.get().0,
            _ => return false,
        };
        let ended = state.ended_cancelled(leaf);
        armed.told = ended == Some(true);
        if ended == Some(false) {
            self.end();
        }
        ended == Some(true)
    }

    /// The body is told to end for another reason, which is to be heard of further out.
    fn untell(&mut self) {
        if let Stage::Armed(armed) = &mut self.0 {
            armed.told = false;
        }
    }

    /// Takes the alarm away, and its request back; whether nobody else has asked the task
    /// to cancel.
    #[inline]
    fn end(&mut self) -> bool {
        let Stage::Armed(armed) = std::mem::replace(&mut self.0, Stage::Over) else { return false };
        let requests = || armed.handle.state.cancel_requests(armed.task);
        match armed.disarm() {
            true => armed.handle.state.uncancel(armed.task) <= armed.cancelling,
            false => armed.told && requests() <= armed.cancelling,
        }
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
