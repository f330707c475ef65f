//! One small type per failure; values that could not be used come back in it.
//!
//! I/O failures stay `std::io::Error`. Messages are lower-case fragments, so that they
//! read well behind a colon.

mod coordination;

pub use coordination::{Failure, GroupClosed, GroupError, NotRunning, NothingToWaitFor, TimedOut};

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a panic carries.
pub type Payload = Box<dyn Any + Send + 'static>;

/// A call that needs a running loop was made on a thread where none runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRunningLoop(());

impl NoRunningLoop {
    pub(crate) fn new() -> Self {
        NoRunningLoop(())
    }
}

/// The loop is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed(());

impl Closed {
    pub(crate) fn new() -> Self {
        Closed(())
    }
}

/// Somebody else cancelled what was awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled(());

impl Cancelled {
    pub(crate) fn new() -> Self {
        Cancelled(())
    }
}

/// Why a loop did not run, or stopped running.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// This loop is running already; a loop is not re-entrant.
    AlreadyRunning,
    /// Another loop is running on this thread.
    OtherLoopRunning,
    /// The loop is closed.
    Closed,
    /// The task belongs to another loop.
    WrongLoop,
    /// The loop is running, and cannot be closed from inside.
    Running,
    /// `stop` was called before the future was done.
    Stopped,
    /// The task that was run was cancelled.
    Cancelled,
    /// SIGINT (Ctrl-C) ended the run; see [`Runner`](crate::Runner).
    #[doc(alias = "KeyboardInterrupt")]
    Interrupted,
    /// On virtual time, nothing can ever happen again.
    Deadlock(Deadlock),
    /// The operating system refused to wait for events.
    Io(io::Error),
}

/// Who waits for what when nothing can ever happen again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) next_deadline: Option<Duration>,
}

/// A task that is not done, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The task's name.
    pub task: String,
    /// What it waits for, in words.
    pub waits_for: String,
}

impl Deadlock {
    /// The tasks that are not done, in the order in which they were made.
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }
}

/// A future was not in the state that the call needs; a value not used comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidState<T>(pub(crate) T);

impl<T> InvalidState<T> {
    /// The value that was not set.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Why a future has no result to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureError {
    /// It is not done.
    NotReady,
    /// It was cancelled.
    Cancelled,
}

/// Why a task has no value: it was cancelled, it panicked, or it awaited itself.
///
/// A clone of a panic carries its message only.
pub struct JoinError(pub(crate) JoinFailure);

pub(crate) enum JoinFailure {
    Cancelled,
    /// In a mutex only so that the error is `Sync`.
    Panicked(Mutex<Payload>),
    AwaitedItself,
    Refused(&'static str),
    Taken,
}

impl Clone for JoinError {
    fn clone(&self) -> Self {
        JoinError(match &self.0 {
            JoinFailure::Cancelled => JoinFailure::Cancelled,
            JoinFailure::Panicked(payload) => {
                let text: Payload = Box::new(message_of(payload));
                JoinFailure::Panicked(text.into())
            }
            JoinFailure::AwaitedItself => JoinFailure::AwaitedItself,
            JoinFailure::Refused(why) => JoinFailure::Refused(why),
            JoinFailure::Taken => JoinFailure::Taken,
        })
    }
}

impl JoinError {
    pub(crate) fn cancelled() -> Self {
        JoinError(JoinFailure::Cancelled)
    }

    /// The task, or job, was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, JoinFailure::Cancelled)
    }

    /// The task, or job, panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, JoinFailure::Panicked(_))
    }

    /// The task was told to await itself.
    pub fn is_self_await(&self) -> bool {
        matches!(self.0, JoinFailure::AwaitedItself)
    }

    /// The job was never begun: its pool was shut down, or has no thread.
    pub fn is_refused(&self) -> bool {
        matches!(self.0, JoinFailure::Refused(_))
    }

    /// The cancellation, for who goes on as its own: `resume` raises it again, as an await of
    /// a cancelled task does in asyncio.
    ///
    /// ```
    /// oneloop::run(async {
    ///     let inner = std::rc::Rc::new(oneloop::spawn(std::future::pending::<()>()));
    ///     let awaited = inner.clone();
    ///     let outer = oneloop::spawn(async move {
    ///         if let Err(error) = (&*awaited).await {
    ///             match error.try_into_cancelled().unwrap().resume().await {}
    ///         }
    ///     });
    ///     oneloop::yield_now().await;
    ///     inner.cancel();
    ///     assert!(outer.await.unwrap_err().is_cancelled());
    /// })
    /// .unwrap();
    /// ```
    ///
    /// # Errors
    /// The error itself, if it is no cancellation.
    pub fn try_into_cancelled(self) -> Result<Cancelled, JoinError> {
        if self.is_cancelled() { Ok(Cancelled::new()) } else { Err(self) }
    }

    /// What the panic carried.
    ///
    /// # Errors
    /// The error itself, if it is not a panic.
    pub fn try_into_panic(self) -> Result<Payload, JoinError> {
        match self.0 {
            JoinFailure::Panicked(payload) => Ok(into_payload(payload)),
            _ => Err(self),
        }
    }
}

