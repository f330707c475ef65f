//! `Object`: what a name of a scenario stands for; `Names`: the table of all of them.

use crate::primitive::Primitive;
use crate::scenario::Name;
use crate::value::{Exc, Outcome, Value};
use oneloop::error::Failure;
use oneloop::{Awaitable, Future, Handle, JoinError, Task, TaskRef, TimerHandle};
use std::rc::Rc;

#[derive(Clone, Debug)]
pub(crate) enum Object {
    Task(TaskRef, Awaitable<Outcome>),
    Future(Future<Outcome>, Awaitable<Outcome>),
    /// A gather, or a shield.
    Made(Awaitable<Outcome>),
    Handle(Rc<Handle>),
    Timer(Rc<TimerHandle>),
    Primitive(Primitive),
}

impl From<Task<Outcome>> for Object {
    fn from(task: Task<Outcome>) -> Self {
        Object::Task(TaskRef::clone(&task), Awaitable::from(task).fallible())
    }
}

/// A task of a group shares its error with the group.
impl From<Task<Result<Value, Rc<Exc>>>> for Object {
    fn from(task: Task<Result<Value, Rc<Exc>>>) -> Self {
        let name = TaskRef::clone(&task);
        let outcome = |outcome: Result<Value, Rc<Exc>>| outcome.map_err(|exc| (*exc).clone());
        let awaitable = Awaitable::from(task).map(move |joined| joined.map(outcome));
        Object::Task(name, awaitable.fallible())
    }
}

impl From<Future<Outcome>> for Object {
    fn from(future: Future<Outcome>) -> Self {
        Object::Future(future.clone(), Awaitable::from(future).fallible())
    }
}

impl Object {
    pub(crate) fn gather(children: Vec<Awaitable<Outcome>>) -> Self {
        let gathered = Awaitable::from(oneloop::try_gather(children));
        let value = |outcome: Result<Vec<Value>, Failure<Exc>>| match outcome {
            Ok(values) => Ok(Value::List(values.into())),
            Err(Failure::Error(exc)) => Err(exc),
            Err(Failure::Join(error)) => Err(exception(error)),
        };
        Object::Made(gathered.map(move |joined| joined.map(value)).fallible())
    }

    /// The same with `return_exceptions`.
    pub(crate) fn gather_all(children: Vec<Awaitable<Outcome>>) -> Self {
        let gathered = Awaitable::from(oneloop::gather_all(children));
        let one = |joined: Result<Outcome, JoinError>| {
            let outcome = joined.unwrap_or_else(|error| Err(exception(error)));
            outcome.unwrap_or_else(Value::Exc)
        };
        let value = move |outcome: Result<Vec<Result<Outcome, JoinError>>, JoinError>| {
            let values = outcome.map_err(exception)?;
            Ok(Value::List(values.into_iter().map(one).collect()))
        };
        Object::Made(gathered.map(move |joined| joined.map(value)).fallible())
    }

    pub(crate) fn shield(&self) -> Self {
        Object::Made(oneloop::shield(self.awaitable()))
    }

    pub(crate) fn as_awaitable(&self) -> Option<&Awaitable<Outcome>> {
        match self {
            Object::Task(_, one) | Object::Future(_, one) | Object::Made(one) => Some(one),
            _ => None,
        }
    }

    pub(crate) fn awaitable(&self) -> &Awaitable<Outcome> {
        self.as_awaitable().unwrap_or_else(|| self.misused("a future"))
    }

    /// Its state, as traces show it.
    pub(crate) fn state(&self) -> String {
        match self.awaitable().result() {
            Err(_) => "pending".to_owned(),
            Ok(Err(error)) if error.is_cancelled() => "cancelled".to_owned(),
            Ok(Err(error)) => panic!("a coroutine of the interpreter failed: {error}"),
            Ok(Ok(Ok(value))) => format!("result {value}"),
            Ok(Ok(Err(exc))) => format!("exception {exc}"),
        }
    }

    pub(crate) fn set(&self, outcome: Outcome) -> Result<(), Exc> {
        let Object::Future(future, _) = self else { self.misused("set") };
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

    pub(crate) fn task(&self) -> &TaskRef {
        match self {
            Object::Task(task, _) => task,
            other => other.misused("a task"),
        }
    }

    pub(crate) fn primitive(&self) -> &Primitive {
        match self {
            Object::Primitive(primitive) => primitive,
            other => other.misused("a primitive"),
        }
    }

    /// A scenario that asks for this has no meaning on asyncio either.
    fn misused(&self, what: &str) -> ! {
        panic!("{self:?} is not {what}")
    }
}

/// What an error of a task or gather is to whoever asks for it without awaiting.
fn exception(error: JoinError) -> Exc {
    match error.try_into_cancelled() {
        Ok(cancelled) => Exc::Cancelled(cancelled),
        Err(error) => panic!("a coroutine of the interpreter failed: {error}"),
    }
}

/// What is called what, in the order in which the names were first given.
#[derive(Default)]
pub(crate) struct Names(Vec<(Name, Object)>);

impl Names {
    pub(crate) fn get(&self, name: &str) -> Option<&Object> {
        self.0.iter().find(|(other, _)| **other == *name).map(|(_, object)| object)
    }

    /// Gives a name, and answers what it meant before.
    pub(crate) fn give(&mut self, name: &Name, object: Object) -> Option<Object> {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, before)) => Some(std::mem::replace(before, object)),
            None => {
                self.0.push((name.clone(), object));
                None
            }
        }
    }

    /// The first name of a task or future.
    pub(crate) fn name_of(&self, one: &Awaitable<Outcome>) -> String {
        let found = self.0.iter().find(|(_, object)| object.as_awaitable() == Some(one));
        found.map_or("unnamed", |(name, _)| name).to_owned()
    }
}
