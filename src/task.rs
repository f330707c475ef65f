//! `Task` and `TaskRef`: the two handles of a task.
//!
//! A `Task` has the result to give, a `TaskRef` only names the task. Neither keeps it
//! running: the loop does. Both are keys, so both are harmless when the task is gone.

use crate::LoopHandle;
use crate::call::Call;
use crate::error::{Closed, FutureError, JoinError, JoinFailure};
use crate::future::CallbackId;
use crate::kernel::{Cancel, Key, Phase, Target, Waiter};
use crate::observe::Cause;
use crate::time::YieldNow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A running task, and its result to come.
///
/// Awaiting it gives `Ok(value)`, or why there is none: cancelled, or panicked. Awaited
/// by value, as any future, it gives the value away; `(&task).await` gives a clone, any
/// number of times. Dropping it neither stops the task nor loses a panic.
///
/// # Ordering
/// A task that ends in turn k makes those ready who await it, in the order in which they
/// came; they go on in turn k+1 (rule 8).
///
/// # Cancel safety
/// A dropped await takes nothing with it.
pub struct Task<T> {
    task: TaskRef,
    wait: Wait,
    gives: PhantomData<fn() -> T>,
}

/// The name of a task. A task that is over and whose [`Task`] is gone is only known to
/// be done.
#[derive(Clone)]
pub struct TaskRef {
    pub(crate) handle: LoopHandle,
    pub(crate) key: Key,
    number: u32,
}

/// An await in progress: its place among the waiters (0: none), and its leaf.
#[derive(Default)]
struct Wait {
    number: u64,
    leaf: Option<u32>,
    /// The task awaits itself, and has been told to come back.
    on_itself: Option<YieldNow>,
}

impl LoopHandle {
    /// Makes a task of `future`. It takes its first step in the next turn, never here
    /// (rule 7), after all that is ready now.
    ///
    /// The loop owns the task: dropping the handle neither stops it nor loses it.
    ///
    /// # Errors
    /// When the loop is closed; the future is dropped.
    #[doc(alias = "create_task")]
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> Result<Task<F::Output>, Closed>
    where
        F: std::future::Future + 'static,
    {
        if self.is_closed() {
            return Err(Closed::new());
        }
        let key = self.state.add_task(future, None, Location::caller());
        Ok(Task::new(self.clone(), key))
    }

    /// As [`spawn`](Self::spawn), with a name for traces and reports.
    ///
    /// # Errors
    /// When the loop is closed; the future is dropped.
    #[track_caller]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<String>,
        future: F,
    ) -> Result<Task<F::Output>, Closed>
    where
        F: std::future::Future + 'static,
    {
        if self.is_closed() {
            return Err(Closed::new());
        }
        let key = self.state.add_task(future, Some(name.into()), Location::caller());
        Ok(Task::new(self.clone(), key))
    }

    /// The task whose step is running; none in a callback.
    pub fn current_task(&self) -> Option<TaskRef> {
        self.state.current_task().and_then(|key| TaskRef::new(self.clone(), key))
    }

    /// All tasks that are not done, in the order in which they were made.
    pub fn all_tasks(&self) -> Vec<TaskRef> {
        let keys = self.state.unfinished();
        keys.into_iter().filter_map(|key| TaskRef::new(self.clone(), key)).collect()
    }
}

