//! `Awaitable`: a task or a future of the loop, of whichever type, by its outcome.
//!
//! What asyncio's `gather`, `wait`, `shield` and their kin take: things that are done at
//! some time, that call back then, and that can be cancelled. Clones are the same one.

use crate::call::{Call, surely};
use crate::error::{FutureError, JoinError};
use crate::future::{CallbackId, Target};
use crate::observe::Site;
use crate::{Future, LoopHandle, Task};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;

/// A task or a future, as [`gather`](crate::gather), [`wait`](crate::wait()),
/// [`shield`](crate::shield) and their kin take it: made by `from`, of a
/// [`Task`], an `Rc` of one, or a [`Future`], so that tasks and futures can stand in one
/// list. Equal are those that stand for the same task or future.
///
/// Awaiting it gives a clone of the outcome: `Err` if it was cancelled or panicked. What
/// the task itself returned, an `Err` of its own included, is `Ok`.
///
/// # Cancel safety
/// A dropped await takes nothing with it. A cancel request on a task that awaits this one
/// goes to it first, as with every future of the loop.
///
/// ```
/// use oneloop::Awaitable;
/// oneloop::run(async {
///     let task = oneloop::spawn(async { 1 });
///     let future = oneloop::create_future();
///     future.set_result(2).unwrap();
///     let both: [Awaitable<i32>; 2] = [task.into(), future.into()];
///     assert_eq!(oneloop::gather(both).await.unwrap().unwrap(), [1, 2]);
/// })
/// .unwrap();
/// ```
#[doc(alias = "ensure_future")]
pub struct Awaitable<T> {
    source: Rc<dyn Source<T>>,
    /// Whether an outcome counts as an error, for `wait`.
    failed: fn(&T) -> bool,
}

/// What a task and a future have in common.
trait Source<T> {
    fn handle(&self) -> LoopHandle;
    fn done(&self) -> bool;
    fn cancel(&self) -> bool;
    fn cancelled(&self) -> bool;
    fn ended_cancelled(&self) -> bool;
    fn outcome(&self) -> Result<Result<T, JoinError>, FutureError>;
    fn add_call(&self, call: Call, at: Site) -> CallbackId;
    fn remove_done_callback(&self, id: CallbackId) -> bool;
    fn join(self: Rc<Self>) -> Joining<T>;
    fn identity(&self) -> (u64, u64);
    fn name(&self) -> String;
    fn target(&self) -> Target;
}

/// The future of an awaited [`Awaitable`].
///
/// # Cancel safety
/// As [`Awaitable`].
pub type Joining<T> = Pin<Box<dyn std::future::Future<Output = Result<T, JoinError>>>>;

