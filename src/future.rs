//! `Future`: asyncio's, a cell that is set once and awaited by any number of tasks.
//!
//! Setting it calls nobody: those who wait become ready, in the order in which they
//! came, and run in the next turn. An await keeps its place in that order however
//! often it is polled; one that is dropped leaves no trace.

use crate::LoopHandle;
use crate::call::Call;
use crate::error::{Cancelled, FutureError, InvalidState};
pub(crate) use crate::future_cell::Canceller;
use crate::future_cell::{FutureCell, Outcome, Owed, StandsFor};
pub(crate) use crate::kernel::Target;
use crate::kernel::{Awaited, Waiter, Waiters};
use crate::observe::{Cause, Site};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

/// A result that will be there, made with
/// [`LoopHandle::create_future`](LoopHandle::create_future).
///
/// Clones are the same future. Awaiting gives `Ok(value)`, or `Err(Cancelled)` if it was
/// cancelled. A `Future<Result<T, E>>` can also be set to an error, by
/// [`set_exception`](Future::set_exception); an error that nobody ever looked at is
/// reported to the loop's exception handler when the future goes.
///
/// # Cancel safety
/// A cancel request on a task that awaits it cancels it, for all who await it; see
/// [`shield`](crate::shield). A dropped await takes nothing with it: the value stays for the
/// others.
pub struct Future<T> {
    cell: Rc<FutureCell<T>>,
    wait: Wait,
}

/// An await in progress: its place among the waiters (0: none), and its leaf.
#[derive(Default)]
struct Wait {
    number: u64,
    leaf: Option<u32>,
}

/// Names a done callback, so that it can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(pub(crate) u64);

impl LoopHandle {
    /// A future of this loop, pending. If it is still pending when the loop closes, who
    /// awaits it, which then are tasks of other loops, gets `Err(Cancelled)`.
    #[doc(alias = "Future")]
    pub fn create_future<T>(&self) -> Future<T> {
        Future {
            cell: Rc::new(FutureCell {
                state: self.state.clone(),
                outcome: RefCell::new(Outcome::Pending),
                waiters: RefCell::new(Waiters::default()),
                callbacks: Cell::new(0),
                kept: RefCell::new(None),
                known: Cell::new(false),
                unseen: Cell::new(None),
                canceller: RefCell::new(None),
                fell_to_cancel: Cell::new(false),
            }),
            wait: Wait::default(),
        }
    }
}

impl<T> Future<T> {
    /// Completes the future. Those who wait for it run in the next turn.
    ///
    /// # Errors
    /// When it is done already; the value comes back.
    pub fn set_result(&self, value: T) -> Result<(), InvalidState<T>> {
        self.cell.settle(Outcome::Done(value)).map_err(|refused| match refused {
            Outcome::Done(value) => InvalidState(value),
            _ => unreachable!("the outcome that was given comes back"),
        })
    }

    /// Whether it has a result, or is cancelled.
    pub fn done(&self) -> bool {
        !matches!(*self.cell.outcome.borrow(), Outcome::Pending)
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        matches!(*self.cell.outcome.borrow(), Outcome::Cancelled)
    }

    /// Cancels the future, at once. False if it is done already; an error in it then
    /// counts as looked at, as in asyncio.
    pub fn cancel(&self) -> bool
    where
        T: 'static,
    {
        self.cell.unseen.set(None);
        self.cell.clone().cancel()
    }

    /// The result, if it is there.
    ///
    /// # Errors
    /// When the future is not done, or was cancelled.
    pub fn result(&self) -> Result<T, FutureError>
    where
        T: Clone,
    {
        self.cell.unseen.set(None);
        match &*self.cell.outcome.borrow() {
            Outcome::Pending => Err(FutureError::NotReady),
            Outcome::Done(value) => Ok(value.clone()),
            Outcome::Cancelled => Err(FutureError::Cancelled),
        }
    }

    /// Calls `f` with this future, as a callback of its own, once it is done: never from
    /// in here, even if it is done already (rule 7).
    #[track_caller]
    pub fn add_done_callback(&self, f: impl FnOnce(&Future<T>) + 'static) -> CallbackId
    where
        T: 'static,
    {
        let (owed, at) = (Owed::new(&self.cell), Location::caller());
        let call = Call::new(move || {
            if let Some(cell) = owed.0.upgrade() {
                f(&Future { cell, wait: Wait::default() });
            }
        });
        self.add_call(call, at)
    }

    /// Takes a callback back. False if it is not there: it is on its way already, or ran.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let removed = self.cell.waiters.borrow_mut().remove(id.0);
        match removed {
            Some(Waiter::Call(call, _)) => self.cell.state.reports.discard(call),
            Some(Waiter::Waker(_)) | None => return false,
        }
        true
    }
}

impl<T, E> Future<Result<T, E>> {
    /// Completes the future with an error. If nobody ever looks at it, it is reported.
    ///
    /// # Errors
    /// When it is done already; the error comes back.
    pub fn set_exception(&self, error: E) -> Result<(), InvalidState<E>>
    where
        E: fmt::Debug,
    {
        let describe = |value: &Result<T, E>| match value {
            Err(error) => format!("{error:?}"),
            Ok(_) => String::new(),
        };
        self.set_result(Err(error)).map_err(|InvalidState(value)| match value {
            Err(error) => InvalidState(error),
            Ok(_) => unreachable!("the value that was given comes back"),
        })?;
        self.cell.unseen.set(Some(describe));
        Ok(())
    }