impl<T: 'static> Task<T> {
    #[inline]
    pub(crate) fn new(handle: LoopHandle, key: Key) -> Self {
        let number = handle.state.next_task.get();
        let task = TaskRef { handle, key, number };
        Task { task, wait: Wait::default(), gives: PhantomData }
    }

    /// A clone of the result, if it is there; a panic or a cancellation is
    /// `Ok(Err(..))`, without what the panic carried.
    ///
    /// # Errors
    /// When the task is not done.
    pub fn result(&self) -> Result<Result<T, JoinError>, FutureError>
    where
        T: Clone,
    {
        if !self.done() {
            return Err(FutureError::NotReady);
        }
        Ok(self.copy_result().unwrap_or_else(|| Err(JoinError(JoinFailure::Taken))))
    }

    fn copy_result(&self) -> Option<Result<T, JoinError>>
    where
        T: Clone,
    {
        let state = &self.task.handle.state;
        // The body is taken out, so that cloning the value may do as it likes.
        let body = state.tasks.borrow_mut().get_mut(self.task.key)?.body.take()?;
        let copy =
            body.result().and_then(|r| r.downcast_ref::<Result<T, JoinError>>()).map(|result| {
                match result {
                    Ok(value) => Ok(value.clone()),
                    Err(JoinError(JoinFailure::Panicked(payload))) => {
                        let text = crate::error::panic_message(&**payload).to_owned();
                        Err(JoinError(JoinFailure::Panicked(Box::new(text))))
                    }
                    Err(_) => Err(JoinError::cancelled()),
                }
            });
        if let Some(task) = state.tasks.borrow_mut().get_mut(self.task.key) {
            task.body = Some(body);
        }
        copy
    }

    #[inline]
    pub(crate) fn take_result(&self) -> Result<T, JoinError> {
        let mut result: Option<Result<T, JoinError>> = None;
        if let Some(mut body) = self.task.handle.state.forget(self.task.key).and_then(|t| t.body) {
            body.as_mut().take_result(&mut result);
        }
        result.unwrap_or_else(|| Err(JoinError(JoinFailure::Taken)))
    }
}

impl Wait {
    /// Waits for the end of `task`: ready with `Err` if it would wait for itself.
    #[inline]
    fn poll(&mut self, task: &TaskRef, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        if !task.done() {
            return self.wait(task, cx);
        }
        self.leave(task);
        Poll::Ready(Ok(()))
    }

    fn wait(&mut self, task: &TaskRef, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        let state = &task.handle.state;
        if state.current_task() == Some(task.key) {
            // A task that awaits itself is told so in its next step, as in asyncio.
            let told = self.on_itself.get_or_insert_with(YieldNow::new);
            let itself = || Err(JoinError(JoinFailure::AwaitedItself));
            return Pin::new(told).poll(cx).map(|()| itself());
        }
        if self.leaf.is_none() {
            self.leaf = state.add_leaf(Target::Task(task.key));
        }
        let old = match state.tasks.borrow_mut().get_mut(task.key) {
            Some(entry) => state.await_in(&mut entry.waiters, &mut self.number, cx.waker()),
            None => None,
        };
        drop(old);
        Poll::Pending
    }

    #[inline]
    fn leave(&mut self, task: &TaskRef) {
        if self.number != 0 || self.leaf.is_some() {
            self.forget(task);
        }
    }

    #[cold]
    fn forget(&mut self, task: &TaskRef) {
        let state = &task.handle.state;
        if let Some(leaf) = self.leaf.take() {
            state.drop_leaf(leaf);
        }
        let number = std::mem::take(&mut self.number);
        let waiter =
            state.tasks.borrow_mut().get_mut(task.key).and_then(|t| t.waiters.remove(number));
        drop(waiter);
    }
}

impl<T: 'static> std::future::Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.wait.poll(&this.task, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => Poll::Ready(this.take_result()),
        }
    }
}

/// The future of `(&task).await`.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Join<'a, T> {
    task: &'a Task<T>,
    wait: Wait,
}

impl<'a, T: Clone + 'static> IntoFuture for &'a Task<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = Join<'a, T>;

    fn into_future(self) -> Join<'a, T> {
        Join { task: self, wait: Wait::default() }
    }
}

impl<T: Clone + 'static> std::future::Future for Join<'_, T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.wait.poll(&this.task.task, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                let taken = || Err(JoinError(JoinFailure::Taken));
                Poll::Ready(this.task.copy_result().unwrap_or_else(taken))
            }
        }
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        self.wait.leave(&self.task.task);
    }
}

impl<T> Drop for Task<T> {
    #[inline]
    fn drop(&mut self) {
        self.wait.leave(&self.task);
        let state = &self.task.handle.state;
        let mut tasks = state.tasks.borrow_mut();
        if let Some(task) = tasks.get_mut(self.task.key) {
            task.held = false;
            state.forget_unheld(tasks, self.task.key);
        }
    }
}

impl<T> Deref for Task<T> {
    type Target = TaskRef;

    fn deref(&self) -> &TaskRef {
        &self.task
    }
}

impl TaskRef {
    pub(crate) fn new(handle: LoopHandle, key: Key) -> Option<Self> {
        let number = handle.state.tasks.borrow().get(key)?.number;
        Some(TaskRef { handle, key, number })
    }

    fn phase(&self) -> Option<Phase> {
        Some(self.handle.state.tasks.borrow().get(self.key)?.phase)
    }