/// Why an item from another thread was not accepted; the item comes back.
pub struct InjectError<T> {
    pub(crate) item: T,
    /// `None`: the loop is closed.
    pub(crate) bell: Option<io::Error>,
}

impl<T> InjectError<T> {
    /// The loop is closed.
    pub fn is_closed(&self) -> bool {
        self.bell.is_none()
    }

    /// What was not accepted.
    pub fn into_inner(self) -> T {
        self.item
    }
}

pub(crate) fn into_payload(payload: Mutex<Payload>) -> Payload {
    payload.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The message of a panic that an error holds.
pub(crate) fn message_of(payload: &Mutex<Payload>) -> String {
    panic_message(&**payload.lock().unwrap_or_else(PoisonError::into_inner)).to_owned()
}

/// The message of a panic, if it is text as nearly all are.
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => text,
        None => payload.downcast_ref::<String>().map_or("a value that is not text", |s| s),
    }
}

impl fmt::Display for NoRunningLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no event loop is running on this thread")
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event loop is closed")
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was awaited has been cancelled")
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::AlreadyRunning => f.write_str("this event loop is already running"),
            RunError::OtherLoopRunning => {
                f.write_str("another event loop is running on this thread")
            }
            RunError::Closed => f.write_str("the event loop is closed"),
            RunError::WrongLoop => f.write_str("the task belongs to another event loop"),
            RunError::Running => f.write_str("a running event loop cannot be closed"),
            RunError::Stopped => f.write_str("the event loop stopped before the future was done"),
            RunError::Cancelled => f.write_str("the main task was cancelled"),
            RunError::Interrupted => f.write_str("interrupted"),
            RunError::Deadlock(deadlock) => deadlock.fmt(f),
            RunError::Io(error) => write!(f, "cannot wait for events: {error}"),
        }
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadlock: nothing can ever happen again")?;
        if let Some(deadline) = self.next_deadline {
            write!(f, " (the next timer is due at {deadline:?}, and the clock moves on command)")?;
        }
        for waiting in &self.waiting {
            write!(f, "; {} waits for {}", waiting.task, waiting.waits_for)?;
        }
        Ok(())
    }
}

impl<T> fmt::Display for InvalidState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the future is done already")
    }
}

impl<T> fmt::Debug for InvalidState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvalidState")
    }
}

impl fmt::Display for FutureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FutureError::NotReady => "the future is not done",
            FutureError::Cancelled => "the future was cancelled",
        })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            JoinFailure::Cancelled => f.write_str("the task was cancelled"),
            JoinFailure::Panicked(payload) => {
                write!(f, "the task panicked: {}", message_of(payload))
            }
            JoinFailure::AwaitedItself => f.write_str("a task cannot await itself"),
            JoinFailure::Refused(why) => write!(f, "the job was refused: {why}"),
            JoinFailure::Taken => f.write_str("the result was taken already"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl<T> fmt::Display for InjectError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bell {
            None => f.write_str("the event loop is closed"),
            Some(error) => write!(f, "the event loop cannot be woken: {error}"),
        }
    }
}

impl<T> fmt::Debug for InjectError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InjectError({self})")
    }
}

impl std::error::Error for NoRunningLoop {}
impl std::error::Error for Closed {}
impl std::error::Error for Cancelled {}
impl std::error::Error for Deadlock {}
impl std::error::Error for FutureError {}
impl std::error::Error for JoinError {}
impl<T> std::error::Error for InvalidState<T> {}
impl<T> std::error::Error for InjectError<T> {}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Deadlock(deadlock) => Some(deadlock),
            RunError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Closed> for io::Error {
    fn from(closed: Closed) -> Self {
        io::Error::new(io::ErrorKind::NotConnected, closed)
    }
}
