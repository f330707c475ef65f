//! `run`: a loop from beginning to end, and the calls on the loop that is running.

use crate::ending::{GRACE, end};
use crate::error::{NoRunningLoop, RunError};
use crate::kernel::context;
use crate::stage::body_of;
use crate::{EventLoop, Future, Handle, LoopHandle, Task, TaskRef, TimerHandle};
use std::panic::Location;
use std::time::Duration;

/// Runs `main` to its end on a loop of its own.
///
/// At the end, tasks that are left over are cancelled, in the order in which they were
/// made, and awaited for 10 s at most; the pool is shut down (jobs that run get 10 s), and
/// the loop is closed. A panic of such a task goes to the exception handler. A task that
/// does not end, or is spawned meanwhile, is reported by its name, and dropped.
///
/// What a [`Runner`](crate::Runner) does besides, more than one run and Ctrl-C, this does
/// not: SIGINT ends the process.
///
/// # Errors
/// When a loop is running on this thread already, when the system has no descriptors left
/// for another, or when `main` is cancelled.
///
/// # Panics
/// When `main` does, with the same payload.
///
/// ```
/// let answer = oneloop::run(async { 6 * 7 }).unwrap();
/// assert_eq!(answer, 42);
/// ```
#[doc(alias = "asyncio.run")]
#[doc(alias = "block_on")]
#[track_caller]
pub fn run<F>(main: F) -> Result<F::Output, RunError>
where
    F: std::future::Future + 'static,
{
    EventLoop::new().map_err(RunError::Io)?.run(main)
}

impl EventLoop {
    /// As [`run`], on this loop, which is used up by it.
    ///
    /// # Errors
    /// As [`run`]; on virtual time also when nothing can ever happen again.
    ///
    /// # Panics
    /// When `main` does, with the same payload.
    #[track_caller]
    pub fn run<F>(self, main: F) -> Result<F::Output, RunError>
    where
        F: std::future::Future + 'static,
    {
        self.may_run()?;
        let ending = Ending(&self);
        let result = self.run_until_complete(main);
        drop(ending);
        result
    }
}

/// Ends what `main` left over, also when it panicked.
struct Ending<'a>(&'a EventLoop);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if let Err(error) = end(self.0, GRACE) {
            log::error!("the event loop did not end well: {error}");
        }
    }
}

/// The loop that is running on this thread.
///
/// # Errors
/// When none is.
#[doc(alias = "get_running_loop")]
pub fn running_loop() -> Result<LoopHandle, NoRunningLoop> {
    context::with_current(LoopHandle::clone)
}

/// The running loop, or a panic in the name of the public function `what`.
#[inline]
#[track_caller]
fn here(what: &str) -> LoopHandle {
    match context::with_current(LoopHandle::clone) {
        Ok(handle) => handle,
        Err(none) => panic!("{what}: {none}"),
    }
}

const OPEN: &str = "a loop that is running is not closed";

/// Makes a task on the running loop; see [`LoopHandle::spawn`].
///
/// # Panics
/// When no loop is running on this thread.
#[doc(alias = "create_task")]
#[track_caller]
#[inline(always)] // the future is moved straight to where it stays
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: std::future::Future + 'static,
{
    let (body, handle) = (body_of(future), here("spawn"));
    let key = handle.state.add_task(body, None, Location::caller());
    Task::new(handle, key)
}

/// As [`spawn`], with a name; see [`LoopHandle::spawn_named`].
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
pub fn spawn_named<F>(name: impl Into<String>, future: F) -> Task<F::Output>
where
    F: std::future::Future + 'static,
{
    here("spawn_named").spawn_named(name, future).expect(OPEN)
}

/// Runs `f` in the next turn of the running loop; see [`LoopHandle::call_soon`].
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
#[inline]
pub fn call_soon(f: impl FnOnce() + 'static) -> Handle {
    here("call_soon").call_soon(f).expect(OPEN)
}

/// Runs `f` when `delay` has passed; see [`LoopHandle::call_later`].
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
pub fn call_later(delay: Duration, f: impl FnOnce() + 'static) -> TimerHandle {
    here("call_later").call_later(delay, f).expect(OPEN)
}

/// Runs `f` when the loop's time has reached `when`; see [`LoopHandle::call_at`].
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
pub fn call_at(when: Duration, f: impl FnOnce() + 'static) -> TimerHandle {
    here("call_at").call_at(when, f).expect(OPEN)
}

/// A future of the running loop; see [`Future`].
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
pub fn create_future<T>() -> Future<T> {
    here("create_future").create_future()
}

/// The task whose step is running: none in a callback, or outside a loop.
pub fn current_task() -> Option<TaskRef> {
    context::with_current(LoopHandle::clone).ok()?.current_task()
}

/// The tasks of the running loop that are not done, in the order in which they were made.
///
/// # Panics
/// When no loop is running on this thread.
#[track_caller]
pub fn all_tasks() -> Vec<TaskRef> {
    here("all_tasks").all_tasks()
}