impl<T: 'static> Awaitable<T> {
    fn new(source: Rc<dyn Source<T>>) -> Self {
        Awaitable { source, failed: |_| false }
    }

    /// Whether it has ended, in whatever way.
    pub fn done(&self) -> bool {
        self.source.done()
    }

    /// Asks it to end, as `cancel` of the task or future does. Whether it could.
    pub fn cancel(&self) -> bool {
        self.source.cancel()
    }

    /// Whether it ended by being cancelled.
    pub fn cancelled(&self) -> bool {
        self.source.cancelled()
    }

    /// A clone of the outcome, if it is there.
    ///
    /// # Errors
    /// When it is not done. That it was cancelled is an outcome.
    pub fn result(&self) -> Result<Result<T, JoinError>, FutureError> {
        self.source.outcome()
    }

    /// Calls `f` with this, as a callback of its own, once it is done: never from in here
    /// (rule 7). Until then it keeps what it stands for, and `f`.
    #[track_caller]
    pub fn add_done_callback(&self, f: impl FnOnce(&Awaitable<T>) + 'static) -> CallbackId {
        let this = self.clone();
        self.source.add_call(Call::new(move || f(&this)), Location::caller())
    }

    /// Takes a callback back. False if it is not there: it is on its way already, or ran.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.source.remove_done_callback(id)
    }

    /// The same one, with its value made into another by `f` each time it is asked for.
    pub fn map<U: 'static>(
        self,
        f: impl Fn(Result<T, JoinError>) -> Result<U, JoinError> + 'static,
    ) -> Awaitable<U> {
        Awaitable::new(Rc::new(Mapped { before: self, map: Rc::new(f) }))
    }

    /// The same one, with the same outcomes counted as errors as of `other`.
    pub(crate) fn judged_as(mut self, other: &Self) -> Self {
        self.failed = other.failed;
        self
    }

    pub(crate) fn handle(&self) -> LoopHandle {
        self.source.handle()
    }

    /// What clones have in common, and nobody else.
    pub(crate) fn identity(&self) -> (u64, u64) {
        self.source.identity()
    }

    /// What it is, without its type, to those who look; none if it is of another loop.
    pub(crate) fn target(&self, on: &LoopHandle) -> Option<Target> {
        (self.handle().state.id == on.state.id).then(|| self.source.target())
    }

    /// Whether awaiting it gives a cancellation, in whatever form.
    pub(crate) fn ended_cancelled(&self) -> bool {
        self.source.ended_cancelled()
    }

    /// Calls `f` once this is done; if its loop closes, at once: who waits may be a task of
    /// another. So `f` is also called when it is taken back, and has to do nothing then.
    #[track_caller]
    pub(crate) fn add_call(&self, f: impl FnOnce() + 'static) -> CallbackId {
        self.source.add_call(Call::new(surely(f)), Location::caller())
    }

    /// Whether it is done, and with an error; a cancellation is none.
    pub(crate) fn failed(&self) -> bool {
        match self.source.outcome() {
            Ok(Ok(value)) => (self.failed)(&value),
            Ok(Err(error)) => !error.is_cancelled() || !self.source.cancelled(),
            Err(_) => false,
        }
    }
}

impl<T: 'static, E: 'static> Awaitable<Result<T, E>> {
    /// The same one, whose `Err` counts as an error to
    /// [`FirstException`](crate::ReturnWhen::FirstException).
    pub fn fallible(mut self) -> Self {
        self.failed = |value| value.is_err();
        self
    }
}

impl<T> Clone for Awaitable<T> {
    fn clone(&self) -> Self {
        Awaitable { source: self.source.clone(), failed: self.failed }
    }
}

impl<T> PartialEq for Awaitable<T> {
    fn eq(&self, other: &Self) -> bool {
        self.source.identity() == other.source.identity()
    }
}

impl<T> Eq for Awaitable<T> {}

impl<T> Hash for Awaitable<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.identity().hash(state);
    }
}

impl<T: 'static> IntoFuture for Awaitable<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = Joining<T>;

    fn into_future(self) -> Joining<T> {
        self.source.join()
    }
}

impl<T> fmt::Debug for Awaitable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.source.done(), self.source.cancelled()) {
            (false, _) => "pending",
            (true, true) => "cancelled",
            (true, false) => "done",
        };
        write!(f, "Awaitable({}, {state})", self.source.name())
    }
}

impl<T: Clone + 'static> From<Rc<Task<T>>> for Awaitable<T> {
    fn from(task: Rc<Task<T>>) -> Self {
        Awaitable::new(task)
    }
}

impl<T: Clone + 'static> From<Task<T>> for Awaitable<T> {
    fn from(task: Task<T>) -> Self {
        Awaitable::new(Rc::new(task))
    }
}

impl<T: Clone + 'static> From<Future<T>> for Awaitable<T> {
    fn from(future: Future<T>) -> Self {
        Awaitable::new(Rc::new(future))
    }
}

impl<T: 'static> From<&Awaitable<T>> for Awaitable<T> {
    fn from(other: &Awaitable<T>) -> Self {
        other.clone()
    }
}

