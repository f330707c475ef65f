//! Waiting for time: sleeps, and intervals.

mod interval;
mod parked;
mod sleep;

pub use interval::{Interval, MissedTick, interval, interval_at};
pub(crate) use parked::{Parked, Ticket};
pub use sleep::{Sleep, YieldNow};

use crate::kernel::context;
use std::time::Duration;

/// Waits until `duration` has passed on the loop's clock, counted from this call. Never
/// early; `Duration::MAX` is for ever. A duration of zero is a bare reschedule, as in
/// asyncio: the same as [`yield_now`].
///
/// # Ordering
/// The timer fires in the first turn whose time has reached the deadline, and completes
/// the wait; the task goes on in the turn after. Sleeps with the same deadline end in the
/// order in which they were first polled (rule 3).
///
/// # Cancel safety
/// Dropping it takes the timer away. Nothing is lost.
///
/// # Panics
/// When no loop is running on this thread; also if it is first polled there.
///
/// ```
/// use std::time::Duration;
/// oneloop::run(async {
///     let begun = oneloop::running_loop().unwrap().time();
///     oneloop::sleep(Duration::from_millis(5)).await;
///     assert!(oneloop::running_loop().unwrap().time() - begun >= Duration::from_millis(5));
/// })
/// .unwrap();
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    context::with_current(|handle| Sleep::lasting(handle, duration))
        .unwrap_or_else(|none| panic!("sleep: {none}"))
}

/// Waits until the loop's [`time`](crate::LoopHandle::time) has reached `deadline`; as
/// [`sleep`] otherwise.
///
/// # Cancel safety
/// As [`sleep`].
///
/// # Panics
/// When it is first polled where no loop is running.
pub fn sleep_until(deadline: Duration) -> Sleep {
    Sleep::until(deadline)
}

/// Lets everybody else who is ready run first: goes on in the next turn. Never a timer.
///
/// # Ordering
/// The task goes to the back of the ready queue (rule 1).
///
/// # Cancel safety
/// Nothing is lost.
///
/// ```
/// oneloop::run(async {
///     let turn = oneloop::running_loop().unwrap().turns();
///     oneloop::yield_now().await;
///     assert_eq!(oneloop::running_loop().unwrap().turns(), turn + 1);
/// })
/// .unwrap();
/// ```
#[doc(alias = "sleep(0)")]
pub fn yield_now() -> YieldNow {
    YieldNow::new()
}