    /// The error, or `None` if the future has a good result.
    ///
    /// # Errors
    /// When the future is not done, or was cancelled.
    pub fn exception(&self) -> Result<Option<E>, FutureError>
    where
        E: Clone,
    {
        self.cell.unseen.set(None);
        match &*self.cell.outcome.borrow() {
            Outcome::Pending => Err(FutureError::NotReady),
            Outcome::Done(value) => Ok(value.as_ref().err().cloned()),
            Outcome::Cancelled => Err(FutureError::Cancelled),
        }
    }
}

/// For what is made of futures: `crate::awaitable`, `crate::combinators`.
impl<T: 'static> Future<T> {
    /// Has `canceller` take the cancel requests from now on.
    pub(crate) fn cancels(&self, canceller: Rc<dyn Canceller>) {
        self.cell.canceller.replace(Some(canceller));
    }

    /// Tells those who look (`crate::task_tree`) what is waited for by this future.
    pub(crate) fn stands_for(&self, things: impl IntoIterator<Item = Option<Target>>) {
        self.cancels(Rc::new(StandsFor(things.into_iter().flatten().collect())));
    }

    /// This, as something that is awaited.
    pub(crate) fn target(&self) -> Target {
        Target::Future(self.cell.clone())
    }

    pub(crate) fn ended_cancelled(&self) -> bool {
        self.cell.ended_cancelled()
    }

    /// Completes the future with what is an error; `cancelled` if that is a cancellation.
    /// It is reported, as `describe` puts it, unless somebody looks.
    pub(crate) fn fail(&self, value: T, cancelled: bool, describe: fn(&T) -> String) {
        self.cell.fell_to_cancel.set(cancelled && !self.done());
        if self.set_result(value).is_ok() {
            self.cell.unseen.set(Some(describe));
        }
    }

    /// As [`add_done_callback`](Self::add_done_callback), without a word to whom.
    pub(crate) fn add_call(&self, call: Call, at: Site) -> CallbackId {
        let number = self.cell.state.waiter_number();
        if self.cell.state.is_closed() {
            self.cell.state.reports.discard(call);
        } else if self.done() {
            self.cell.keep();
            self.cell.state.push_call(|place| *place = call, at, Cause::Done);
        } else {
            self.cell.make_known();
            self.cell.waiters.borrow_mut().push(number, Waiter::Call(call, at));
        }
        CallbackId(number)
    }

    pub(crate) fn handle(&self) -> LoopHandle {
        LoopHandle { state: self.cell.state.clone() }
    }

    pub(crate) fn downgrade(&self) -> WeakFuture<T> {
        WeakFuture(Rc::downgrade(&self.cell))
    }

    /// Where it is: what clones have in common.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.cell).addr()
    }
}

/// A future, known for as long as somebody has it.
pub(crate) struct WeakFuture<T>(Weak<FutureCell<T>>);

impl<T> WeakFuture<T> {
    pub(crate) fn upgrade(&self) -> Option<Future<T>> {
        Some(Future { cell: self.0.upgrade()?, wait: Wait::default() })
    }
}

impl<T: Clone + 'static> std::future::Future for Future<T> {
    type Output = Result<T, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let cell = &this.cell;
        let result = match &*cell.outcome.borrow() {
            Outcome::Pending => None,
            Outcome::Done(value) => Some(Ok(value.clone())),
            Outcome::Cancelled => Some(Err(Cancelled::new())),
        };
        if result.is_none() && cell.state.is_closed() {
            drop(cell.settle(Outcome::Cancelled)); // nobody is left to set it
            return self.poll(cx);
        }
        if let Some(result) = result {
            if cell.state.holds_back(cx) {
                return Poll::Pending;
            }
            cell.unseen.set(None);
            this.leave();
            return Poll::Ready(result);
        }
        cell.state.await_leaf(&mut this.wait.leaf, || Target::Future(cell.clone()));
        if this.wait.leaf.is_none() {
            cell.make_known();
        }
        let newest = cx.waker().clone();
        let old =
            cell.state.await_in(&mut cell.waiters.borrow_mut(), &mut this.wait.number, newest);
        cell.state.discard_waker(old);
        Poll::Pending
    }
}

impl<T> Future<T> {
    /// Ends an await: no trace of it stays.
    fn leave(&mut self) {
        if let Some(leaf) = self.wait.leaf.take() {
            self.cell.state.drop_leaf(leaf);
        }
        let number = std::mem::take(&mut self.wait.number);
        if number != 0 {
            let waiter = self.cell.waiters.borrow_mut().remove(number);
            self.cell.state.discard_waiter(waiter);
        }
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Future { cell: self.cell.clone(), wait: Wait::default() }
    }
}

impl<T> Drop for Future<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T: fmt::Debug> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callbacks = self.cell.waiters.borrow().len();
        match &*self.cell.outcome.borrow() {
            Outcome::Pending => write!(f, "Future(pending, {callbacks} waiting)"),
            Outcome::Done(value) => write!(f, "Future(finished, result={value:?})"),
            Outcome::Cancelled => write!(f, "Future(cancelled)"),
        }
    }
}
