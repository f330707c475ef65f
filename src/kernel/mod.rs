//! The kernel: the loop, and nothing that can be built on top of it.
//!
//! Read it in this order; it takes an evening.
//!
//! 1. `event_loop`: one turn, on the first screen. `state`: all memory of a loop.
//! 2. `ready`: what runs next. `timers`: what runs when. `waiters`: who is told.
//! 3. `task`: a step. `waker` and `slots`: a waker is a key.
//! 4. `injector`, `context`: other threads. `reactor`: descriptors.
//! 5. `timer`: what a due timer does. `leaf`: what a task waits for.
//!
//! The containers (`slots ready waiters timers injector reactor`) know no task. Three
//! things are asked of what stands above, each through a trait of the kernel's own: where a
//! cancel request goes (`task::Cancelling`), whether virtual time moves
//! (`event_loop::VirtualTime`), and telling observers (`state::Watching`).
//! What stands above uses only what is re-exported here.

pub(crate) mod context;
mod event_loop;
mod injector;
mod leaf;
mod reactor;
mod ready;
mod slots;
mod state;
mod task;
mod timer;
mod timers;
mod waiters;
pub(crate) mod waker;

pub(crate) use event_loop::{Stuck, VirtualTime, Wait};
pub(crate) use injector::{Injector, Refused};
pub(crate) use leaf::{Awaited, Leaf, Place, ROOT, Scope, Target, Waits};
pub(crate) use mio::Interest;
pub use reactor::Direction;
pub(crate) use reactor::{Reactor, Source};
pub(crate) use ready::{Entry, Kind, Ready};
pub(crate) use slots::{Key, Slots};
pub use state::{Completion, LoopHandle};
pub(crate) use state::{Injected, Life, State, Watching};
pub(crate) use task::{Cancel, Cancelling, Phase, Polled, TaskEntry};
pub(crate) use timer::{Over, SLEEP, Sleeper, Timer, TimerCall};
pub(crate) use timers::{TimerKey, Timers};
pub(crate) use waiters::{Waiter, Waiters};

/// Where the injector's locks come from; the models put loom's here.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, Ordering};
    pub(super) use std::sync::{Mutex, MutexGuard};
}

#[cfg(test)]
mod tests;
