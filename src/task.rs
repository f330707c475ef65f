//! `Task` and `TaskRef`: the two handles of a task.
//!
//! A `Task` has the result to give, a `TaskRef` only names the task. Neither keeps it
//! running: the loop does. Both are keys, so both are harmless when the task is gone.

use crate::{LoopHandle, TaskRef};

use crate::error::{Closed, FutureError, JoinError, JoinFailure};

use crate::exception::catch;
use crate::kernel::{Key, Target};
use crate::stage::{Body, body_of, fallible_body_of};

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
/// A cancel request on a task that awaits this one goes to this one first. A dropped await
/// takes nothing with it, and stops nothing.
pub struct Task<T> {
    task: TaskRef,
    wait: Wait,
    gives: PhantomData<fn() -> T>,
}

/// An await in progress: its place among the waiters (0: none), and its leaf.
#[derive(Default)]
struct Wait {
    number: u64,
    leaf: Option<u32>,
    /// Where a task that awaits itself is told to come back.
    on_itself: YieldNow,
    /// The result was taken: the task is gone.
    over: bool,
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
    #[inline(always)] // the future is moved straight to where it stays
    pub fn spawn<F>(&self, future: F) -> Result<Task<F::Output>, Closed>
    where
        F: std::future::Future + 'static,
    {
        self.spawn_body(body_of(future), None, Location::caller())
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
        self.spawn_body(body_of(future), Some(name.into()), Location::caller())
    }

    /// As [`spawn`](Self::spawn), of a future whose `Err` counts as an error: if the task
    /// ends with one although it was asked to cancel and has not heard of it, the error is
    /// its result. Of any other task that ends so the value is lost: it ends cancelled.
    ///
    /// # Errors
    /// When the loop is closed; the future is dropped.
    #[track_caller]
    pub fn spawn_fallible<F, T, E>(&self, future: F) -> Result<Task<Result<T, E>>, Closed>
    where
        F: std::future::Future<Output = Result<T, E>> + 'static,
    {
        self.spawn_body(fallible_body_of(future), None, Location::caller())
    }

    /// `T` is the output of the future in `body`.
    #[inline(always)]
    pub(crate) fn spawn_body<T>(
        &self,
        body: Pin<Box<dyn Body>>,
        name: Option<String>,
        at: &'static Location<'static>,
    ) -> Result<Task<T>, Closed> {
        if self.is_closed() {
            return Err(Closed::new());
        }
        Ok(Task::new(self.clone(), self.state.add_task(body, name, at)))
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

impl<T> Task<T> {
    #[inline(always)]
    pub(crate) fn new(handle: LoopHandle, key: Key) -> Self {
        let number = handle.state.next_task.get();
        let task = TaskRef { handle, key, number };
        Task { task, wait: Wait::default(), gives: PhantomData }
    }
}

impl<T: 'static> Task<T> {
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
        state.see_panic(self.task.key);
        // The body is taken out, so that cloning the value may do as it likes.
        let body = state.tasks.borrow_mut().get_mut(self.task.key)?.body.take()?;
        let result = body.result().and_then(|r| r.downcast_ref::<Result<T, JoinError>>());
        let copy = catch(|| result.cloned());
        if let Some(task) = state.tasks.borrow_mut().get_mut(self.task.key) {
            task.body = Some(body);
        }
        copy.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    #[inline]
    pub(crate) fn take_result(&self) -> Result<T, JoinError> {
        let mut result: Option<Result<T, JoinError>> = None;
        if let Some(mut body) = self.task.handle.state.forget(self.task.key) {
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
        if task.handle.state.holds_back(cx) {
            return Poll::Pending;
        }
        self.leave(task);
        Poll::Ready(Ok(()))
    }

    fn wait(&mut self, task: &TaskRef, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        let state = &task.handle.state;
        if state.current_task() == Some(task.key) {
            // A task that awaits itself is told so in its next step, as in asyncio.
            let itself = |()| Err(JoinError(JoinFailure::AwaitedItself));
            return Pin::new(&mut self.on_itself).poll(cx).map(itself);
        }
        state.await_leaf(&mut self.leaf, || Target::Task(task.key));
        let newest = cx.waker().clone();
        let old = match state.tasks.borrow_mut().get_mut(task.key) {
            Some(entry) => state.await_in(&mut entry.waiters, &mut self.number, newest),
            None => None,
        };
        state.discard_waker(old);
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
        state.discard_waiter(waiter);
    }
}

impl<T: 'static> std::future::Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match this.wait.poll(&this.task, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                this.wait.over = true;
                Poll::Ready(this.take_result())
            }
        }
    }
}

/// The future of `(&task).await`.
///
/// # Cancel safety
/// A cancel request on the task that awaits goes to the one that is awaited first. A
/// dropped await takes nothing with it.
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
        if self.wait.over {
            return;
        }
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
