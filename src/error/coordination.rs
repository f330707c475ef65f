//! What may go wrong with many tasks, and with little time.

use super::JoinError;
use std::fmt;
use std::rc::Rc;

/// There was no time left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut(());

impl TimedOut {
    pub(crate) fn new() -> Self {
        TimedOut(())
    }
}

/// A timeout was to be moved that is not running, or has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRunning(());

impl NotRunning {
    pub(crate) fn new() -> Self {
        NotRunning(())
    }
}

/// A wait for nothing would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingToWaitFor(());

impl NothingToWaitFor {
    pub(crate) fn new() -> Self {
        NothingToWaitFor(())
    }
}

/// A task group takes no task: it has not been entered, is over, or is ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupClosed(&'static str);

impl GroupClosed {
    pub(crate) fn new(why: &'static str) -> Self {
        GroupClosed(why)
    }
}

/// What failed in a task group, in the order in which it came to the group.
pub struct GroupError<E>(pub(crate) Vec<Failure<Rc<E>>>);

impl<E> GroupError<E> {
    /// The failures.
    pub fn errors(&self) -> &[Failure<Rc<E>>] {
        &self.0
    }

    /// The failures, to keep.
    pub fn into_errors(self) -> Vec<Failure<Rc<E>>> {
        self.0
    }
}

/// Why one of many tasks failed: by an error of its own, or as any task may.
#[derive(Clone, Debug)]
pub enum Failure<E> {
    /// It returned this.
    Error(E),
    /// It was cancelled, or panicked.
    Join(JoinError),
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl fmt::Display for NotRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timeout is not running")
    }
}

impl fmt::Display for NothingToWaitFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is nothing to wait for")
    }
}

impl fmt::Display for GroupClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the task group {}", self.0)
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the group's tasks failed", self.0.len())?;
        for error in &self.0 {
            match error {
                Failure::Error(error) => write!(f, "; {error}")?,
                Failure::Join(error) => write!(f, "; {error}")?,
            }
        }
        Ok(())
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupError").field(&self.0).finish()
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => error.fmt(f),
            Failure::Join(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TimedOut {}
impl std::error::Error for NotRunning {}
impl std::error::Error for NothingToWaitFor {}
impl std::error::Error for GroupClosed {}
impl<E: fmt::Debug + fmt::Display> std::error::Error for GroupError<E> {}
impl<E: fmt::Debug + fmt::Display> std::error::Error for Failure<E> {}
