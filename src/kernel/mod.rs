//! The kernel: the loop, and nothing that can be built on top of it.
//!
//! Read it in this order; it takes an evening.
//!
//! 1. `event_loop`: one turn, on the first screen. `run`: what drives turns.
//! 2. `state`: all memory of a loop. `ready`: what runs next. `timers`: what runs when.
//! 3. `task`: a step. `join`: the handles. `future`: set once, awaited by many.
//! 4. `waker` and `slots`: a waker is a key. `injector`, `context`: other threads.
//! 5. `reactor` and `registration`: descriptors. `sleep`: the two plain waits.
//! 6. `cancel`, `exception`, `observe`: what may go otherwise, and how it is seen.
//!
//! Lower files know nothing of those above them:
//!
//! ```text
//! event_loop  run  remote                          drive
//! callback  future  join  task  sleep  registration  cancel  exception
//! state  context  waker                            find
//! ready  waiters  timers  injector  reactor  clock  observe   know no task
//! call  slots
//! ```

pub(crate) mod call;
pub(crate) mod callback;
pub(crate) mod cancel;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod event_loop;
pub(crate) mod exception;
pub(crate) mod future;
pub(crate) mod injector;
pub(crate) mod join;
pub(crate) mod observe;
pub(crate) mod reactor;
pub(crate) mod ready;
pub(crate) mod registration;
pub(crate) mod remote;
pub(crate) mod run;
pub(crate) mod sleep;
pub(crate) mod slots;
pub(crate) mod state;
pub(crate) mod task;
pub(crate) mod timers;
pub(crate) mod waiters;
pub(crate) mod waker;

/// Where the injector's locks come from; the models put loom's here.
pub(crate) mod sync {
    pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use std::sync::{Mutex, MutexGuard};
}

#[cfg(test)]
mod tests;
