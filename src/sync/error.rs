//! What can go wrong with locks and queues; an item that was not used comes back.

use std::fmt;

/// The lock is not held by anybody, so it can neither be released nor waited with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAcquired(pub(super) ());

/// A bounded semaphore would have more permits than it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyReleases(pub(super) ());

/// The barrier was aborted, or was reset while this task waited.
#[doc(alias = "BrokenBarrierError")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrier(pub(super) ());

/// The queue was shut down; what should have been put comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

/// Why nothing could be put into a queue without waiting; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full.
    #[doc(alias = "QueueFull")]
    Full(T),
    /// The queue was shut down.
    #[doc(alias = "QueueShutDown")]
    ShutDown(T),
}

/// Why there was nothing to get from a queue without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty.
    #[doc(alias = "QueueEmpty")]
    Empty,
    /// The queue was shut down, and is empty.
    #[doc(alias = "QueueShutDown")]
    ShutDown,
}

/// `task_done` was called more often than there were items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTaskDone(pub(super) ());

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            PutError::Full(item) | PutError::ShutDown(item) => item,
        }
    }
}

impl fmt::Display for NotAcquired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is not held")
    }
}

impl fmt::Display for TooManyReleases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore was released too many times")
    }
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier was aborted or reset")
    }
}

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue was shut down")
    }
}

impl<T> fmt::Debug for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueShutDown")
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "the queue is full",
            PutError::ShutDown(_) => "the queue was shut down",
        })
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "Full",
            PutError::ShutDown(_) => "ShutDown",
        })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetError::Empty => "the queue is empty",
            GetError::ShutDown => "the queue was shut down",
        })
    }
}

impl fmt::Display for TooManyTaskDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done was called more often than items were put")
    }
}

impl std::error::Error for NotAcquired {}
impl std::error::Error for TooManyReleases {}
impl std::error::Error for BrokenBarrier {}
impl<T> std::error::Error for QueueShutDown<T> {}
impl<T> std::error::Error for PutError<T> {}
impl std::error::Error for GetError {}
impl std::error::Error for TooManyTaskDone {}
