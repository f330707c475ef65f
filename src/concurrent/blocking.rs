//! `Blocking`: a job on another thread, as the loop sees it.
//!
//! A job is one allocation that both threads share: the closure, then its result, and the
//! waker of who awaits it. The result counts as there when the loop has been told, not
//! before: so it arrives in a turn, as every event does.

use crate::LoopHandle;
use crate::error::{JoinError, JoinFailure};
use crate::lowlevel::{Completion, Mailbox};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The result to come of a job on another thread; see [`run_blocking`](crate::run_blocking).
#[must_use = "dropping it unawaited lets the job run, and its result go"]
pub struct Blocking<T> {
    job: Arc<dyn Shared<T>>,
    awaited: bool,
}

/// A job, as its worker sees it.
pub(super) trait Job: Send + Sync {
    /// Runs the closure, unless it was cancelled, and tells the loop.
    fn run(self: Arc<Self>);
    /// Ends the job without running it.
    fn refuse(self: Arc<Self>, why: &'static str);
}

/// A job, as its awaiter sees it.
trait Shared<T>: Send + Sync {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
    fn abandon(&self);
}

struct Cell<F, T> {
    inner: Mutex<Inner<F, T>>,
    mailbox: Mailbox,
}

struct Inner<F, T> {
    /// The closure, until a worker takes it or the awaiter gives up.
    work: Option<F>,
    result: Option<Result<T, JoinError>>,
    /// The loop has been told.
    delivered: bool,
    waker: Option<Waker>,
}

/// Makes a job of `f`, for a worker and for its awaiter.
pub(super) fn new<T, F>(handle: &LoopHandle, f: F) -> (Arc<dyn Job>, Blocking<T>)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let inner = Inner { work: Some(f), result: None, delivered: false, waker: None };
    let cell = Arc::new(Cell { inner: Mutex::new(inner), mailbox: handle.mailbox() });
    (cell.clone(), Blocking { job: cell, awaited: false })
}

impl<F, T> Cell<F, T> {
    fn lock(&self) -> MutexGuard<'_, Inner<F, T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F, T> Cell<F, T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    fn finish(self: Arc<Self>, result: Option<Result<T, JoinError>>) {
        self.lock().result = result;
        // The loop may be closed by now; then nobody is there to be told.
        let mailbox = self.mailbox.clone();
        if let Err(refused) = mailbox.send(self) {
            log::debug!("a job ended that nobody waits for: {refused}");
        }
    }
}

impl<F, T> Job for Cell<F, T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    fn run(self: Arc<Self>) {
        let work = self.lock().work.take();
        let result = work.map(|work| {
            catch_unwind(AssertUnwindSafe(work))
                .map_err(|payload| JoinError(JoinFailure::Panicked(payload.into())))
        });
        self.finish(result);
    }

    fn refuse(self: Arc<Self>, why: &'static str) {
        let work = self.lock().work.take();
        let result = work.is_some().then(|| Err(JoinError(JoinFailure::Refused(why))));
        if catch_unwind(AssertUnwindSafe(|| drop(work))).is_err() {
            log::error!("a job that was refused panicked when it was dropped");
        }
        self.finish(result);
    }
}

impl<F, T> Completion for Cell<F, T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    fn complete(self: Arc<Self>) {
        if let Ok(here) = LoopHandle::current() {
            here.job_ended();
        }
        let waker = {
            let mut inner = self.lock();
            inner.delivered = true;
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<F: Send, T: Send> Shared<T> for Cell<F, T> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut inner = self.lock();
        if !inner.delivered {
            let old = inner.waker.replace(cx.waker().clone());
            drop(inner);
            drop(old);
            return Poll::Pending;
        }
        let result = inner.result.take();
        Poll::Ready(result.unwrap_or_else(|| Err(JoinError(JoinFailure::Taken))))
    }

    fn abandon(&self) {
        let mut inner = self.lock();
        let left = (inner.work.take(), inner.waker.take());
        drop(inner);
        drop(left);
    }
}

impl<T> Future for Blocking<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.awaited = true;
        self.job.poll(cx)
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
