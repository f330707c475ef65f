//! Locks, queues and channels between the tasks of one loop.
//!
//! The first family is asyncio's, in its order and to the turn: [`Lock`], [`Event`],
//! [`Semaphore`] and [`BoundedSemaphore`], [`Condition`], [`Barrier`], and the queues
//! [`Queue`], [`LifoQueue`] and [`PriorityQueue`]; with [`Mutex`], a lock that has data in
//! it.
//!
//! The second is what Rust's programs use: the channels [`oneshot`], [`mpsc`],
//! [`broadcast`] and [`watch`], and [`RateLimiter`].
//!
//! All are handles: clones are the same lock or queue. They can be made anywhere, and need
//! a running loop only where a task has to wait. What need not wait does not suspend, does
//! not look for a loop and allocates nothing. They stay on their thread; for other threads
//! there is [`RemoteHandle`](crate::RemoteHandle).
//!
//! # Ordering
//! Whoever waits is served first come, first served (rule 9), and goes on in the turn after
//! it was woken. A wait that is cancelled, or dropped, gives up its place; if it had been
//! woken already, it passes that on to the next.
//!
//! # Cancel safety
//! No item, permit, hold or wake is lost. A wait whose task was cancelled, but which was
//! kept and is polled again, takes a new place at the back. One that is kept, and neither
//! polled nor dropped, keeps its turn too: those behind it wait for it.

mod barrier;
pub mod broadcast;
mod channel_error;
mod condition;
mod error;
mod event;
mod lock;
pub mod mpsc;
mod mutex;
pub mod oneshot;
mod queue;
mod queue_core;
mod rate_limit;
mod semaphore;
mod wait_queue;
pub mod watch;

pub use barrier::Barrier;
pub use condition::Condition;
pub use error::{BrokenBarrier, NotAcquired, TooManyReleases};
pub use error::{GetError, PutError, QueueShutDown, TooManyTaskDone};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use mutex::{Mutex, MutexGuard};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rate_limit::RateLimiter;
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
