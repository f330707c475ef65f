//! Work that blocks, on threads beside the loop.

mod blocking;
mod pool;

pub use blocking::Blocking;
pub use pool::ShutdownTimeout;

use crate::LoopHandle;
use crate::error::{Closed, NoRunningLoop};
use pool::Pool;
use std::time::Duration;

/// Runs `f` on a thread of the loop's pool: for what would block the loop.
///
/// The pool's threads are named `oneloop-worker-N`, are started when they are needed, and
/// end when they had nothing to do for a while; how many there may be is set by
/// [`Builder::max_workers`](crate::Builder::max_workers). The queue has no bound, as
/// asyncio's has none.
///
/// # Ordering
/// Workers take jobs one at a time, in the order in which they came. So one worker runs
/// them in that order; of two that different workers took, either may begin first. A job
/// waits for no other while a worker is free or may be started.
///
/// A result is sent when its job has ended, whatever its worker does next. It arrives as
/// any message from another thread does (rule 4), as a callback that wakes the task, which
/// goes on in the turn after.
///
/// # Errors
/// The awaited result is a [`JoinError`](crate::JoinError) when `f` panics, when the pool
/// is shut down before `f` began, or when no thread can be started.
///
/// # Cancel safety
/// If an await is dropped, a job that has not begun never does; one that runs goes on, and
/// its result is dropped. A `Blocking` that was never awaited lets its job run.
///
/// # Panics
/// When no loop is running on this thread.
///
/// ```
/// oneloop::run(async {
///     let sum = oneloop::run_blocking(|| (1..=10).sum::<u32>()).await.unwrap();
///     assert_eq!(sum, 55);
/// })
/// .unwrap();
/// ```
#[doc(alias = "to_thread")]
#[doc(alias = "spawn_blocking")]
pub fn run_blocking<T, F>(f: F) -> Blocking<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let handle = LoopHandle::current().unwrap_or_else(|none| panic!("run_blocking: {none}"));
    Pool::of(&handle).submit(&handle, f)
}

impl LoopHandle {
    /// As [`run_blocking`], on this loop, which need not be running.
    ///
    /// # Errors
    /// When the loop is closed; `f` does not run.
    ///
    /// # Cancel safety
    /// As [`run_blocking`].
    pub fn run_in_executor<T, F>(&self, f: F) -> Result<Blocking<T>, Closed>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if self.is_closed() {
            return Err(Closed::new());
        }
        Ok(Pool::of(self).submit(self, f))
    }

    /// Shuts the pool down: takes no new job, refuses those that wait, and waits for those
    /// that run, for `grace` at most: on a loop whose virtual time jumps, in real time, for
    /// the jobs hold its own.
    ///
    /// # Errors
    /// When jobs are still running after `grace`; they are left to themselves.
    ///
    /// # Cancel safety
    /// The pool stays shut down.
    pub async fn shutdown_default_executor(&self, grace: Duration) -> Result<(), ShutdownTimeout> {
        match self.find_extension::<Pool>() {
            Some(pool) => pool.shutdown(self, grace).await,
            None => Pool::never_used(self),
        }
    }
}

impl From<NoRunningLoop> for std::io::Error {
    fn from(none: NoRunningLoop) -> Self {
        std::io::Error::other(none)
    }
}