    /// The task's number: the n-th that this loop made.
    pub fn id(&self) -> u32 {
        self.number
    }

    /// Its name: the one it was given, or `Task-<id>`.
    #[doc(alias = "get_name")]
    pub fn name(&self) -> String {
        match self.phase() {
            Some(_) => self.handle.state.task_name(self.key),
            None => format!("Task-{}", self.number),
        }
    }

    /// Gives the task a name.
    pub fn set_name(&self, name: impl Into<String>) {
        if self.phase().is_some() {
            let mut infos = self.handle.state.infos.borrow_mut();
            infos.entry(self.key.index).or_default().name = Some(name.into());
        }
    }

    /// Whether it has ended, in whatever way.
    pub fn done(&self) -> bool {
        !matches!(self.phase(), Some(Phase::Waiting | Phase::Stepping))
    }

    /// Whether it ended by being cancelled.
    pub fn cancelled(&self) -> bool {
        self.phase() == Some(Phase::Cancelled)
    }

    /// Whether it ended by a panic.
    pub fn panicked(&self) -> bool {
        self.phase() == Some(Phase::Panicked)
    }

    /// What the task waits for, in words.
    pub fn waits_for(&self) -> Option<String> {
        (!self.done()).then(|| self.handle.state.waits_for(self.key))
    }

    /// Asks the task to end. The request is delivered at the start of its next step, in
    /// the next turn (rule 10), where its future is dropped; what the task awaits is asked
    /// first, and a task or future that is awaited is cancelled in turn. A task that has
    /// not begun never does. Returns whether there was anything to cancel: false when it
    /// is done.
    pub fn cancel(&self) -> bool {
        self.handle.state.request_cancel(self.key)
    }

    /// How many cancel requests were made and not taken back.
    pub fn cancelling(&self) -> u32 {
        let infos = self.handle.state.infos.borrow();
        infos.get(&self.key.index).filter(|_| self.phase().is_some()).map_or(0, |i| i.cancelling)
    }

    /// Takes one cancel request back and returns how many remain. At none, a request that
    /// is not delivered yet is void; one that went on to what the task awaits is not
    /// called back.
    pub fn uncancel(&self) -> u32 {
        self.phase().map_or(0, |_| self.handle.state.uncancel(self.key))
    }

    /// Calls `f` with this task, as a callback of its own, once it is done: never from
    /// in here, even if it is done already (rule 7).
    #[track_caller]
    pub fn add_done_callback(&self, f: impl FnOnce(&TaskRef) + 'static) -> CallbackId {
        let (this, at) = (self.clone(), Location::caller());
        let call = Call::new(move || f(&this));
        let state = &self.handle.state;
        let number = state.waiter_number();
        let mut tasks = state.tasks.borrow_mut();
        match tasks.get_mut(self.key).filter(|task| !task.is_done()) {
            Some(task) => task.waiters.push(number, Waiter::Call(call, at)),
            None => {
                drop(tasks);
                state.push_call(|place| *place = call, at, Cause::Done);
            }
        }
        CallbackId(number)
    }

    /// Takes a callback back. False if it is not there: it is on its way already, or ran.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let state = &self.handle.state;
        let removed =
            state.tasks.borrow_mut().get_mut(self.key).and_then(|task| task.waiters.remove(id.0));
        match removed {
            Some(Waiter::Call(call, _)) => state.discard(call),
            Some(Waiter::Waker(_)) | None => return false,
        }
        true
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.handle.state.id == other.handle.state.id
    }
}

impl Eq for TaskRef {}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancel = self.handle.state.tasks.borrow().get(self.key).map(|task| task.cancel);
        let asked = cancel.is_some_and(|c| c != Cancel::No) || self.cancelling() > 0;
        let state = match self.phase() {
            Some(Phase::Waiting | Phase::Stepping) if asked => "cancelling",
            Some(Phase::Waiting | Phase::Stepping) => "pending",
            Some(Phase::Cancelled) => "cancelled",
            Some(Phase::Panicked) => "panicked",
            Some(Phase::Finished) | None => "finished",
        };
        write!(f, "Task({}, {state}", self.name())?;
        if let Some(waits_for) = self.waits_for() {
            write!(f, ", waits for {waits_for}")?;
        }
        f.write_str(")")
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Join({:?})", self.task.task)
    }
}