impl<T: Clone + 'static> Source<T> for Task<T> {
    fn handle(&self) -> LoopHandle {
        self.handle.clone()
    }

    fn done(&self) -> bool {
        (**self).done()
    }

    fn cancel(&self) -> bool {
        (**self).cancel()
    }

    fn cancelled(&self) -> bool {
        (**self).cancelled()
    }

    fn ended_cancelled(&self) -> bool {
        (**self).cancelled()
    }

    fn outcome(&self) -> Result<Result<T, JoinError>, FutureError> {
        self.result()
    }

    fn add_call(&self, call: Call, at: Site) -> CallbackId {
        (**self).add_call(call, at)
    }

    fn remove_done_callback(&self, id: CallbackId) -> bool {
        (**self).remove_done_callback(id)
    }

    fn join(self: Rc<Self>) -> Joining<T> {
        Box::pin(async move { (&*self).await })
    }

    fn identity(&self) -> (u64, u64) {
        (u64::from(self.handle.state.id) + 1, self.key.to_bits())
    }

    fn name(&self) -> String {
        (**self).name()
    }

    fn target(&self) -> Target {
        Target::Task(self.key)
    }
}

impl<T: Clone + 'static> Source<T> for Future<T> {
    fn handle(&self) -> LoopHandle {
        Future::handle(self)
    }

    fn done(&self) -> bool {
        Future::done(self)
    }

    fn cancel(&self) -> bool {
        Future::cancel(self)
    }

    fn cancelled(&self) -> bool {
        Future::cancelled(self)
    }

    fn ended_cancelled(&self) -> bool {
        Future::ended_cancelled(self)
    }

    fn outcome(&self) -> Result<Result<T, JoinError>, FutureError> {
        match self.result() {
            Ok(value) => Ok(Ok(value)),
            Err(FutureError::Cancelled) => Ok(Err(JoinError::cancelled())),
            Err(error) => Err(error),
        }
    }

    fn add_call(&self, call: Call, at: Site) -> CallbackId {
        if Future::handle(self).is_closed() {
            Future::cancel(self); // nobody is left to set it
        }
        Future::add_call(self, call, at)
    }

    fn remove_done_callback(&self, id: CallbackId) -> bool {
        Future::remove_done_callback(self, id)
    }

    fn join(self: Rc<Self>) -> Joining<T> {
        let future = Future::clone(&self);
        Box::pin(async move { future.await.map_err(|_| JoinError::cancelled()) })
    }

    fn identity(&self) -> (u64, u64) {
        (0, self.address() as u64)
    }

    fn name(&self) -> String {
        "a future".to_owned()
    }

    fn target(&self) -> Target {
        Future::target(self)
    }
}

type Map<T, U> = dyn Fn(Result<T, JoinError>) -> Result<U, JoinError>;

struct Mapped<T, U> {
    before: Awaitable<T>,
    map: Rc<Map<T, U>>,
}

impl<T: 'static, U: 'static> Source<U> for Mapped<T, U> {
    fn handle(&self) -> LoopHandle {
        self.before.handle()
    }

    fn done(&self) -> bool {
        self.before.done()
    }

    fn cancel(&self) -> bool {
        self.before.cancel()
    }

    fn cancelled(&self) -> bool {
        self.before.cancelled()
    }

    fn ended_cancelled(&self) -> bool {
        self.before.ended_cancelled()
    }

    fn outcome(&self) -> Result<Result<U, JoinError>, FutureError> {
        self.before.result().map(&*self.map)
    }

    fn add_call(&self, call: Call, at: Site) -> CallbackId {
        self.before.source.add_call(call, at)
    }

    fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.before.remove_done_callback(id)
    }

    fn join(self: Rc<Self>) -> Joining<U> {
        let (joining, map) = (self.before.source.clone().join(), self.map.clone());
        Box::pin(async move { map(joining.await) })
    }

    fn identity(&self) -> (u64, u64) {
        self.before.source.identity()
    }

    fn name(&self) -> String {
        self.before.source.name()
    }

    fn target(&self) -> Target {
        self.before.source.target()
    }
}
