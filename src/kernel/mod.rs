//! The kernel: the loop, and nothing that can be built on top of it.
//!
//! Read it in this order; it takes an evening.
//!
//! 1. `event_loop`: one turn, on the first screen. `state`: all memory of a loop.
//! 2. `ready`: what runs next. `timers`: what runs when. `waiters`: who is told.
//! 3. `task`: a step. `waker` and `slots`: a waker is a key.
//! 4. `injector`, `context`: other threads. `reactor`, `source`: descriptors.
//! 5. `timer`, `cancel`, `report`: sleeps, cancel requests, panics.
//!
//! Files of a line know nothing of the lines above it (`super::` imports go down):
//!
//! ```text
//! event_loop                                       drives
//! task  cancel  timer  source  report              do the work of step 6
//! state  context  waker                            hold and find
//! ready  waiters  timers  injector  reactor        know no task
//! slots
//! ```
//!
//! What stands above the kernel uses only what is re-exported here.

mod cancel;
pub(crate) mod context;
mod event_loop;
mod injector;
mod reactor;
mod ready;
mod report;
mod slots;
mod source;
mod state;
mod task;
mod timer;
mod timers;
mod waiters;
pub(crate) mod waker;

pub(crate) use cancel::{Awaited, Cancel, Target};
pub(crate) use event_loop::Stuck;
pub(crate) use injector::{Injector, Refused};
pub(crate) use mio::Interest;
pub use reactor::Direction;
pub(crate) use slots::Key;
pub use state::{Completion, LoopHandle};
pub(crate) use state::{Injected, Life, State};
pub(crate) use task::{Body, Phase, body_of};
pub(crate) use timer::{Over, SLEEP, Sleeper, Timer, TimerCall};
pub(crate) use timers::TimerKey;
pub(crate) use waiters::{Waiter, Waiters};

/// Where the injector's locks come from; the models put loom's here.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, Ordering};
    pub(super) use std::sync::{Mutex, MutexGuard};
}

#[cfg(test)]
mod tests;
