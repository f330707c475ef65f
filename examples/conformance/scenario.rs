//! `Scenario`: a program in the language of `tests/conformance/README.md`.
//!
//! What may not wait has a type of its own: a callback is made of `Plain`.

use crate::value::{Exc, Value};
use oneloop::ReturnWhen;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::rc::Rc;

pub(crate) type Name = Rc<str>;

pub(crate) type Body = Vec<Statement>;

pub(crate) struct Scenario {
    pub(crate) objects: Vec<(Name, Kind)>,
    pub(crate) coroutines: HashMap<Name, Body>,
    pub(crate) callbacks: HashMap<Name, Vec<Plain>>,
}

/// What kind of object the scenario starts with.
pub(crate) enum Kind {
    Future,
    Lock,
    Semaphore(usize),
    BoundedSemaphore(usize),
    Event,
    Condition,
    Barrier(NonZeroUsize),
    Queue(usize),
    LifoQueue(usize),
    PriorityQueue(usize),
}

/// A statement of a coroutine.
pub(crate) enum Statement {
    Plain(Plain),
    Return(Value),
    Sleep(u64),
    /// Waits for the object of that name, if there is one.
    For(Name, Wait),
    /// Waits for several, no longer than that.
    Wait(Vec<Name>, Option<u64>, ReturnWhen),
    AsCompleted(Vec<Name>, Option<u64>),
    Timeout(u64, Body),
    TaskGroup(Body),
    Try(Try),
}

pub(crate) struct Try {
    pub(crate) body: Body,
    pub(crate) handlers: HashMap<Name, Body>,
    pub(crate) finally: Body,
}

/// How a statement waits for an object.
pub(crate) enum Wait {
    Await,
    /// No longer than that.
    InTime(Option<u64>),
    Acquire,
    /// Holds it around a body.
    With(Body),
    Event,
    Condition,
    Barrier,
    Put(i64),
    Get,
    Join,
}

impl Statement {
    /// Whether it, or what is in it, moves a timeout.
    pub(crate) fn reschedules(&self) -> bool {
        let any = |body: &Body| body.iter().any(Statement::reschedules);
        match self {
            Statement::Plain(Plain::Reschedule(_)) => true,
            Statement::Timeout(_, body)
            | Statement::TaskGroup(body)
            | Statement::For(_, Wait::With(body)) => any(body),
            Statement::Try(t) => any(&t.body) || t.handlers.values().any(any) || any(&t.finally),
            _ => false,
        }
    }
}

/// A statement that never waits.
pub(crate) enum Plain {
    Log(String),
    Raise(Exc),
    /// Makes an object and gives it a name.
    Make(Name, Make),
    /// Does something to the object of that name, if there is one.
    To(Name, Deed),
    /// Moves the innermost timeout, so that it is due after this delay.
    Reschedule(u64),
}

pub(crate) enum Make {
    /// Of a coroutine.
    Task(Name),
    /// In the innermost task group, if there is one.
    GroupTask(Name),
    CallSoon(Name),
    /// After a delay, a callback.
    CallLater(u64, Name),
    /// At a time, a callback.
    CallAt(u64, Name),
    Future,
    Gather {
        futures: Vec<Name>,
        return_exceptions: bool,
    },
}

pub(crate) enum Deed {
    CancelHandle,
    SetResult(Value),
    SetException(Exc),
    Cancel,
    Uncancel,
    Cancelling,
    State,
    AddDoneCallback(Name),
    RemoveDoneCallback(Name),
    /// Makes a shield of it, of that name.
    Shield(Name),
    Release,
    Set,
    Clear,
    Notify(usize),
    PutNowait(i64),
    GetNowait,
    TaskDone,
    /// Whether at once.
    Shutdown(bool),
}
