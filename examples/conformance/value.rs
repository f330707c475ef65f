//! `Value` and `Exc`: what a coroutine returns, and what it raises.

use oneloop::Cancelled;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// How a coroutine ends, or a future.
pub(crate) type Outcome = Result<Value, Exc>;

/// What a coroutine returns, or a future is set to.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    None,
    Int(i64),
    /// What a gather gives.
    List(Rc<[Value]>),
    /// An exception that a gather gives as one outcome among others.
    Exc(Exc),
}

/// An exception: only its name matters. `Send`, for the panic that it is in a callback.
#[derive(Clone, Debug)]
pub(crate) enum Exc {
    /// The scenario's own.
    Own(Arc<str>),
    /// What asyncio raises.
    Known(&'static str),
    /// What a gather may end with. Nothing raises it: whoever awaits it raises the
    /// cancellation that is in it, which is no value inside a coroutine.
    Cancelled(Cancelled),
    Group(Arc<[Exc]>),
}

impl Exc {
    pub(crate) const BROKEN_BARRIER: Exc = Exc::Known("BrokenBarrier");
    pub(crate) const INVALID_STATE: Exc = Exc::Known("InvalidState");
    pub(crate) const QUEUE_EMPTY: Exc = Exc::Known("QueueEmpty");
    pub(crate) const QUEUE_FULL: Exc = Exc::Known("QueueFull");
    pub(crate) const QUEUE_SHUT_DOWN: Exc = Exc::Known("QueueShutDown");
    pub(crate) const RUNTIME: Exc = Exc::Known("Runtime");
    pub(crate) const TIMEOUT: Exc = Exc::Known("Timeout");
    pub(crate) const VALUE: Exc = Exc::Known("Value");

    /// By which handlers know it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Exc::Own(name) => name,
            Exc::Known(name) => name,
            Exc::Cancelled(_) => CANCELLED,
            Exc::Group(_) => "Group",
        }
    }
}

/// By which handlers know a cancellation.
pub(crate) const CANCELLED: &str = "Cancelled";

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Int(value) => value.fmt(f),
            Value::List(values) => write!(f, "[{}]", listed(values)),
            Value::Exc(exc) => exc.fmt(f),
        }
    }
}

impl fmt::Display for Exc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exc::Group(inside) => write!(f, "Group({})", listed(inside)),
            one => f.write_str(one.name()),
        }
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
