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
