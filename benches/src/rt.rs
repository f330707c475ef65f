//! What a runtime must give to take part.
//!
//! A capability that a runtime lacks is a trait that it does not implement; the
//! workloads that need it then print n/a.
use crate::parts::raw_yield;
use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

/// Tasks: what every runtime has.
pub trait Rt: Sized + 'static {
    /// Resolves to the task's value.
    type Join<T: 'static>: Future<Output = T> + 'static;

    /// Makes a runtime the way its docs recommend for one thread, runs `f` to its end.
    fn block_on<F: Future + 'static>(f: F) -> F::Output
    where
        F::Output: 'static;

    fn spawn<F: Future + 'static>(f: F) -> Self::Join<F::Output>
    where
        F::Output: 'static;

    fn detach<F: Future<Output = ()> + 'static>(f: F);

    /// The runtime's own yield, where it has one.
    fn yield_now() -> impl Future<Output = ()> + 'static {
        raw_yield()
    }

    /// A callback, first in first out; runtimes without callbacks spawn a ready future.
    fn call_soon<F: FnOnce() + 'static>(f: F) {
        Self::detach(async move { f() })
    }

    /// Switches off a cooperative budget inside `f` (tokio has one).
    fn unconstrained<F: Future + 'static>(f: F) -> impl Future<Output = F::Output> + 'static {
        f
    }
}

/// Timers.
pub trait RtTime: Rt {
    fn sleep(d: Duration) -> impl Future<Output = ()> + 'static;
}

/// Work on threads, at most 4 of them.
pub trait RtBlocking: Rt {
    /// The job is submitted at once, not at the first poll.
    fn spawn_blocking<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static;
}

/// What a server does with its connections.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Mode {
    /// Send everything back, one buffer of `ECHO_BUF` per connection.
    Echo,
    /// Read all with a buffer of `SINK_BUF`; at the end of the stream send the
    /// count of bytes (8, little endian).
    Sink,
    /// Hand each accepted connection to a task that closes it.
    Accept,
}

pub const ECHO_BUF: usize = 4096;
pub const SINK_BUF: usize = 65536;

/// TCP.
pub trait RtNet: Rt {
    /// Cannot take over a listener: `serve` drops it, binds its address again
    /// and says the port itself.
    const BINDS_ITSELF: bool = false;

    /// Serves until killed.
    fn serve(listener: TcpListener, mode: Mode) -> impl Future<Output = ()> + 'static;
}

/// Locks, queues and coordination: the library's own, or those that its docs send one to.
pub trait RtSync: RtTime {
    type Lock: 'static;
    type Semaphore: 'static;
    type Event: 'static;
    type Sender: 'static;
    type Receiver: 'static;

    fn lock() -> Self::Lock;
    /// Holds the lock for as long as what it gives lives.
    fn hold(lock: &Self::Lock) -> impl Future<Output = impl Sized>;

    fn semaphore(permits: usize) -> Self::Semaphore;
    fn permit(semaphore: &Self::Semaphore) -> impl Future<Output = impl Sized>;

    fn event() -> Self::Event;
    /// Waits for the next `wake_all`; registered when it is first polled, or before.
    fn listen(event: &Self::Event) -> impl Future<Output = ()>;
    fn wake_all(event: &Self::Event);

    fn channel(places: usize) -> (Self::Sender, Self::Receiver);
    fn send(to: &Self::Sender, value: u64) -> impl Future<Output = ()>;
    fn receive(from: &mut Self::Receiver) -> impl Future<Output = u64>;

    /// Waits for all tasks and adds up what they give.
    fn gather(tasks: Vec<Self::Join<u64>>) -> impl Future<Output = u64>;
    /// Runs `count` tasks that give their number in a group, and adds up.
    fn group(count: u64) -> impl Future<Output = u64>;
    /// Whether `body` was done in time.
    fn timeout<F: Future>(limit: Duration, body: F) -> impl Future<Output = bool>;
}
