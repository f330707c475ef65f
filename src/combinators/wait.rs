//! `wait`: until all of them, the first, or the first failure.

use crate::awaitable::Awaitable;
use crate::error::NothingToWaitFor;
use crate::exception::catch;
use crate::future::CallbackId;
use crate::{Future, TimerHandle, call_later, create_future};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

/// What ends a [`wait()`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// All are done.
    AllCompleted,
    /// One is done.
    FirstCompleted,
    /// One has failed: panicked, or, where it is [`fallible`](Awaitable::fallible), returned
    /// an `Err`. A cancellation is no failure. If none fails, all are done.
    FirstException,
}

/// How a [`wait()`] ended: who is done, and who is not; in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Waited<T> {
    /// Those that were done when the wait ended.
    pub done: Vec<Awaitable<T>>,
    /// The others. They were not cancelled.
    pub pending: Vec<Awaitable<T>>,
}

/// Waits for some of `awaitables`, or until `timeout` has passed (`None`: no limit), and
/// cancels nothing. One that is given twice counts once.
///
/// # Ordering
/// What ends the wait in turn k calls back in k+1, and the task goes on in k+2; if it was
/// done before, likewise.
///
/// # Errors
/// When there is nothing to wait for.
///
/// # Cancel safety
/// Cancelled or dropped, it leaves no trace on any of them, and cancels none.
///
/// # Panics
/// When no loop is running on this thread.
///
/// ```
/// use oneloop::{ReturnWhen, sleep, spawn, wait};
/// use std::time::Duration;
/// oneloop::run(async {
///     let quick = spawn(async {});
///     let slow = spawn(sleep(Duration::from_secs(60)));
///     let ended = wait([quick, slow], None, ReturnWhen::FirstCompleted).await.unwrap();
///     assert_eq!((ended.done.len(), ended.pending.len()), (1, 1));
/// })
/// .unwrap();
/// ```
#[doc(alias = "select")]
pub async fn wait<T: 'static>(
    awaitables: impl IntoIterator<Item = impl Into<Awaitable<T>>>,
    timeout: Option<Duration>,
    until: ReturnWhen,
) -> Result<Waited<T>, NothingToWaitFor> {
    let mut seen = HashSet::new();
    let all = awaitables.into_iter().map(Into::into);
    let all: Vec<Awaitable<T>> = all.filter(|one| seen.insert(Awaitable::clone(one))).collect();
    if all.is_empty() {
        return Err(NothingToWaitFor::new());
    }
    let waiter = create_future();
    waiter.stands_for(all.iter().map(|one| one.target(&waiter.handle())));
    let timer = timeout.map(|timeout| release_later(&waiter, timeout));
    let count = Rc::new(Count { waiter, timer, left: Cell::new(all.len()), until });
    let watch = Watch { all, callbacks: RefCell::default() };
    for one in &watch.all {
        let (count, of) = (count.clone(), one.clone());
        let callback = one.add_call(move || count.completed(&of));
        watch.callbacks.borrow_mut().push(callback);
    }
    let timed = Timed(count);
    // Cancelled by nobody but this task, which then does not come here.
    let _ = timed.0.waiter.clone().await;
    drop(timed);
    let all = watch.end();
    let (done, pending) = all.into_iter().partition(Awaitable::done);
    Ok(Waited { done, pending })
}

/// Completes `waiter` when `timeout` has passed, if it is not done then.
fn release_later(waiter: &Future<()>, timeout: Duration) -> TimerHandle {
    let waiter = waiter.clone();
    call_later(timeout, move || release(&waiter))
}

pub(super) fn release(waiter: &Future<()>) {
    let _ = waiter.set_result(());
}

struct Count {
    waiter: Future<()>,
    timer: Option<TimerHandle>,
    left: Cell<usize>,
    until: ReturnWhen,
}

impl Count {
    fn completed<T: 'static>(&self, one: &Awaitable<T>) {
        self.left.set(self.left.get().saturating_sub(1));
        if self.waiter.done() {
            return;
        }
        let ends = match self.until {
            ReturnWhen::AllCompleted => false,
            ReturnWhen::FirstCompleted => true,
            // Asking runs the user's clone, whose panic is a failure.
            ReturnWhen::FirstException => catch(|| one.failed()).unwrap_or(true),
        };
        if ends || self.left.get() == 0 {
            self.stop_timer();
            release(&self.waiter);
        }
    }

    fn stop_timer(&self) {
        if let Some(timer) = &self.timer {
            timer.cancel();
        }
    }
}

/// Takes the timer away at the end, whatever end that is.
struct Timed(Rc<Count>);

impl Drop for Timed {
    fn drop(&mut self) {
        self.0.stop_timer();
    }
}

/// The callbacks on what is waited for; they go with this.
struct Watch<T: 'static> {
    all: Vec<Awaitable<T>>,
    callbacks: RefCell<Vec<CallbackId>>,
}

impl<T> Watch<T> {
    fn end(mut self) -> Vec<Awaitable<T>> {
        self.remove_callbacks();
        std::mem::take(&mut self.all)
    }

    fn remove_callbacks(&self) {
        for (one, callback) in self.all.iter().zip(self.callbacks.take()) {
            one.remove_done_callback(callback);
        }
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.remove_callbacks();
    }
}
