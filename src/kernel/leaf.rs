//! What a task waits for: leaves, and the scopes around them.
//!
//! A leaf is one await of one thing of the loop's own: a future, a task, a sleep. A scope
//! is a `catch_cancel`. Each registers in its place while it waits: in the scope around
//! it, or in the task that polls it. A place keeps only how many there are and the xor of
//! their ids: when there is one, the xor is its id. What is done with them is above (`crate::leaf`).

use super::slots::Key;
use std::rc::Rc;
use std::task::Waker;

/// How many leaves and scopes wait in one place, and the xor of their ids.
#[derive(Clone, Copy, Default)]
pub(crate) struct Waits {
    pub(crate) count: u32,
    pub(crate) ids: u32,
}

/// Where something waits: in a scope of a task, or in the task itself ([`ROOT`]).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) task: Key,
    pub(crate) scope: u32,
}

pub(crate) const ROOT: u32 = u32::MAX;

pub(crate) struct Leaf {
    pub(crate) place: Place,
    pub(crate) target: Target,
}

#[derive(Clone)]
pub(crate) enum Target {
    Task(Key),
    Future(Rc<dyn Awaited>),
    Sleep(u32), // a timer's slot
}

/// A `catch_cancel` whose body waits.
pub(crate) struct Scope {
    pub(crate) place: Place,
    pub(crate) waits: Waits,
    /// With which it was last polled.
    pub(crate) waker: Waker,
    /// A cancellation is to arrive here.
    pub(crate) marked: bool,
    /// It is over; what was moved out of it and waits still keeps its slot.
    pub(crate) over: bool,
}

/// A future of the loop, without its type.
pub(crate) trait Awaited {
    fn cancel(self: Rc<Self>) -> bool;
    fn is_done(&self) -> bool;
    fn ended_cancelled(&self) -> bool;
    /// What it stands for, as a gather for its children.
    fn behind(&self) -> Vec<Target>;
}
