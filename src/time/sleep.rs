//! The two waits that need nobody else: for a time, and for the next turn.

use crate::LoopHandle;
use crate::clock::nanos;
use crate::kernel::context;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The future of [`sleep`](crate::sleep): done once its time has come.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep(Nap);

enum Nap {
    /// No time at all: a bare reschedule, as asyncio's `sleep(0)`.
    Turn(YieldNow),
    Until(u64),
    /// Its timer's slot.
    Waiting(LoopHandle, u32),
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
                let waiting = context::with_current(|handle| {
                    Nap::Waiting(handle.clone(), handle.state.arm_sleep(deadline, cx.waker()))
                });
                self.0 = waiting.unwrap_or_else(|none| panic!("cannot sleep: {none}"));
                Poll::Pending
            }
            Nap::Waiting(handle, index) => {
                let polled = handle.state.poll_sleep(*index, cx.waker());
                if polled.is_ready() {
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
        if let Nap::Waiting(handle, index) = &self.0 {
            handle.state.end_sleep(*index);
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
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
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
        let step = context::with_current(|handle| handle.state.steps.get()).unwrap_or(0);
        if self.begun == 0 {
            self.begun = step.max(1);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if step == self.begun { Poll::Pending } else { Poll::Ready(()) }
    }
}
