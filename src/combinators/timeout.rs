//! `timeout`: scopes with a deadline; and `wait_for`.
//!
//! The deadline is a callback that cancels the task. The scope catches that, and turns it
//! into `TimedOut` only if nobody else has asked the task to cancel meanwhile: it counts.
//! Where the task waits for other things too, only the scope is asked: see `OwnScope`.

use super::limited::{Limit, Limited};
use super::own_scope::OwnScope;
use super::wait::release;
use crate::awaitable::Awaitable;
use crate::clock::nanos;
use crate::error::{Cancelled, JoinError, NotRunning, TimedOut};
use crate::{LoopHandle, TaskRef, create_future};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// A scope with a deadline, which can be moved while it runs: made, kept or given away as a
/// clone, and run once.
///
/// ```
/// use oneloop::{Timeout, sleep};
/// use std::time::Duration;
/// oneloop::run(async {
///     let limit = Timeout::after(Duration::from_secs(60));
///     let ended = limit.run(async {
///         limit.reschedule(Some(Duration::ZERO)).unwrap(); // give up now
///         sleep(Duration::from_secs(60)).await;
///     });
///     assert!(ended.await.is_err() && limit.expired());
/// })
/// .unwrap();
/// ```
#[derive(Clone)]
pub struct Timeout(Rc<Inner>);

struct Inner {
    handle: LoopHandle,
    /// In nanoseconds of the loop's time; none: no deadline.
    when: Cell<Option<Duration>>,
    stage: Cell<Stage>,
    task: RefCell<Option<TaskRef>>,
    /// The task's cancel requests when the scope was entered.
    cancelling: Cell<u32>,
    alarm: RefCell<Option<Alarm>>,
    body: OwnScope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Created,
    Entered,
    /// The deadline has passed, and the task was asked to cancel.
    Expiring,
    /// The deadline has passed, and the body alone was asked to end.
    Ending,
    Expired,
    Exited,
}

/// What cancels the task: a timer, or a callback if the deadline has passed already.
enum Alarm {
    Soon(crate::Handle),
    Timer(crate::TimerHandle),
}

/// Runs `body`, for `limit` at most, counted from when it first has to wait. After that
/// `body` is cancelled, as a task is: what it does to clean up in
/// [`catch_cancel`](crate::catch_cancel()) is waited for.
///
/// Where the task waits for something else beside it, as in a join or a select, that goes
/// on: then `body` alone is cancelled, and nothing is counted as a request to the task.
///
/// # Ordering
/// When the deadline has passed a callback cancels the task, which goes on in the turn
/// after that. Of two nested ones that are due together the outer one reports.
///
/// # Errors
/// When `body` ended by this cancellation. If somebody else asked the task to cancel too,
/// it is cancelled instead; a `body` that ends in spite of it keeps its value.
///
/// # Cancel safety
/// A cancel request from outside arrives in `body`, and goes on outwards. Dropped, it drops
/// `body` and takes its own request back.
///
/// # Panics
/// When it is polled outside of a task.
///
/// ```
/// use std::time::Duration;
/// oneloop::run(async {
///     let never = std::future::pending::<()>();
///     assert!(oneloop::timeout(Duration::from_millis(1), never).await.is_err());
/// })
/// .unwrap();
/// ```
pub fn timeout<F: Future>(limit: Duration, body: F) -> Limited<F> {
    Limited::new(Limit::Lasts(nanos(limit)), body)
}

/// As [`timeout`], until the loop's [`time`](LoopHandle::time) has reached `deadline`.
///
/// # Errors
/// As [`timeout`].
///
/// # Panics
/// As [`timeout`].
pub fn timeout_at<F: Future>(deadline: Duration, body: F) -> Limited<F> {
    Limited::new(Limit::Until(nanos(deadline)), body)
}

