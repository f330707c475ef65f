//! `Blocking`: a job on another thread, as the loop sees it.
//!
//! A job is one allocation that both threads share: the closure, then its result, and the
//! waker of who awaits it. Nearly all of a tiny job's cost are its locked instructions: so
//! one lock is held from the closure to the result, and who has the job alone needs none.
//!
//! The result counts as there when the loop has been told, not before: so it arrives in a
//! turn, as every event does.

use crate::LoopHandle;
use crate::error::{JoinError, JoinFailure};
use crate::lowlevel::{Completion, Mailbox};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What a panic carried.
type Payload = Box<dyn std::any::Any + Send>;

/// The result to come of a job on another thread; see [`run_blocking`](crate::run_blocking).
///
/// # Cancel safety
/// If an await is dropped, a job that has not begun never does; one that runs goes on, and
/// its result is dropped. One that was never awaited lets its job run.
#[must_use = "dropping it unawaited lets the job run, and its result go"]
pub struct Blocking<T> {
    job: Arc<dyn Shared<T>>,
    /// Somebody awaits it, and it is not done.
    awaited: bool,
}

/// A lock under which a panic means nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A job, as its worker sees it.
pub(super) trait Job: Send + Sync {
    /// Runs the closure, unless it was cancelled, and tells the loop.
    fn run(self: Arc<Self>, mailbox: &Mailbox);
    /// Ends the job without running it.
    fn refuse(self: Arc<Self>, why: &'static str, mailbox: &Mailbox);
}

/// A job, as its awaiter sees it.
trait Shared<T>: Send + Sync {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
    /// The result, for who has the job alone: then it was delivered, or the loop is closed.
    fn take(&mut self) -> Result<T, JoinError>;
    /// Nobody awaits it any more.
    fn abandon(&self);
}

struct Cell<F, T> {
    /// Locked while the job runs: who finds it locked knows that it does.
    stage: Mutex<Stage<F, T>>,
    awaiter: Mutex<Awaiter>,
}

enum Stage<F, T> {
    Waits(F),
    /// It runs; or the awaiter gave up before, or has got the result.
    Empty,
    Ended(Result<T, JoinError>),
}

#[derive(Default)]
struct Awaiter {
    /// The loop has been told, or is closed.
    delivered: bool,
    waker: Option<Waker>,
}

/// Makes a job of `f`, for a worker and for its awaiter.
pub(super) fn new<T, F>(f: F) -> (Arc<dyn Job>, Blocking<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let stage = Mutex::new(Stage::Waits(f));
    let cell = Arc::new(Cell { stage, awaiter: Mutex::default() });
    (cell.clone(), Blocking { job: cell, awaited: false })
}

impl<F, T> Stage<F, T> {
    /// The closure, if nobody took it before.
    fn take_work(&mut self) -> Option<F> {
        match std::mem::replace(self, Stage::Empty) {
            Stage::Waits(work) => Some(work),
            other => {
                *self = other;
                None
            }
        }
    }

    /// What an await gives.
    fn take_result(&mut self) -> Result<T, JoinError> {
        match std::mem::replace(self, Stage::Empty) {
            Stage::Ended(result) => result,
            _ => Err(JoinError(JoinFailure::Taken)),
        }
    }
}

/// Tells the loop. It may be closed by now.
fn tell<F: Send + 'static, T: Send + 'static>(mailbox: &Mailbox, job: Arc<Cell<F, T>>) {
    if let Err(refused) = mailbox.send(job) {
        log::debug!("a job ended that the loop does not wait for: {refused}");
    }
}

impl<F, T> Job for Cell<F, T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    fn run(self: Arc<Self>, mailbox: &Mailbox) {
        let mut stage = lock(&self.stage);
        if let Some(work) = stage.take_work() {
            let result = catch_unwind(AssertUnwindSafe(work));
            let panicked = |payload: Payload| JoinError(JoinFailure::Panicked(payload.into()));
            *stage = Stage::Ended(result.map_err(panicked));
        }
        drop(stage);
        tell(mailbox, self);
    }

    fn refuse(self: Arc<Self>, why: &'static str, mailbox: &Mailbox) {
        let work = {
            let mut stage = lock(&self.stage);
            let work = stage.take_work();
            if work.is_some() {
                *stage = Stage::Ended(Err(JoinError(JoinFailure::Refused(why))));
            }
            work
        };
        if catch_unwind(AssertUnwindSafe(|| drop(work))).is_err() {
            log::error!("a job that was refused panicked when it was dropped");
        }
        tell(mailbox, self);
    }
}

impl<F: Send, T: Send> Completion for Cell<F, T> {
    fn complete(self: Arc<Self>) {
        if let Ok(here) = LoopHandle::current() {
            here.job_ended();
        }
        self.deliver();
    }

    /// The loop is closed: whoever awaits the job is another loop's, and is told at once.
    fn lost(self: Arc<Self>) {
        if catch_unwind(AssertUnwindSafe(|| self.deliver())).is_err() {
            log::error!("the waker of a job panicked when it was woken");
        }
    }
}

impl<F, T> Cell<F, T> {
    fn deliver(&self) {
        let waker = {
            let mut awaiter = lock(&self.awaiter);
            awaiter.delivered = true;
            awaiter.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<F: Send, T: Send> Shared<T> for Cell<F, T> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut awaiter = lock(&self.awaiter);
        if !awaiter.delivered {
            let old = awaiter.waker.replace(cx.waker().clone());
            drop(awaiter);
            drop(old);
            return Poll::Pending;
        }
        drop(awaiter);
        Poll::Ready(lock(&self.stage).take_result())
    }

    fn take(&mut self) -> Result<T, JoinError> {
        self.stage.get_mut().unwrap_or_else(PoisonError::into_inner).take_result()
    }

    fn abandon(&self) {
        let waker = lock(&self.awaiter).waker.take();
        // Locked: it runs, and there is nothing to give up.
        let work = self.stage.try_lock().ok().and_then(|mut stage| stage.take_work());
        // Each is somebody's, and two panics in one drop would be the end.
        if catch_unwind(AssertUnwindSafe(|| drop(waker))).is_err() {
            log::error!("the waker of a job panicked when it was dropped");
        }
        drop(work);
    }
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(job) = Arc::get_mut(&mut self.job) {
            let result = job.take();
            self.awaited = false;
            return Poll::Ready(result);
        }
        let polled = self.job.poll(cx);
        self.awaited = polled.is_pending();
        polled
    }
}

impl<T> Drop for Blocking<T> {
    fn drop(&mut self) {
        if self.awaited {
            self.job.abandon();
        }
    }
}

impl<T> fmt::Debug for Blocking<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.awaited { "Blocking(awaited)" } else { "Blocking" })
    }
}
