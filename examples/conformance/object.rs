//! `Object`: what a name of a scenario stands for, and what the public API does with it.

use crate::scenario::{Exc, Value};
use oneloop::{CallbackId, Future, FutureError, Handle, JoinError, Task, TimerHandle};
use std::rc::Rc;

/// How a coroutine ends, or a future.
pub(crate) type Outcome = Result<Value, Exc>;

#[derive(Clone, Debug)]
pub(crate) enum Object {
    Task(Rc<Task<Outcome>>),
    Future(Future<Outcome>),
    Handle(Rc<Handle>),
    Timer(Rc<TimerHandle>),
}

impl Object {
    /// Waits for its outcome.
    pub(crate) async fn outcome(self) -> Outcome {
        match self {
            Object::Task(task) => (&*task).await.unwrap_or_else(|error| Err(failure(&error))),
            Object::Future(future) => future.await.unwrap_or(Err(Exc::CANCELLED)),
            other => other.misused("await"),
        }
    }

    /// Its state, as traces show it.
    pub(crate) fn state(&self) -> String {
        let outcome = match self {
            Object::Task(task) => task.result().map(|joined| match joined {
                Err(error) if error.is_cancelled() => None,
                joined => Some(joined.unwrap_or_else(|error| Err(failure(&error)))),
            }),
            Object::Future(future) => match future.result() {
                Err(FutureError::Cancelled) => Ok(None),
                result => result.map(Some),
            },
            other => other.misused("state"),
        };
        match outcome {
            Err(_) => "pending".to_owned(),
            Ok(None) => "cancelled".to_owned(),
            Ok(Some(Ok(value))) => format!("result {value}"),
            Ok(Some(Err(exc))) => format!("exception {exc}"),
        }
    }

    pub(crate) fn set(&self, outcome: Outcome) -> Result<(), Exc> {
        let Object::Future(future) = self else { self.misused("set") };
        match outcome {
            Ok(value) => future.set_result(Ok(value)).map_err(|_| Exc::INVALID_STATE),
            Err(exc) => future.set_exception(exc).map_err(|_| Exc::INVALID_STATE),
        }
    }

    /// Cancels a handle; whether it is cancelled then.
    pub(crate) fn cancel_handle(&self) -> bool {
        match self {
            Object::Handle(handle) => {
                handle.cancel();
                handle.cancelled()
            }
            Object::Timer(handle) => {
                handle.cancel();
                handle.cancelled()
            }
            other => other.misused("cancel_handle"),
        }
    }

    /// Calls `f` with the object itself when it is done.
    pub(crate) fn add_done_callback(&self, f: impl FnOnce(&Object) + 'static) -> CallbackId {
        let this = self.clone();
        match self {
            Object::Task(task) => task.add_done_callback(move |_| f(&this)),
            Object::Future(future) => future.add_done_callback(move |_| f(&this)),
            other => other.misused("add_done_callback"),
        }
    }

    pub(crate) fn remove_done_callback(&self, id: CallbackId) -> bool {
        match self {
            Object::Task(task) => task.remove_done_callback(id),
            Object::Future(future) => future.remove_done_callback(id),
            other => other.misused("remove_done_callback"),
        }
    }

    /// A scenario that asks for this has no meaning on asyncio either.
    fn misused(&self, by: &str) -> ! {
        panic!("{by} is not for {self:?}")
    }
}

fn failure(error: &JoinError) -> Exc {
    match error {
        error if error.is_cancelled() => Exc::CANCELLED,
        error if error.is_self_await() => Exc::RUNTIME,
        error => panic!("a coroutine of the interpreter failed: {error}"),
    }
}