impl Timeout {
    /// A scope that may last this long, counted from this call.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub fn after(limit: Duration) -> Self {
        let new = Timeout::at(None);
        new.0.when.set(Some(new.0.handle.time().saturating_add(limit)));
        new
    }

    /// A scope that may last until the loop's time has reached `deadline`; `None`: for ever.
    ///
    /// # Panics
    /// When no loop is running on this thread.
    pub fn at(deadline: Option<Duration>) -> Self {
        let handle = LoopHandle::current().unwrap_or_else(|none| panic!("timeout: {none}"));
        Timeout(Rc::new(Inner {
            handle,
            when: Cell::new(deadline),
            stage: Cell::new(Stage::Created),
            task: RefCell::new(None),
            cancelling: Cell::new(0),
            alarm: RefCell::new(None),
            body: OwnScope::default(),
        }))
    }

    /// Runs `body` in this scope; see [`timeout`].
    ///
    /// # Errors
    /// As [`timeout`].
    ///
    /// # Cancel safety
    /// As [`timeout`].
    ///
    /// # Panics
    /// When it was run before, or outside of a task.
    pub async fn run<F: Future>(&self, body: F) -> Result<F::Output, TimedOut> {
        let task = self.enter();
        let entered = Entered(self);
        let ended = self.0.body.run(&task, body).await;
        let expired = entered.exit();
        match ended {
            Ok(value) => Ok(value),
            Err(Some(cancelled)) if !expired => match cancelled.resume().await {},
            Err(_) => Err(TimedOut::new()),
        }
    }

    /// Moves the deadline; `None`: takes it away.
    ///
    /// # Errors
    /// When the scope is not running, or has expired.
    pub fn reschedule(&self, when: Option<Duration>) -> Result<(), NotRunning> {
        if self.0.stage.get() != Stage::Entered {
            return Err(NotRunning::new());
        }
        self.0.when.set(when);
        self.disarm();
        let Some(when) = when else { return Ok(()) };
        let this = Rc::downgrade(&self.0);
        let expire = move || {
            if let Some(inner) = this.upgrade() {
                inner.expire();
            }
        };
        let handle = &self.0.handle;
        let alarm = if when <= handle.time() {
            handle.call_soon(expire).map(Alarm::Soon)
        } else {
            handle.call_at(when, expire).map(Alarm::Timer)
        };
        // A closed loop runs no more.
        self.0.alarm.replace(alarm.ok());
        Ok(())
    }

    /// The deadline, in the loop's time.
    pub fn when(&self) -> Option<Duration> {
        self.0.when.get()
    }

    /// Whether the deadline has passed while the scope ran.
    pub fn expired(&self) -> bool {
        matches!(self.0.stage.get(), Stage::Expiring | Stage::Ending | Stage::Expired)
    }

    fn enter(&self) -> TaskRef {
        assert!(self.0.stage.get() == Stage::Created, "a timeout is run once");
        let task = self.0.handle.current_task().expect("a timeout is run in a task");
        self.0.cancelling.set(task.cancelling());
        self.0.task.replace(Some(task.clone()));
        self.0.stage.set(Stage::Entered);
        let _ = self.reschedule(self.when());
        task
    }

    fn disarm(&self) {
        match self.0.alarm.take() {
            Some(Alarm::Soon(handle)) => handle.cancel(),
            Some(Alarm::Timer(handle)) => handle.cancel(),
            None => {}
        }
    }
}

impl Inner {
    fn expire(&self) {
        self.alarm.take();
        let task = self.task.borrow().clone();
        // Before anybody's waker may look.
        self.stage.set(Stage::Ending);
        if task.is_some_and(|task| self.body.ask(&task)) {
            self.stage.set(Stage::Expiring);
        }
    }
}

/// A scope that runs; left in whatever way.
struct Entered<'a>(&'a Timeout);

impl Entered<'_> {
    /// Leaves; whether the cancellation was this scope's and nobody else's.
    fn exit(self) -> bool {
        let ours = self.leave();
        std::mem::forget(self); // holds nothing
        ours
    }

    fn leave(&self) -> bool {
        let inner = &self.0.0;
        self.0.disarm();
        let task = inner.task.take();
        match (inner.stage.get(), task) {
            (Stage::Expiring, Some(task)) => {
                inner.stage.set(Stage::Expired);
                task.uncancel() <= inner.cancelling.get()
            }
            (Stage::Ending, _) => {
                inner.stage.set(Stage::Expired);
                false
            }
            _ => {
                inner.stage.set(Stage::Exited);
                false
            }
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Waits for `awaitable`, and cancels it when `timeout` has passed (`None`: never). How it
/// then ends is waited for.
///
/// # Errors
/// When it was cancelled for lack of time; one that ended in spite of that keeps its value.
///
/// # Cancel safety
/// A cancel request on the task goes on to `awaitable`, as with every await. Dropped, it
/// leaves `awaitable` running.
///
/// # Panics
/// When it is polled outside of a task.
pub async fn wait_for<T: 'static>(
    awaitable: impl Into<Awaitable<T>>,
    timeout: Option<Duration>,
) -> Result<Result<T, JoinError>, TimedOut> {
    let awaitable = awaitable.into();
    if timeout != Some(Duration::ZERO) {
        let deadline = timeout.map(|timeout| crate::Timeout::after(timeout).when());
        let limit = Timeout::at(deadline.flatten());
        let body = async {
            let joined = awaitable.clone().await;
            if limit.expired() && awaitable.ended_cancelled() {
                // Too late, although the request that said so was taken back.
                match Cancelled::new().resume().await {}
            }
            joined
        };
        return limit.run(body).await;
    }
    if !awaitable.done() {
        cancel_and_wait(&awaitable).await;
        if awaitable.ended_cancelled() {
            return Err(TimedOut::new());
        }
    }
    Ok(awaitable.into_future().await)
}

/// Cancels, and waits for the end: not for the thing itself, so that a cancellation of the
/// task is never mistaken for one of that.
async fn cancel_and_wait<T: 'static>(awaitable: &Awaitable<T>) {
    let waiter = create_future();
    waiter.stands_for([awaitable.target(&waiter.handle())]);
    let over = waiter.clone();
    let callback = awaitable.add_call(move || release(&over));
    let _watch = Watched { awaitable, callback };
    awaitable.cancel();
    let _ = waiter.await;
}

struct Watched<'a, T: 'static> {
    awaitable: &'a Awaitable<T>,
    callback: crate::CallbackId,
}

impl<T> Drop for Watched<'_, T> {
    fn drop(&mut self) {
        self.awaitable.remove_done_callback(self.callback);
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timeout({:?}, until {:?})", self.0.stage.get(), self.0.when.get())
    }
}
