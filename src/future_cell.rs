//! `FutureCell`: what all clones of a future share.
//!
//! It is set once. Setting it calls nobody: those who wait become ready, in the order in
//! which they came (rule 8).

use crate::exception::catch;
use crate::kernel::{Awaited, State, Waiters};
use crate::observe::Cause;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

pub(crate) struct FutureCell<T> {
    pub(crate) state: Rc<State>,
    pub(crate) outcome: RefCell<Outcome<T>>,
    pub(crate) waiters: RefCell<Waiters>,
    /// Done callbacks that have not run or gone. They hold this cell weakly while it is
    /// pending; once it is done, it holds itself until the last of them is through.
    pub(crate) callbacks: Cell<usize>,
    pub(crate) kept: RefCell<Option<Rc<FutureCell<T>>>>,
    /// The loop finds this future when it closes.
    pub(crate) known: Cell<bool>,
    /// Set by `set_exception`; cleared when somebody looks.
    pub(crate) unseen: Cell<Option<Describe<T>>>,
    /// Whom a cancel request is for instead: the children of a `gather`.
    pub(crate) canceller: RefCell<Option<Rc<dyn Canceller>>>,
    /// It ended with an error that is itself a cancellation, as a `gather` may.
    pub(crate) fell_to_cancel: Cell<bool>,
}

/// Takes the cancel requests of a future, and answers whether it could do anything.
pub(crate) trait Canceller {
    fn cancel(&self) -> bool;
}

/// Puts an error into words.
pub(crate) type Describe<T> = fn(&T) -> String;

pub(crate) enum Outcome<T> {
    Pending,
    Done(T),
    Cancelled,
}

impl<T> FutureCell<T> {
    pub(crate) fn settle(self: &Rc<Self>, outcome: Outcome<T>) -> Result<(), Outcome<T>> {
        if !matches!(*self.outcome.borrow(), Outcome::Pending) {
            return Err(outcome);
        }
        let cause = match outcome {
            Outcome::Cancelled => Cause::Cancel,
            _ => Cause::Done,
        };
        *self.outcome.borrow_mut() = outcome;
        self.keep();
        let mut waiters = std::mem::take(&mut *self.waiters.borrow_mut());
        if self.state.is_closed() {
            // Nothing runs any more: callbacks go, and foreign tasks are told.
            self.state.dismiss(&mut waiters);
        } else {
            self.state.wake_all(waiters.take(), cause);
        }
        Ok(())
    }

    /// Lives until the callbacks that are owed have run.
    pub(crate) fn keep(self: &Rc<Self>) {
        if self.callbacks.get() > 0 {
            self.kept.replace(Some(self.clone()));
        }
    }
}

impl<T: 'static> FutureCell<T> {
    /// Somebody waits who does not go with the loop's tasks: a callback, or a task of
    /// another loop. The closing loop has to find this future, to tell them.
    pub(crate) fn make_known(self: &Rc<Self>) {
        if self.known.replace(true) {
            return;
        }
        let mut pending = self.state.pending.borrow_mut();
        if pending.len() == pending.capacity() {
            pending.retain(|future| future.strong_count() > 0);
            let left = pending.len();
            pending.reserve(left.max(16)); // so that a sweep pays for as many as it leaves
        }
        let this: Weak<Self> = Rc::downgrade(self);
        pending.push(this);
    }
}

/// A done callback that has not run.
pub(crate) struct Owed<T>(pub(crate) Weak<FutureCell<T>>);

impl<T> Owed<T> {
    pub(crate) fn new(cell: &Rc<FutureCell<T>>) -> Self {
        cell.callbacks.set(cell.callbacks.get() + 1);
        Owed(Rc::downgrade(cell))
    }
}

impl<T> Drop for Owed<T> {
    fn drop(&mut self) {
        let Some(cell) = self.0.upgrade() else { return };
        cell.callbacks.set(cell.callbacks.get() - 1);
        if cell.callbacks.get() == 0 {
            let kept = cell.kept.take();
            drop(kept);
        }
    }
}

impl<T: 'static> Awaited for FutureCell<T> {
    fn cancel(self: Rc<Self>) -> bool {
        let canceller = self.canceller.borrow().clone();
        match canceller.filter(|_| !self.is_done() && !self.state.is_closed()) {
            Some(canceller) => canceller.cancel(),
            None => self.settle(Outcome::Cancelled).is_ok(),
        }
    }

    fn is_done(&self) -> bool {
        !matches!(*self.outcome.borrow(), Outcome::Pending)
    }

    fn ended_cancelled(&self) -> bool {
        self.fell_to_cancel.get() || matches!(*self.outcome.borrow(), Outcome::Cancelled)
    }
}

impl<T> Drop for FutureCell<T> {
    fn drop(&mut self) {
        if !self.waiters.get_mut().is_empty() {
            self.state.dismiss(self.waiters.get_mut());
        }
        let Some(describe) = self.unseen.take() else { return };
        if let Outcome::Done(value) = &*self.outcome.borrow() {
            let text = catch(|| describe(value)).unwrap_or_default();
            self.state.reports.report("Future exception was never retrieved", &text, None, None);
        }
    }
}
